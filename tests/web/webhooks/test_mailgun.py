"""web.webhooks.mailgun: what is signed is a time and a token, so a token is good for one call."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.exceptions import HTTPException

from core.desk import Desk
from core.errors import Forbidden
from core.models import Outgoing
from tests.web.webhooks.conftest import MAILGUN, standing
from tests.web.webhooks.signing import by_mailgun
from web.webhooks.delivery import Delivery
from web.webhooks.mailgun import read

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def event(kind: str, message_id: str = "t-1.2@example.com", **fields: Any) -> dict[str, Any]:
    return {
        "event": kind,
        "timestamp": NOW.timestamp() + 0.25,
        "id": "DACSsAdVSeGpLid7TN03WA",
        "recipient": "kim@example.com",
        "message": {"headers": {"message-id": message_id, "to": "Kim <kim@example.com>"}, "size": 512},
    } | fields


def call(given: Any, seconds: float = 0, key: str = MAILGUN) -> Delivery:
    return Delivery({}, by_mailgun(given, NOW.timestamp() + seconds, key), NOW)


FULL = {"code": 452, "message": "4.2.2 mailbox full", "description": None, "attempt-no": 2}
NOBODY = {"code": 550, "message": "550 5.1.1 no such user", "description": ""}


@pytest.mark.parametrize(
    ("given", "state", "detail"),
    [
        (event("delivered", **{"delivery-status": {"code": 250, "message": "OK"}}), "delivered", ""),
        (
            event("failed", severity="temporary", reason="generic", **{"delivery-status": FULL}),
            "delayed",
            "452 4.2.2 mailbox full",
        ),
        (
            event("failed", severity="permanent", **{"delivery-status": NOBODY}),
            "bounced",
            "550 5.1.1 no such user",
        ),
        (event("failed", severity="permanent", reason="suppress-bounce"), "bounced", "suppress-bounce"),
        (event("rejected", reason="old"), "bounced", "old"),
        (event("complained"), "complained", ""),
    ],
)
def test_what_each_event_means(given: dict[str, Any], state: str, detail: str) -> None:
    (report,) = read(call(given), MAILGUN).reports
    assert (report.state, report.detail) == (state, detail)
    assert (report.message_id, report.email) == ("<t-1.2@example.com>", "kim@example.com")
    assert report.happened_at.timestamp() == NOW.timestamp() + 0.25


def test_other_events_are_left_out() -> None:
    assert [read(call(event(kind)), MAILGUN).reports for kind in ("opened", "clicked", "accepted")] == [
        [],
        [],
        [],
    ]


def test_what_is_not_signed_by_mailgun_now_is_refused() -> None:
    body = call(event("delivered")).body
    forged = [
        call(event("delivered"), key="another"),
        call(event("delivered"), seconds=-301),
        call(event("delivered"), seconds=301),
        Delivery({}, body.replace(b'"token": "t', b'"token": "u'), NOW),
        Delivery({}, body.replace(b'"signature": "', b'"signature": "\xc3\xa4'), NOW),
    ]
    for one in forged:
        with pytest.raises(Forbidden):
            read(one, MAILGUN)


@pytest.mark.parametrize("given", [None, [], {"event": "delivered"}, event("delivered", message=3)])
def test_another_shape_is_malformed(given: Any) -> None:
    with pytest.raises(HTTPException) as raised:
        read(call(given), MAILGUN)
    assert raised.value.status_code == 400


async def test_a_token_is_good_for_one_call(hooks: httpx.AsyncClient, ours: Outgoing, service: Desk) -> None:
    """Whoever has seen a call cannot put another event into it."""
    path, now = "/api/webhooks/email-status/mailgun", datetime.now(UTC).timestamp()
    first = by_mailgun(event("delivered", ours.message_id), now, MAILGUN)
    assert (await hooks.post(path, content=first)).json()["changed"] == 1
    second = by_mailgun(event("complained", ours.message_id), now, MAILGUN)
    answer = await hooks.post(path, content=second)
    assert (answer.status_code, answer.json()["repeated"]) == (200, True)
    assert (await standing(service))[0] == "delivered"
    third = by_mailgun(event("complained", ours.message_id), now, MAILGUN, token="u" * 50)
    assert (await hooks.post(path, content=third)).json()["changed"] == 1
