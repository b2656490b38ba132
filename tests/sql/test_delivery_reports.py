"""Reports about mail that left: in any order, any number of times, early and late."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import version
from core.desk import Desk
from core.errors import Invalid
from core.migrate import migrate
from core.models import Delivery, Dispatch, Outgoing, Status
from core.reports import Report
from core.version import SQL
from tests.conftest import desk_as
from tests.mails import mail, sender

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KIM, BO = "kim@example.com", "bo@example.com"


def report(state: str, message_id: str = "", minutes: int = 0, **fields: Any) -> Report:
    at = NOON + timedelta(minutes=minutes)
    given = {"provider": "own", "message_id": message_id, "state": state, "happened_at": at}
    return Report.model_validate(given | fields)


async def claimed(service: Desk, desk: Desk, name: str = "a", **fields: Any) -> Outgoing:
    """An answer that is being sent."""
    received = await service.receive_mail(mail(name, **fields))
    assert received.number
    await desk.reply(received.number, "Try another bulb.", status=Status.RESOLVED, grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    return ours


async def left(service: Desk, desk: Desk, name: str = "a", **fields: Any) -> Outgoing:
    ours = await claimed(service, desk, name, **fields)
    await service.mark_sent(ours.id, f"{name}.host")
    return ours


async def dispatch_of(desk: Desk, number: int = 1001) -> Dispatch:
    found = [one.dispatch for one in (await desk.show_ticket(number)).messages if one.dispatch]
    return found[-1]


async def states(desk: Desk, number: int = 1001) -> dict[str, tuple[str, str]]:
    return {one.email: (one.state, one.detail) for one in (await dispatch_of(desk, number)).recipients}


async def kinds(desk: Desk, number: int = 1001) -> list[str]:
    return [event.kind for event in await desk.list_events(number)]


async def test_delivered_is_shown_and_told(service: Desk, desk: Desk) -> None:
    ours = await left(service, desk)
    told = await service.report_delivery([report("delivered", ours.message_id, email="Kim@Example.com")])
    assert (told.changed, told.kept) == (1, 0)
    assert await states(desk) == {KIM: ("delivered", "")}
    assert (await dispatch_of(desk)).state is Delivery.SENT
    assert (await desk.show_ticket(1001)).ticket.status is Status.RESOLVED
    assert (await kinds(desk))[-1] == "delivered"


async def test_the_same_again_changes_nothing(service: Desk, desk: Desk) -> None:
    ours = await left(service, desk)
    one = report("delayed", ours.message_id, email=KIM, detail="mailbox full")
    await service.report_delivery([one, one])
    before = await kinds(desk)
    assert before.count("delayed") == 1
    assert (await service.report_delivery([one])).changed == 0
    assert await kinds(desk) == before
    assert await states(desk) == {KIM: ("delayed", "mailbox full")}


async def test_what_came_back_opens_the_ticket_once_for_who_wrote_the_answer(
    service: Desk, desk: Desk
) -> None:
    ours = await left(service, desk)
    bounce = report("bounced", ours.message_id, email=KIM, detail="550 5.1.1 no such user")
    await service.report_delivery([bounce])
    shown = await desk.show_ticket(1001)
    assert (shown.ticket.status, shown.ticket.assignee_email) == (Status.OPEN, "ada@example.com")
    assert shown.ticket.waiting_since
    assert (await dispatch_of(desk)).state is Delivery.BOUNCED
    event = (await desk.list_events(1001))[-1]
    assert (event.kind, event.reason) == ("bounced", f"{KIM}: 550 5.1.1 no such user")
    await desk.update_tickets([1001], {"status": "resolved"})
    await service.report_delivery([bounce])
    assert (await desk.show_ticket(1001)).ticket.status is Status.RESOLVED


async def test_a_late_delivered_does_not_hide_a_bounce(service: Desk, desk: Desk) -> None:
    ours = await left(service, desk)
    await service.report_delivery([report("bounced", ours.message_id, 1, detail="no such user")])
    await service.report_delivery([report("delivered", ours.message_id, 2)])
    assert await states(desk) == {KIM: ("bounced", "no such user")}


@pytest.mark.parametrize("first", ["mail", "report"])
async def test_a_bounce_by_mail_and_one_by_report_are_one(service: Desk, desk: Desk, first: str) -> None:
    """Services do both: the ticket is opened by the one that comes first."""
    ours = await left(service, desk)
    bounce = {"recipients": [KIM], "status": "5.1.1", "permanent": True, "message_id": ours.message_id}
    by_mail = mail("r", sender=sender("mailer-daemon@example.com"), bounce=bounce)
    by_report = report("bounced", ours.message_id, email=KIM)
    for way in (first, "report" if first == "mail" else "mail"):
        if way == "mail":
            await service.receive_mail(by_mail)
        else:
            await service.report_delivery([by_report])
        if way == first:
            assert (await desk.show_ticket(1001)).ticket.status is Status.OPEN
            await desk.update_tickets([1001], {"status": "resolved"})
    assert (await desk.show_ticket(1001)).ticket.status is Status.RESOLVED
    assert (await states(desk))[KIM][0] == "bounced"


async def test_a_temporary_report_by_mail_is_a_delay(service: Desk, desk: Desk) -> None:
    ours = await left(service, desk)
    delay = {"recipients": [KIM], "status": "4.2.2", "permanent": False, "message_id": ours.message_id}
    daemon = sender("mailer-daemon@example.com")
    await service.receive_mail(mail("r", sender=daemon, bounce=delay, subject="Delayed"))
    assert await states(desk) == {KIM: ("delayed", "4.2.2 Delayed")}
    await service.report_delivery([report("delivered", ours.message_id)])
    assert await states(desk) == {KIM: ("delivered", "")}


async def test_a_complaint_marks_the_recipient(service: Desk, desk: Desk) -> None:
    ours = await left(service, desk)
    await service.report_delivery([report("delivered", ours.message_id)])
    await service.report_delivery([report("complained", ours.message_id, email=KIM, detail="abuse")])
    assert await states(desk) == {KIM: ("complained", "abuse")}
    assert (await desk.show_ticket(1001)).ticket.status is Status.RESOLVED
    assert (await kinds(desk))[-1] == "complained"


async def test_each_recipient_has_a_state_of_its_own(service: Desk, desk: Desk) -> None:
    ours = await left(service, desk, cc=[sender(BO)])
    await service.report_delivery([report("delivered", ours.message_id, email=KIM)])
    assert await states(desk) == {KIM: ("delivered", ""), BO: ("sent", "")}
    told = await service.report_delivery([report("delivered", ours.message_id, email="who@example.com")])
    assert (told.changed, told.kept) == (0, 1), "it may be about either"
    await service.report_delivery([report("bounced", ours.message_id, email=BO)])
    assert await states(desk) == {KIM: ("delivered", ""), BO: ("bounced", "")}


async def test_of_one_recipient_an_alias_means_that_one(service: Desk, desk: Desk) -> None:
    ours = await left(service, desk)
    await service.report_delivery([report("delivered", ours.message_id, email="kim.real@example.com")])
    assert await states(desk) == {KIM: ("delivered", "")}


@pytest.mark.parametrize("name", ["ours", "theirs", "provider's"])
async def test_a_report_that_came_too_early_is_kept_until_the_mail_is_known(
    service: Desk, desk: Desk, name: str
) -> None:
    """The provider is quicker than its answer to whoever sends."""
    ours = await claimed(service, desk)
    ids = {
        "ours": {"message_id": ours.message_id},
        "theirs": {"message_id": "<CA1@mail.example>"},
        "provider's": {"provider_id": "0100-abc"},
    }[name]
    told = await service.report_delivery([report("delivered", email=KIM, **ids)])
    assert (told.changed, told.kept) == (0, 1)
    assert (await states(desk))[KIM][0] == "waiting"
    await service.mark_sent(ours.id, "0100-abc", "<CA1@mail.example>")
    assert await states(desk) == {KIM: ("delivered", "")}
    assert await service.list_reports() == []
    assert (await kinds(desk))[-2:] == ["sent", "delivered"]


async def test_a_name_that_the_mailbox_tells_later_finds_its_reports(service: Desk, desk: Desk) -> None:
    gmail = await service.connect_mailbox("gmail", "gmail", "help@example.com")
    ours = await left(service, desk)
    await service.report_delivery([report("bounced", "<CA1@mail.example>", email=KIM)])
    seen = mail(
        "s", sender=sender("help@example.com"), sent=True, mailbox_id=str(gmail.id), provider_id="s",
        message_id="<CA1@mail.example>", own_ids=[ours.message_id], gmail_thread_id="t", gmail_message_id="s",
    )  # fmt: skip
    await service.receive_mail(seen)
    assert (await states(desk))[KIM][0] == "bounced"


async def test_the_end_of_our_message_id_is_enough(service: Desk, desk: Desk) -> None:
    """Postmark's metadata has room for no more; also while the answer is being sent."""
    ours = await claimed(service, desk)
    end = ours.message_id.rpartition("@")[0].rpartition(".")[2]
    assert (await service.report_delivery([report("delivered", f"<{end}>", email=KIM)])).kept == 1
    await service.mark_sent(ours.id, "1.host")
    assert await states(desk) == {KIM: ("delivered", "")}
    told = await service.report_delivery(
        [report("complained", f"<{end}>"), report("bounced", f"<{'0' * 32}>")]
    )
    assert (told.changed, told.kept) == (1, 1)


