"""What is on its way, and what did not get away."""

from datetime import UTC, datetime, timedelta

from core.desk import Desk
from core.models import Status
from tests.mails import mail


async def test_an_answer_within_its_grace_waits_and_is_not_late(service: Desk, desk: Desk) -> None:
    assert (await service.count_outbox()).waiting == 0
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=60)
    found = await desk.count_outbox()
    assert (found.waiting, found.overdue_since, found.problem, found.failed) == (1, None, None, [])


async def test_an_answer_that_could_have_left_is_late_since_then(service: Desk, desk: Desk) -> None:
    before = datetime.now(UTC)
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    found = await service.count_outbox()
    assert found.overdue_since and abs(found.overdue_since - before) < timedelta(minutes=1)


async def test_trying_again_later_does_not_make_an_answer_younger(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    await service.mark_failed(ours.id, "The server is away.", 3600)
    found = await service.count_outbox()
    assert found.overdue_since and found.overdue_since < datetime.now(UTC) + timedelta(minutes=1)
    assert (found.waiting, found.problem) == (1, "The server is away.")


async def test_an_answer_that_was_given_up_counts_until_somebody_minds_it(service: Desk, desk: Desk) -> None:
    for name in ("a", "b", "c"):
        await service.receive_mail(mail(name))
    for number in (1001, 1002, 1003):
        await desk.reply(number, "Try another bulb.", grace_seconds=0)
        ours = await service.claim_outgoing("test")
        assert ours
        await service.mark_failed(ours.id, "The address is refused.", None)
    found = await service.count_outbox()
    assert (found.waiting, found.overdue_since, found.failed) == (0, None, [1001, 1002, 1003])
    await desk.reply(1001, "By another way.", status=Status.OPEN, grace_seconds=60)
    await desk.update_tickets([1002], {"status": "resolved"})
    assert (await service.count_outbox()).failed == [1003]
