"""`ttydesk web` is killed under load again and again: what was sent is there once, not twice, not never."""

import asyncio
import itertools
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from core.config import Settings
from core.connect import open_desk
from core.models import Direction
from core.tokens import new_secret, sha256_of
from tests.web.test_server import free_port
from tests.whole_way.programs import PATIENCE, Programs, wait
from tests.whole_way.web_lives import WebLives, web_lives
from web.stamp import LEAST

FORMS, REPLIES, CREATED = 30, 30, 20
CLIENTS = 8
KILLS = 5


@dataclass
class Customers:
    """They send until they are answered, as browsers and programs do."""

    address: str
    token: str
    answered: int = 0
    broken: int = 0
    """Attempts that a kill has cut off, or that met nobody."""
    stamps: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.address, timeout=PATIENCE)

    def send(self, attempt: Callable[[], httpx.Response], wanted: int) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = attempt()
            except httpx.TransportError:
                with self._lock:
                    self.broken += 1
                time.sleep(0.02)
                continue
            if answer.status_code == wanted:
                with self._lock:
                    self.answered += 1
                return answer
            assert answer.status_code == 503, f"{answer.status_code}: {answer.text}"
            time.sleep(0.05)
        raise AssertionError("It was never answered.")

    def get_forms(self, count: int) -> None:
        """All of the first life, and some seconds before they are sent, as people have them."""
        pages = [self.send(lambda: self.client.get("/form"), 200).text for _ in range(count)]
        found = [re.search(r'name="stamp" value="([^"]+)"', page) for page in pages]
        self.stamps = [stamp[1] for stamp in found if stamp]
        begun = time.time()
        wait(lambda: time.time() > begun + LEAST.total_seconds(), "people have written")
        self.answered = 0

    def fill_in(self, number: int) -> None:
        typed = {
            "stamp": self.stamps[number], "name": "Kim", "email": f"kim{number}@example.com",
            "subject": f"Form {number}", "message": f"It is dark. (form {number})",
        }  # fmt: skip
        seen_from = {"X-Forwarded-For": f"192.0.2.{number}"}
        self.send(lambda: self.client.post("/form", data=typed, headers=seen_from), 303)

    def reply(self, number: int) -> None:
        self._call("/api/tickets/1001/reply", {"content": f"(reply {number})"}, f"reply {number}")

    def create(self, number: int) -> None:
        asked = {
            "requester_email": "joe@example.com", "subject": f"Call {number}", "content": f"(call {number})"
        }  # fmt: skip
        self._call("/api/tickets", asked, f"create {number}")

    def _call(self, path: str, asked: dict[str, str], key: str) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        self.send(lambda: self.client.post(path, json=asked, headers=headers), 201)


def killed_again_and_again(lives: WebLives, customers: Customers, total: int) -> None:
    """Each time when some more were answered, and others are under way."""
    for kill in range(1, KILLS + 1):
        wait(lambda kill=kill: customers.answered >= kill * total // (KILLS + 1), "more were answered")  # type: ignore[misc]
        lives.kill()
        lives.begin()


async def prepare(settings: Settings) -> str:
    """A ticket to answer, and a token to do it with."""
    secret = new_secret()
    async with open_desk(settings) as desk:
        await desk.create_ticket("kim@example.com", "Lamp", "It is dark.")
        await desk.create_token(sha256_of(secret), ["tickets:write"])
    return secret


async def found(settings: Settings) -> tuple[Counter[str], Counter[str]]:
    """The subjects of all tickets, and the answers on the first one."""
    async with open_desk(settings) as desk:
        tickets = (await desk.list_tickets(limit=1000)).tickets
        messages = (await desk.show_ticket(1001)).messages
    answers = (one.content for one in messages if one.direction is Direction.OUTGOING)
    return Counter(one.subject for one in tickets), Counter(answers)


def test_what_was_sent_is_there_once(programs: Programs) -> None:
    settings = Settings(home=programs.home, agent="ada@lamps.example")
    secret, port = asyncio.run(prepare(settings)), free_port()
    programs.variables |= {
        "TTYDESK_WEB_PORT": str(port),
        "TTYDESK_WEB_TRUSTED_PROXIES": "127.0.0.1",
        "TTYDESK_WEB_API_RATE": "10000/minute",
    }
    customers = Customers(f"http://127.0.0.1:{port}", secret)
    work = [
        [(customers.fill_in, number) for number in range(FORMS)],
        [(customers.reply, number) for number in range(REPLIES)],
        [(customers.create, number) for number in range(CREATED)],
    ]
    mixed = [one for three in itertools.zip_longest(*work) for one in three if one]
    with web_lives(programs) as lives, customers.client, ThreadPoolExecutor(CLIENTS) as pool:
        lives.begin()
        customers.get_forms(FORMS)
        sent = [pool.submit(send, number) for send, number in mixed]
        killed_again_and_again(lives, customers, len(mixed))
        for one in sent:
            one.result()
    assert customers.broken > KILLS, "the kills cut nothing off"
    subjects, answers = asyncio.run(found(settings))
    wanted = {"Lamp", *(f"Form {n}" for n in range(FORMS)), *(f"Call {n}" for n in range(CREATED))}
    assert subjects == dict.fromkeys(wanted, 1)
    assert answers == {f"(reply {number})": 1 for number in range(REPLIES)}