async def test_what_nobody_knows_is_kept_once_and_pruned(service: Desk, desk: Desk, database: str) -> None:
    one = report("delivered", "<x@elsewhere>", email=KIM)
    for _ in range(3):
        await service.report_delivery([one])
    (kept,) = await desk.list_reports()
    assert (kept.message_id, kept.state, kept.happened_at) == ("<x@elsewhere>", "delivered", NOON)
    with psycopg.connect(database) as connection:
        connection.execute("update desk.delivery_reports set received_at = now() - interval '29 days'")
    assert await service.prune_reports() == 0
    with psycopg.connect(database) as connection:
        connection.execute("update desk.delivery_reports set received_at = now() - interval '31 days'")
    assert await service.prune_reports() == 1
    assert await desk.list_reports() == []


async def test_a_report_proves_that_an_answer_left_whose_sending_broke_off(service: Desk, desk: Desk) -> None:
    """It is not sent once more."""
    ours = await claimed(service, desk)
    await service.hold_outgoing(ours.id, "test", 1)
    await service.mark_failed(ours.id, "The line was cut.", 0, 1, 0)
    await service.report_delivery([report("delivered", ours.message_id)])
    assert (await dispatch_of(desk)).state is Delivery.SENT
    assert await states(desk) == {KIM: ("delivered", "")}
    assert await service.claim_outgoing("test") is None


