"""The application with everything set up, and an answer that has left."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from core.desk import Desk
from core.errors import Unreachable
from core.models import Outgoing
from core.sections import EmailStatus, Google
from tests.mails import mail
from tests.web.conftest import ADDRESS
from tests.web.webhooks.signing import TOPIC, ec_key, shown
from web.app import make_app
from web.front import Front
from web.webhooks.document import Documents, Fetched

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
MAILGUN, POSTMARK = "key-of-mailgun", "pass:word"
AUDIENCE, ACCOUNT = f"{ADDRESS}/api/webhooks/gmail", "push@desk.iam.gserviceaccount.com"


class Elsewhere:
    """What lies at other addresses, and who asked for it."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.seconds = 3600.0

    async def fetch(self, url: str) -> Fetched:
        self.asked.append(url)
        if url not in self.pages:
            raise Unreachable(f"{url} does not answer.")
        return Fetched(self.pages[url], self.seconds)


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def set_up(front: Front, clock: Clock) -> Callable[..., Front]:
    def set_up(email_status: dict[str, str] | None = None, google: dict[str, str] | None = None) -> Front:
        given = {
            "email_status": EmailStatus.model_validate(email_status or {}),
            "google": Google.model_validate(google or {}),
        }
        return replace(front, settings=front.settings.model_copy(update=given), now=clock)

    return set_up


EVERYTHING = {
    "secret": SECRET,
    "ses_topic": TOPIC,
    "sendgrid_key": shown(ec_key()),
    "mailgun_key": MAILGUN,
    "postmark_secret": POSTMARK,
}


@pytest.fixture
async def hooks(
    set_up: Callable[..., Front], elsewhere: Elsewhere, clock: Clock
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that listens to every service."""
    app = make_app(set_up(EVERYTHING, {"push_audience": AUDIENCE, "push_account": ACCOUNT}))
    app.state.documents = Documents(elsewhere.fetch, clock)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        yield client


@pytest.fixture
async def ours(service: Desk, desk: Desk) -> Outgoing:
    """An answer to kim@example.com that has left."""
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    outgoing = await service.claim_outgoing("test")
    assert outgoing
    await service.mark_sent(outgoing.id, "1.host")
    return outgoing


async def standing(service: Desk) -> tuple[str, str]:
    """State and detail of the answer's one recipient."""
    dispatch = (await service.show_ticket(1001)).messages[-1].dispatch
    assert dispatch
    (one,) = dispatch.recipients
    return one.state, one.detail
