"""What is reported of mail that left, through every door."""

from datetime import UTC, datetime

import pytest

from core.errors import Forbidden
from core.models import Delivery
from core.reports import Report
from tests.core.contract.door import AWKWARD, Door
from tests.mails import mail

NOON = datetime(2026, 3, 2, 12, 0, 0, 654321, tzinfo=UTC)
LINE = " ".join(AWKWARD.split())


def about(message_id: str, **fields: object) -> Report:
    given = {"provider": "own", "message_id": message_id, "state": "bounced", "happened_at": NOON}
    return Report.model_validate(given | fields)


async def test_report_delivery(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    await door.ada.reply(1001, "Try another bulb.", grace_seconds=0)
    ours = await door.service.claim_outgoing("test")
    assert ours
    await door.service.mark_sent(ours.id, "1.host")
    told = await door.service.report_delivery([about(ours.message_id, detail=AWKWARD)])
    assert told.kept == 0, "whoever did not hear the first answer hears that nothing changed"
    dispatch = (await door.ada.show_ticket(1001)).messages[-1].dispatch
    assert dispatch
    assert [(one.email, one.state, one.detail) for one in dispatch.recipients] == [
        ("kim@example.com", Delivery.BOUNCED, LINE)
    ]
    with pytest.raises(Forbidden):
        await door.ada.report_delivery([])


async def test_list_reports(door: Door) -> None:
    await door.service.report_delivery([about("<x@other>", email="Kim@Example.com", detail=AWKWARD)])
    (kept,) = await door.ada.list_reports()
    assert (kept.message_id, kept.email, kept.detail) == ("<x@other>", "kim@example.com", LINE)
    assert kept.happened_at == NOON
    assert await door.ada.list_reports(0) == []
    with pytest.raises(Forbidden):
        await door.grace.list_reports()


async def test_prune_reports(door: Door) -> None:
    await door.service.report_delivery([about("<x@other>"), about("<y@other>")])
    await door.service.prune_reports(1)
    assert len(await door.service.list_reports()) == 2
    await door.service.prune_reports(0)
    assert await door.service.list_reports() == []