async def test_a_report_about_an_answer_that_was_given_up_says_that_it_left(
    service: Desk, desk: Desk
) -> None:
    ours = await claimed(service, desk)
    await service.mark_failed(ours.id, "No answer.", None)
    await service.report_delivery([report("delivered", ours.message_id)])
    assert (await dispatch_of(desk)).state is Delivery.SENT


async def test_a_bounce_that_comes_before_the_mail_is_noted_stays(service: Desk, desk: Desk) -> None:
    ours = await claimed(service, desk)
    bounce = {"recipients": [KIM], "status": "5.1.1", "permanent": True, "message_id": ours.message_id}
    await service.receive_mail(mail("r", sender=sender("mailer-daemon@example.com"), bounce=bounce))
    await service.mark_sent(ours.id, "1.host")
    assert (await dispatch_of(desk)).state is Delivery.BOUNCED
    assert (await states(desk))[KIM][0] == "bounced"


async def test_what_went_wrong_before_it_left_is_forgotten(service: Desk, desk: Desk) -> None:
    ours = await claimed(service, desk)
    await service.mark_failed(ours.id, "No answer.", None)
    await service.mark_sent(ours.id, "1.host")
    assert await states(desk) == {KIM: ("sent", "")}


async def test_a_report_says_nothing_of_an_answer_that_waits_or_was_taken_back(
    service: Desk, desk: Desk
) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=60)
    message = (await desk.show_ticket(1001)).messages[-1]
    assert (await service.report_delivery([report("delivered", message.message_id)])).kept == 1
    assert (await dispatch_of(desk)).state is Delivery.WAITING
    await desk.unsend(1001)
    assert (await service.report_delivery([report("bounced", message.message_id)])).changed == 0


