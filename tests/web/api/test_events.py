"""Following the desk."""

import httpx
import pytest

from core.desk import Desk
from core.models import EventPage
from tests.mails import mail


async def test_nothing_is_skipped_and_nothing_told_twice(
    api: httpx.AsyncClient, service: Desk, desk: Desk
) -> None:
    await service.receive_mail(mail("a"))
    page = (await api.get("/api/events")).json()
    assert page["events"] == []
    told = []
    for said in ("one", "two", "three"):
        await desk.note(1001, said)
    await desk.update_tickets([1001], {"priority": "high"})
    for _ in range(5):
        answer = await api.get("/api/events", params={"since": page["cursor"], "limit": 2})
        EventPage.model_validate_json(answer.content)
        page = answer.json()
        told += [one["kind"] for one in page["events"]]
    assert told == ["noted", "noted", "noted", "updated"]


@pytest.mark.parametrize("since", ["0:", "999999999999999999:", "5:1,2,3"])
async def test_any_place_can_be_asked_for(api: httpx.AsyncClient, since: str) -> None:
    assert (await api.get("/api/events", params={"since": since})).status_code == 200


@pytest.mark.parametrize("since", ["yesterday", ":", "1", "08:", "1:01", "1:,", "-1:", "9" * 19 + ":"])
async def test_what_is_no_place(api: httpx.AsyncClient, since: str) -> None:
    assert (await api.get("/api/events", params={"since": since})).status_code == 422
