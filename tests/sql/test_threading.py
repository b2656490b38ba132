"""By which rule a mail joins a ticket, and by which it must not."""

from core.desk import Desk
from core.models import Outcome
from tests.mails import mail, sender


async def test_a_first_mail_begins_a_ticket(service: Desk) -> None:
    received = await service.receive_mail(mail("first"))
    assert (received.outcome, received.number, received.rule) == (Outcome.CREATED, 1001, "new")


async def test_in_reply_to_comes_before_references(service: Desk) -> None:
    await service.receive_mail(mail("a"))
    other = await service.receive_mail(mail("b"))
    answer = mail("c", in_reply_to=["<b@example.com>"], references=["<a@example.com>"])
    received = await service.receive_mail(answer)
    assert (received.number, received.rule, received.evidence) == (
        other.number, "in_reply_to", "<b@example.com>",
    )  # fmt: skip


async def test_of_the_references_the_newest_decides(service: Desk) -> None:
    await service.receive_mail(mail("a"))
    newer = await service.receive_mail(mail("b"))
    references = ["<a@example.com>", "<b@example.com>", "<unknown@example.com>"]
    received = await service.receive_mail(mail("c", references=references))
    assert (received.number, received.rule) == (newer.number, "references")


async def test_an_answer_that_arrives_before_its_question(service: Desk) -> None:
    answer = await service.receive_mail(mail("answer", in_reply_to=["<question@example.com>"]))
    question = await service.receive_mail(mail("question"))
    assert (question.outcome, question.number, question.rule) == (
        Outcome.APPENDED, answer.number, "answered_by",
    )  # fmt: skip


async def test_an_answer_to_our_answer_joins_by_its_message_id(service: Desk, desk: Desk) -> None:
    first = await service.receive_mail(mail("first"))
    assert first.number
    await desk.reply(first.number, "Try another bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    received = await service.receive_mail(mail("second", in_reply_to=[ours.message_id]))
    assert (received.number, received.rule) == (first.number, "in_reply_to")


async def test_our_token_brings_an_answer_home(service: Desk, desk: Desk) -> None:
    first = await service.receive_mail(mail("first"))
    assert first.number
    await desk.reply(first.number, "Try another bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    received = await service.receive_mail(mail("second", reply_tokens=[ours.reply_token]))
    assert (received.number, received.rule) == (first.number, "reply_token")


async def test_gmails_thread(service: Desk) -> None:
    first = await service.receive_mail(mail("a", gmail_thread_id="18c"))
    second = await service.receive_mail(mail("b", gmail_thread_id="18c"))
    assert (second.number, second.rule) == (first.number, "gmail_thread")


async def test_the_number_in_the_subject_counts_for_those_who_are_on_the_ticket(service: Desk) -> None:
    first = await service.receive_mail(mail("first", cc=[sender("bo@example.com")]))
    for name, who in (("requester", "kim@example.com"), ("copied", "Bo@example.com")):
        received = await service.receive_mail(mail(name, sender=sender(who), subject_number=first.number))
        assert (received.number, received.rule) == (first.number, "subject_number")


async def test_a_stranger_who_names_a_number_gets_a_ticket_of_their_own(service: Desk) -> None:
    first = await service.receive_mail(mail("first"))
    stranger = sender("eve@elsewhere.example")
    received = await service.receive_mail(mail("other", sender=stranger, subject_number=first.number))
    assert received.outcome is Outcome.CREATED
    assert received.number != first.number
    assert received.evidence == "the subject names #1001, but eve@elsewhere.example is not on that ticket"


async def test_answers_to_an_id_that_we_never_saw_stay_apart(service: Desk) -> None:
    """Two customers answer the same newsletter: neither may read the other's ticket."""
    numbers = set()
    for name, who in (("a", "kim@example.com"), ("b", "bo@example.com")):
        answer = mail(name, sender=sender(who), in_reply_to=["<news@elsewhere.example>"])
        numbers.add((await service.receive_mail(answer)).number)
    assert len(numbers) == 2


async def test_why_tells_the_rule(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    received = await service.receive_mail(mail("b", in_reply_to=["<a@example.com>"]))
    for name in (str(received.message), "<b@example.com>", "b@example.com", str(received.raw_mail)):
        why = await desk.why(name)
        assert (why.number, why.rule, why.evidence) == (received.number, "in_reply_to", "<a@example.com>")