async def test_a_delivery_that_is_good_for_one_time_counts_once(service: Desk, desk: Desk) -> None:
    ours = await left(service, desk)
    await service.report_delivery([report("delayed", ours.message_id)], once="token")
    told = await service.report_delivery([report("bounced", ours.message_id)], once="token")
    assert (told.changed, told.repeated) == (0, True)
    assert (await states(desk))[KIM][0] == "delayed"
    await service.report_delivery([report("bounced", ours.message_id)], once="other")
    assert (await states(desk))[KIM][0] == "bounced"


async def test_a_state_that_no_recipient_can_have_is_refused(service: Desk) -> None:
    with pytest.raises(Invalid, match='Nothing that was sent can be "sending"'):
        await service._gateway.write("report_delivery", reports=[{"state": "sending"}])


async def test_a_report_in_the_very_moment_in_which_the_mail_is_noted_is_not_lost(
    service: Desk, desk: Desk, database: str
) -> None:
    async with desk_as(database, "service_role") as other:
        for name in "abcdefgh":
            ours = await claimed(service, desk, name)
            told = report("delivered", provider_id=f"0100-{name}")
            await asyncio.gather(
                service.mark_sent(ours.id, f"0100-{name}", f"<{name}@mail.example>"),
                other.report_delivery([told]),
            )
            assert await states(desk, ours.number) == {KIM: ("delivered", "")}
    assert await service.list_reports() == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["delayed", "delivered", "bounced", "complained"]),
        st.integers(0, 3),
        st.sampled_from(["", "full", "gone"]),
        st.sampled_from([KIM, BO]),
    ),
    min_size=1,
    max_size=6,
)
_WEIGHT = ["delayed", "delivered", "bounced", "complained"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, seed=st.integers(0, 2**16))
async def test_the_order_of_reports_does_not_matter(
    service: Desk, desk: Desk, steps: list[tuple[str, int, str, str]], seed: int
) -> None:
    """Nor how often each comes: the weightiest and, of those, the latest stays."""
    name = str(random.Random().random())
    number = (await service.receive_mail(mail(name, cc=[sender(BO)]))).number
    assert number
    await desk.reply(number, "Hello.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    await service.mark_sent(ours.id, name)
    told = [report(s, ours.message_id, at, email=who, detail=why) for s, at, why, who in steps]
    shuffled = random.Random(seed).choices(told, k=len(told)) + told
    random.Random(seed).shuffle(shuffled)
    for one in shuffled:
        await service.report_delivery([one])
    expected = {who: ("sent", "") for who in (KIM, BO)}
    for who in expected:
        best = max(((_WEIGHT.index(s), at, why) for s, at, why, x in steps if x == who), default=None)
        if best:
            expected[who] = (_WEIGHT[best[0]], best[2])
    assert await states(desk, number) == expected


async def test_a_database_from_before_learns_the_new_states(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The type is older there than the migration, so that its new values cannot be used while it runs."""
    (tmp_path / "migrations").mkdir()
    (tmp_path / "functions").mkdir()
    for file in (*SQL.glob("*.sql"), *SQL.glob("migrations/*.sql")):
        if file.name < "0018" or (file.parent == SQL and file.name != "policies.sql"):
            (tmp_path / file.relative_to(SQL)).write_bytes(file.read_bytes())
    monkeypatch.setattr(version, "SQL", tmp_path)
    migrate(empty_database)
    monkeypatch.undo()
    done = migrate(empty_database)
    assert "0018_delivery_reports" in done.migrations
    async with desk_as(empty_database, "service_role") as service:
        await service.connect_mailbox("support", "maildir", "support@example.com")
        agent = await service.add_agent("ada@example.com")
        async with desk_as(empty_database, "authenticated", sub=str(agent.id)) as desk:
            ours = await left(service, desk)
            await service.report_delivery([report("complained", ours.message_id)])
            assert (await states(desk))[KIM][0] == "complained"
