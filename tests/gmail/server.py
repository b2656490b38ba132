"""Gmail and Google's sign-in on a loopback address, for tests and benches.

    with GmailServer("support@example.com") as server:
        server.mailbox().deliver(b"From: kim@example.net...")
        service = server.service()          # the real client, pointed here

Leaving it raises if the server met what it does not know, so that no test passes by a gap of its own tools.
"""

import random
from collections import Counter
from collections.abc import Iterable
from typing import Any, Self
from urllib.parse import urlsplit

from google.oauth2.credentials import Credentials
from googleapiclient import discovery

from tests.gmail.authority import Authority, Tokens
from tests.gmail.batch import Batches
from tests.gmail.calls import CALLS
from tests.gmail.clock import Clock
from tests.gmail.control import ROOT, Control
from tests.gmail.fault import Faults
from tests.gmail.mailbox import Mailbox
from tests.gmail.notice import Notices
from tests.gmail.post import Habits, Post
from tests.gmail.problem import Json, Problem
from tests.gmail.pubsub import PubSub
from tests.gmail.quota import UNITS_A_MINUTE, Quota
from tests.gmail.route import document_for
from tests.gmail.service import Answer, Service
from tests.gmail.signin import AUTH, REVOKE, TOKEN, SignIn
from tests.gmail.upload import Uploads
from tests.gmail.wire import Request, Wire

MODIFY = "https://www.googleapis.com/auth/gmail.modify"
CLIENT = ("desk.apps.googleusercontent.com", "GOCSPX-secret")


class GmailServer:
    """All of it may be used from any thread. `quota` None counts units and refuses nothing."""

    def __init__(
        self,
        *addresses: str,
        clock: Clock | None = None,
        seed: int = 0,
        quota: int | None = UNITS_A_MINUTE,
        port: int = 0,
        client: tuple[str, str] = CLIENT,
        redirect_uris: Iterable[str] = (),
    ) -> None:
        self.clock = clock or Clock()
        self.faults = Faults(seed)
        self.habits = Habits()
        self.quota = Quota(self.clock, quota)
        self.notices = Notices(self.clock, random.Random(f"{seed} notices"))
        self.mailboxes: dict[str, Mailbox] = {}
        self._seed = seed
        self._addresses: list[str] = []
        for address in addresses or ("support@example.com",):
            self.add(address)
        self.authority = Authority(self.clock, self._addresses, client, redirect_uris)
        self.post = Post(self.mailboxes, self.clock, self.habits, random.Random(f"{seed} post"))
        self._service = Service(
            self.clock, self.authority, self.quota, self.faults, self.habits, self.notices, self.mailboxes,
            self.post, CALLS,
        )  # fmt: skip
        self.pubsub = PubSub(self.authority)
        self._batches = Batches(self._service, random.Random(f"{seed} batches"))
        self._uploads = Uploads(self._service)
        self._sign_in = SignIn(self.authority, self.faults)
        self._control = Control(self)
        self._wire = Wire(port, self._answer, lambda: self.faults.delay_seconds)
        self.url = self._wire.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.close()
        if error is None and self.complaints:
            raise AssertionError("\n".join(["the Gmail server complains:", *self.complaints]))

    def close(self) -> None:
        self._wire.close()
        self.notices.close()

    # Accounts

    def add(self, address: str) -> Mailbox:
        mailbox = Mailbox(address.lower(), self.clock, self._seed)
        mailbox.on_change = self.notices.notify
        self.mailboxes[mailbox.address] = mailbox
        self._addresses.append(mailbox.address)
        return mailbox

    def mailbox(self, address: str | None = None) -> Mailbox:
        """The first without an address."""
        return self.mailboxes[(address or self._addresses[0]).lower()]

    def grant(self, address: str | None = None, *scopes: str) -> Tokens:
        """Consent without a browser; gmail.modify where no scopes are named."""
        return self.authority.grant(self.mailbox(address).address, scopes or (MODIFY,))

    def bar(self, problem: Problem | None) -> None:
        """From now on every call of Gmail's is told this; None: they are answered again."""
        self._service.barred = problem

    # What happened

    @property
    def calls(self) -> Counter[str]:
        """How often each method was called, also where a fault struck."""
        return self._service.calls

    @property
    def complaints(self) -> list[str]:
        """What this server did not understand or failed at by itself; clear it where that was meant."""
        return self._service.complaints

    # Ways to it

    @property
    def client_config(self) -> dict[str, dict[str, Any]]:
        """The JSON of the OAuth client, as Google's console gives it for a desktop app."""
        return {
            "installed": {
                "client_id": self.authority.client_id,
                "client_secret": self.authority.client_secret,
                "project_id": "desk",
                "auth_uri": self.url + AUTH,
                "token_uri": self.url + TOKEN,
                "revoke_uri": self.url + REVOKE,
                "redirect_uris": ["http://localhost"],
            }
        }

    def document(self) -> Json:
        """The discovery document that brings the real client here."""
        return document_for(self.url)

    def credentials(self, address: str | None = None, *scopes: str) -> Credentials:
        """Of the real library, fresh."""
        tokens = self.grant(address, *scopes)
        return Credentials(  # type: ignore[no-untyped-call]
            tokens.access_token,
            refresh_token=tokens.refresh_token,
            token_uri=self.url + TOKEN,
            client_id=self.authority.client_id,
            client_secret=self.authority.client_secret,
        )

    def service(self, address: str | None = None, *scopes: str) -> Any:
        """The real client with a permission of the account; close it."""
        credentials = self.credentials(address, *scopes)
        return discovery.build_from_document(self.document(), credentials=credentials)

    def _answer(self, request: Request) -> Answer:
        path = urlsplit(request.target).path
        if path.startswith(ROOT):
            return self._control.answer(request)
        for prefix in ("/upload/", "/resumable/upload/"):
            if path.startswith(prefix):
                below = request.target[len(prefix) - 1 :]
                return self._uploads.answer(request.verb, below, request.headers, request.body)
        if path in ("/batch", "/batch/gmail/v1") and request.verb == "POST":
            return self._batches.answer(request.headers, request.body)
        if (answer := self._sign_in.answer(request)) is not None:
            return answer
        if path.startswith("/v1/projects/"):
            return self.pubsub.answer(request)
        if path.startswith("/gmail/v1/"):
            authorization = request.headers.get("authorization", "")
            return self._service.answer(request.verb, request.target, authorization, request.body)
        self._service.complain(f"no such address: {request.verb} {path}")
        return Answer.to(Problem(404, "notFound", "Not Found"))
