"""sync.status and sync.labels: Gmail shows how far a ticket is, whatever happens on the way there."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.desk import Desk
from core.errors import Invalid
from sync.maildir import Maildir
from sync.status import TOGETHER, show_statuses
from tests.gmail import GmailServer
from tests.sync.account import ADDRESS, Account, account

OURS = {"ttydesk/Open", "ttydesk/Pending", "ttydesk/Resolved", "ttydesk/Closed"}


@pytest.fixture
def google() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, "sales@example.com", quota=None) as google:
        yield google
        google.faults.clear()


@pytest.fixture
async def gmail(google: GmailServer, service: Desk, tmp_path: Path) -> AsyncIterator[Account]:
    async with account(google, service, tmp_path) as gmail:
        await gmail.take_in()
        yield gmail


async def show(gmail: Account, label: str = "ttydesk") -> int:
    return await show_statuses(gmail.desk, gmail.gmail, gmail.known.id, label)


def shown(gmail: Account, id: str) -> set[str]:
    return gmail.box.labels_of(id) & OURS


def own_labels(gmail: Account) -> set[str]:
    return {label.name for label in gmail.box.labels if not label.is_system}


async def test_a_status_is_a_nested_label_and_follows_every_change(gmail: Account, desk: Desk) -> None:
    id = gmail.deliver("asked")
    await gmail.take_in()
    assert own_labels(gmail) == set(), "labels are made when they are needed"
    assert await show(gmail) == 1
    assert shown(gmail, id) == {"ttydesk/Open"}
    assert own_labels(gmail) == {"ttydesk", "ttydesk/Open"}
    for status in ("pending", "resolved", "closed", "open"):
        await desk.update_tickets([1001], {"status": status})
        assert await show(gmail) == 1
        assert shown(gmail, id) == {f"ttydesk/{status.capitalize()}"}
    assert gmail.box.labels_of(id) >= {"INBOX", "UNREAD"}, "nothing else is touched"
    calls = gmail.server.calls["threads.modify"]
    assert await show(gmail) == 0
    assert gmail.server.calls["threads.modify"] == calls


async def test_new_mail_of_a_conversation_gets_the_label(gmail: Account, desk: Desk) -> None:
    gmail.deliver("asked")
    await gmail.take_in()
    await show(gmail)
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    await gmail.send()
    await gmail.take_in()
    later = gmail.deliver("more", subject="Re: Lamp", answers="<asked@example.net>")
    await gmail.take_in()
    await show(gmail)
    assert all(shown(gmail, one.id) == {"ttydesk/Open"} for one in gmail.box.messages)
    assert len(gmail.box.messages) == 3
    assert shown(gmail, later)


async def test_a_label_that_its_owner_deleted_is_made_again(gmail: Account, desk: Desk) -> None:
    first = gmail.deliver("one")
    await gmail.take_in()
    await show(gmail)
    label = next(one for one in gmail.box.labels if one.name == "ttydesk/Open")
    gmail.box.delete_label(label.id)
    second = gmail.deliver("two")
    await gmail.take_in()
    assert await show(gmail) == 1
    assert (shown(gmail, first), shown(gmail, second)) == (set(), {"ttydesk/Open"})
    await desk.update_tickets([1001, 1002], {"status": "pending"})
    await show(gmail)
    assert shown(gmail, first) == shown(gmail, second) == {"ttydesk/Pending"}


async def test_a_label_in_other_letters_is_the_same_to_gmail(gmail: Account) -> None:
    gmail.box.labels.create({"name": "TTYdesk/open"})
    id = gmail.deliver("asked")
    await gmail.take_in()
    await show(gmail)
    assert "TTYdesk/open" in gmail.box.labels_of(id)
    assert own_labels(gmail) == {"TTYdesk/open"} | (own_labels(gmail) & {"ttydesk"})


async def test_a_conversation_that_is_gone_is_passed_over(gmail: Account, desk: Desk) -> None:
    gone, here = gmail.deliver("one"), gmail.deliver("two", subject="Another")
    await gmail.take_in()
    gmail.box.delete([gone])
    assert await show(gmail) == 2
    assert shown(gmail, here) == {"ttydesk/Open"}
    assert await gmail.desk.list_unlabelled(gmail.known.id) == []


@pytest.mark.parametrize("fault", ["429", "500", "503", "cut_before", "cut_after", "malformed"])
@pytest.mark.parametrize("call", ["labels.list", "labels.create", "threads.modify"])
async def test_a_fault_on_the_way_costs_a_repetition(gmail: Account, call: str, fault: str) -> None:
    ids = [gmail.deliver(str(number), subject=str(number)) for number in range(3)]
    await gmail.take_in()
    gmail.server.faults.nth(call, fault)  # type: ignore[arg-type]
    await show(gmail)
    await show(gmail)
    assert all(shown(gmail, id) == {"ttydesk/Open"} for id in ids)
    assert own_labels(gmail) == {"ttydesk", "ttydesk/Open"}


async def test_who_dies_between_showing_and_saying_so_shows_it_again(
    gmail: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = gmail.deliver("asked")
    await gmail.take_in()
    with monkeypatch.context() as patch:

        async def killed(*arguments: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(Desk, "mark_labelled", killed)
        with pytest.raises(KeyboardInterrupt):
            await show(gmail)
    assert await show(gmail) == 1
    assert shown(gmail, id) == {"ttydesk/Open"}


async def test_many_are_shown_in_parts(gmail: Account) -> None:
    ids = [gmail.deliver(str(number), subject=f"question-{number}") for number in range(2 * TOGETHER + 1)]
    await gmail.take_in()
    assert await show(gmail) == len(ids)
    assert all(shown(gmail, id) == {"ttydesk/Open"} for id in ids)


async def test_every_mailbox_shows_it(
    gmail: Account, google: GmailServer, service: Desk, tmp_path: Path
) -> None:
    async with account(google, service, tmp_path, "sales@example.com") as sales:
        await sales.take_in()
        first, second = gmail.deliver("both"), sales.deliver("both", to=ADDRESS)
        await gmail.take_in()
        await sales.take_in()
        assert (await show(gmail), await show(sales)) == (1, 1)
        assert shown(gmail, first) == shown(sales, second) == {"ttydesk/Open"}


async def test_spam_loses_the_label_and_stays_where_it_is(gmail: Account, desk: Desk) -> None:
    id = gmail.deliver("asked")
    await gmail.take_in()
    await show(gmail)
    await desk.update_tickets([1001], {"spam": True})
    await show(gmail)
    assert shown(gmail, id) == set()
    assert "INBOX" in gmail.box.labels_of(id), "what is spam to us is not thrown away at Gmail"


async def test_a_name_that_gmail_does_not_take_is_said(gmail: Account) -> None:
    gmail.deliver("asked")
    await gmail.take_in()
    with pytest.raises(Invalid, match="Gmail takes no label called “drafts”") as caught:
        await show(gmail, "drafts")
    assert caught.value.hint and "google.label" in caught.value.hint


async def test_without_room_in_the_quota_labels_wait(gmail: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    gmail.deliver("asked")
    await gmail.take_in()
    with monkeypatch.context() as patch:
        patch.setattr("sync.google.Google.has_room", lambda self, name, times: False)
        assert await show(gmail) == 0
    assert await show(gmail) == 1


async def test_a_maildir_shows_nothing(service: Desk, tmp_path: Path) -> None:
    (box,) = await service.list_mailboxes()
    maildir = Maildir(tmp_path / "mail")
    assert await show_statuses(service, maildir, box.id, "ttydesk") == 0
    assert await maildir.label({"a": "x"}, ["x"]) == ["a"]
