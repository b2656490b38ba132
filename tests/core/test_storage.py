"""Files at Supabase keep the promises of files on this machine, and a cache that stays small."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tenacity import RetryCallState

from core.bucket import Bucket
from core.errors import Forbidden, Invalid, NotFound, SignedOut, StorageFailed, Unreachable
from core.files import Files, LocalFiles
from core.models import Agent
from core.storage import HostedFiles
from tests.conftest import desk_as
from tests.core.wire import answer, wire_to
from tests.mails import mail
from tests.peers.hosted import PUBLISHABLE, SECRET, Project, sign

MAIL = b"Subject: hello\r\n\r\nA mail.\r\n"
SHA256 = hashlib.sha256(MAIL).hexdigest()


def at_once(state: RetryCallState) -> float:
    return 0


@pytest.fixture
def hosted_empty(hosted: Project) -> Project:
    with psycopg.connect(hosted.database, autocommit=True) as connection:
        connection.execute("delete from storage.objects")
    return hosted


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def storage(hosted_empty: Project, cache: Path) -> HostedFiles:
    return HostedFiles(lambda: Bucket(hosted_empty.url, SECRET, pause=at_once), cache)


@pytest.fixture(params=["here", "hosted", "hosted, with a cache of nothing"])
def files(request: pytest.FixtureRequest, cache: Path) -> Files:
    if request.param == "here":
        return LocalFiles(cache)
    project: Project = request.getfixturevalue("hosted_empty")
    most = 0 if "nothing" in request.param else 10**9
    return HostedFiles(lambda: Bucket(project.url, SECRET, pause=at_once), cache, most)


def test_what_is_put_can_be_got(files: Files) -> None:
    assert files.put("raw", MAIL) == SHA256
    assert files.put("raw", MAIL) == SHA256
    assert files.get("raw", SHA256) == MAIL
    assert files.exists("raw", SHA256) and not files.exists("attachments", SHA256)
    assert files.put("attachments", b"") == hashlib.sha256(b"").hexdigest()
    assert files.get("attachments", hashlib.sha256(b"").hexdigest()) == b""


def test_what_there_is_none_of(files: Files) -> None:
    with pytest.raises(NotFound, match="missing"):
        files.get("raw", SHA256)
    assert not files.exists("raw", SHA256)
    assert files.path("raw", SHA256) is None
    assert list(files.listing("raw")) == []


@pytest.mark.parametrize("name", ["", "x", "../" * 20 + "etc/passwd", SHA256.upper(), SHA256 + "0"])
def test_a_name_that_is_no_hash(files: Files, name: str) -> None:
    asked: list[Callable[[Any, str], object]] = [files.get, files.exists, files.path]  # type: ignore[list-item]
    for ask in asked:
        with pytest.raises(Invalid, match="is not a SHA-256"):
            ask("raw", name)


def test_many_at_once_and_in_order(files: Files) -> None:
    contents = [b"%d" % (number % 60) * 100 for number in range(80)]
    hashes = files.put_many("attachments", iter(contents))
    assert hashes == [hashlib.sha256(content).hexdigest() for content in contents]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda sha256: files.get("attachments", sha256), hashes[:20])) == contents[:20]
    assert list(files.listing("attachments")) == sorted(set(hashes))
    assert list(files.listing("raw")) == []


def test_what_another_machine_put_is_fetched_once(storage: HostedFiles, cache: Path) -> None:
    storage.put("raw", MAIL)
    shutil.rmtree(cache)
    assert storage.path("raw", SHA256) is None
    assert storage.get("raw", SHA256) == MAIL
    assert storage.path("raw", SHA256) == cache / "raw" / SHA256[:2] / SHA256[2:]


def test_without_a_network_there_is_what_was_looked_at(cache: Path, unused_tcp_port: int) -> None:
    LocalFiles(cache).put("raw", MAIL)
    away = HostedFiles(lambda: Bucket(f"http://127.0.0.1:{unused_tcp_port}", SECRET, pause=at_once), cache)
    assert away.get("raw", SHA256) == MAIL
    for ask in (lambda: away.get("raw", "0" * 64), lambda: away.put("raw", b"new")):
        with pytest.raises(Unreachable, match="Supabase Storage cannot be reached"):
            ask()


def test_what_is_damaged_is_not_handed_out(storage: HostedFiles, cache: Path, hosted: Project) -> None:
    storage.put("raw", MAIL)
    place = storage.path("raw", SHA256)
    assert place
    place.write_bytes(b"damaged")
    assert storage.get("raw", SHA256) == MAIL
    Bucket(hosted.url, SECRET).upload("raw/" + "a" * 64, b"another")
    with pytest.raises(StorageFailed, match=r"raw/a+ at Supabase is damaged"):
        storage.get("raw", "a" * 64)
    assert storage.path("raw", "a" * 64) is None


def test_the_cache_keeps_what_was_used_last(hosted_empty: Project, cache: Path) -> None:
    storage = HostedFiles(lambda: Bucket(hosted_empty.url, SECRET), cache, most=1000)
    hashes = []
    for number, second in zip(range(10), count(1000)):
        hashes.append(storage.put("raw", b"%d" % number * 100))
        place = storage.path("raw", hashes[-1])
        assert place
        os.utime(place, (second, second))
    assert storage.get("raw", hashes[0])  # used just now
    storage.put("raw", b"x" * 100)
    held = {sha256 for sha256 in hashes if storage.path("raw", sha256)}
    assert hashes[0] in held and hashes[9] in held
    assert not {hashes[1], hashes[2]} & held
    assert sum(file.stat().st_size for file in cache.rglob("*") if file.is_file()) <= 1000
    assert storage.get("raw", hashes[1]) == b"1" * 100
    storage.put("raw", b"y" * 1001)
    assert storage.path("raw", hashlib.sha256(b"y" * 1001).hexdigest()) is None


def test_a_process_that_was_forked_has_a_connection_of_its_own(
    hosted_empty: Project, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Bucket] = []

    def opening() -> Bucket:
        opened.append(Bucket(hosted_empty.url, SECRET, pause=at_once))
        return opened[-1]

    storage = HostedFiles(opening, cache, most=0)
    storage.put("raw", MAIL)
    assert storage.get("raw", SHA256) == MAIL
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert storage.get("raw", SHA256) == MAIL
    assert len(opened) == 2


async def test_an_answer_that_is_lost_does_no_harm(hosted_empty: Project, cache: Path) -> None:
    async with wire_to(hosted_empty.url) as wire:
        bucket = Bucket(wire.url, SECRET, pause=at_once)
        storage = HostedFiles(lambda: bucket, cache, most=0)
        wire.lose = cycle([True, False])
        assert await asyncio.to_thread(storage.put, "raw", MAIL) == SHA256
        assert len(wire.asked) == 2
        assert await asyncio.to_thread(storage.get, "raw", SHA256) == MAIL
        wire.instead.extend([answer(503)] * 5)
        with pytest.raises(Unreachable):
            await asyncio.to_thread(storage.get, "raw", SHA256)
        bucket.close()


def bearing(*tokens: str) -> Callable[[str | None], str]:
    left = list(tokens)

    def bear(refused: str | None) -> str:
        if refused is not None:
            left.pop(0)
        if not left:
            raise SignedOut
        return left[0]

    return bear


@pytest.fixture
async def bill(hosted_empty: Project) -> Agent:
    async with desk_as(hosted_empty.database, "service_role") as service:
        await service.add_agent("ada@example.com")
        return await service.add_agent("bill@example.com", departments=["billing"])


async def test_an_agent_has_the_files_of_tickets_in_sight(
    hosted_empty: Project, bill: Agent, storage: HostedFiles, tmp_path: Path
) -> None:
    hashes = {name: storage.put("attachments", name.encode()) for name in ("mine", "theirs", "nobody's")}
    raw = {name: storage.put("raw", name.encode()) for name in ("mine", "theirs", "stray")}
    async with desk_as(hosted_empty.database, "service_role") as service:
        for name, department in (("mine", "billing"), ("theirs", "repairs")):
            file = {"filename": "f", "content_type": "text/plain", "size": 1, "sha256": hashes[name],
                    "content_id": None, "inline": False}  # fmt: skip
            await service.connect_mailbox(name, "maildir", f"{name}@example.com", department=department)
            boxes = {box.name: box for box in await service.list_mailboxes()}
            await service.receive_mail(
                mail(name, raw={"sha256": raw[name], "size": 1}, attachments=[file],
                     mailbox_id=str(boxes[name].id), provider_id=name)
            )  # fmt: skip
        token = sign(str(bill.id))
        theirs = HostedFiles(
            lambda: Bucket(hosted_empty.url, PUBLISHABLE, bearing(token), at_once), tmp_path / "bill", 0
        )
        assert theirs.get("attachments", hashes["mine"]) == b"mine"
        assert theirs.get("raw", raw["mine"]) == b"mine"
        for kind, sha256 in (
            ("attachments", hashes["theirs"]),
            ("attachments", hashes["nobody's"]),
            ("raw", raw["theirs"]),
            ("raw", raw["stray"]),
        ):
            with pytest.raises(NotFound):
                theirs.get(kind, sha256)  # type: ignore[arg-type]
        assert theirs.get("attachments", theirs.put("attachments", b"my answer's")) == b"my answer's"
        with pytest.raises(Forbidden):
            theirs.put("raw", b"no mail of mine")
        await service.update_agent("bill@example.com", {"active": False})
        with pytest.raises(NotFound):
            theirs.get("attachments", hashes["mine"])
        with pytest.raises(Forbidden):
            theirs.put("attachments", b"more")


async def test_a_token_that_ran_out_is_renewed_or_asked_for(
    hosted_empty: Project, bill: Agent, cache: Path
) -> None:
    old, new = sign(str(bill.id), seconds=-5), sign(str(bill.id))
    for tokens, refused in (((old, new), False), ((old,), True)):
        bucket = Bucket(hosted_empty.url, PUBLISHABLE, bearing(*tokens), at_once)
        if refused:
            with pytest.raises(SignedOut):
                bucket.upload("attachments/" + "0" * 64, b"x")
        else:
            bucket.upload("attachments/" + "0" * 64, b"x")
