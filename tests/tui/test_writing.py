"""Answers and notes: nothing typed is ever lost, and nothing leaves unseen."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.config import Settings
from core.desk import Desk
from core.errors import Unreachable
from core.models import Changed, Status
from tests.mails import mail, sender
from tests.tui.conftest import NARROW, WIDE, Play
from tests.tui.test_desk import some_tickets
from tui.drafts import DraftFolder


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("send", ["ctrl+s", "ctrl+j"])
async def test_reply(play: Play, service: Desk, desk: Desk, size: tuple[int, int], send: str) -> None:
    (number,) = await some_tickets(service, 1)
    async with play(size) as stage:
        await stage.press("r")
        await stage.write("It is *on its way*.")
        await stage.sees("REPLY to Kim")
        await stage.press(send)
        await stage.sees("The answer leaves in 30 s. z takes it back.")
        await stage.sees("Ada replied")
        conversation = await desk.show_ticket(number)
        assert conversation.messages[-1].content == "It is *on its way*."
        assert [one.email for one in conversation.messages[-1].recipients.to] == ["kim@example.com"]
        assert conversation.ticket.status is Status.PENDING
        assert not conversation.drafts and not stage.desk_screen.unsent


async def test_the_status_after_sending_is_chosen_beforehand(play: Play, service: Desk, desk: Desk) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("r", "o", "k", "ctrl+r", "ctrl+r", "ctrl+s")
        await stage.sees("The answer leaves")
        assert (await desk.show_ticket(number)).ticket.status is Status.RESOLVED


async def test_undo_takes_an_answer_back_into_the_draft(play: Play, service: Desk, desk: Desk) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("r")
        await stage.write("Too early")
        await stage.press("ctrl+s")
        await stage.sees("The answer leaves")
        await stage.press("z")
        await stage.until(lambda: stage.desk_screen.writing)
        await stage.until(lambda: stage.desk_screen.composer.content == "Too early")
        assert (await desk.show_ticket(number)).ticket.status is Status.OPEN
        await stage.write("!")
        await stage.press("ctrl+s")
        await stage.sees("The answer leaves")
        assert [one.content for one in (await desk.show_ticket(number)).messages][1:] == ["Too early!"]


async def test_a_note_looks_unlike_anything_that_is_sent(play: Play, service: Desk, desk: Desk) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("n")
        await stage.sees("NOTE on #")
        assert "only colleagues see it" in stage.text() and "REPLY" not in stage.text()
        await stage.write("He is angry.")
        await stage.press("ctrl+s")
        await stage.sees("NOTE by Ada, only colleagues see it")
        conversation = await desk.show_ticket(number)
        assert [one.content for one in conversation.notes] == ["He is angry."]
        assert len(conversation.messages) == 1 and conversation.ticket.status is Status.OPEN
        await stage.press("z")
        await stage.until(lambda: "NOTE by" not in stage.text())


async def test_reply_and_note_are_kept_apart(play: Play, service: Desk, desk: Desk) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("r")
        await stage.write("to the customer")
        await stage.press("ctrl+t")
        await stage.sees("NOTE on #")
        assert stage.desk_screen.composer is not None and stage.desk_screen.composer.content == ""
        await stage.write("to us")
        await stage.press("ctrl+t")
        await stage.sees("REPLY to")
        assert stage.desk_screen.composer.content == "to the customer"
        await stage.press("escape")
        await stage.sees("2 unsent")
        drafts = {one.kind: one.content for one in (await desk.show_ticket(number)).drafts}
        assert drafts == {"reply": "to the customer", "note": "to us"}


async def test_escape_keeps_the_text_and_r_brings_it_back(play: Play, service: Desk) -> None:
    await some_tickets(service, 2)
    async with play() as stage:
        await stage.press("r")
        await stage.write("half a sen")
        await stage.press("escape")
        await stage.sees("Kept as a draft")
        await stage.press("escape", "j", "r")
        await stage.until(lambda: stage.desk_screen.writing and stage.desk_screen.composer.content == "")
        await stage.press("escape", "escape", "k", "r")
        await stage.until(lambda: stage.desk_screen.composer.content == "half a sen")


async def test_a_draft_comes_back_after_a_crash(play: Play, service: Desk, desk: Desk) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("r")
        await stage.write("half a sen")
        await stage.until(lambda: (number, "reply") in stage.desk_screen.unsent)
        await stage.until(lambda: not stage.desk_screen.keeping.locked())
    assert [one.content for one in (await desk.show_ticket(number)).drafts] == ["half a sen"]
    async with play() as stage:
        await stage.press("r")
        await stage.until(lambda: stage.desk_screen.composer.content == "half a sen")
        await stage.write("tence")
        assert stage.desk_screen.composer.content == "half a sentence"


class FailingDesk(Desk):
    """The real desk, whose database is away whenever `away` is set."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk._gateway)
        self._real = desk._gateway
        self.away = False

    async def save_draft(self, number: int, kind: str, content: str) -> None:
        self._check()
        await super().save_draft(number, kind, content)

    async def reply(self, *arguments: object, **named: object) -> Changed:
        self._check()
        return await super().reply(*arguments, **named)  # type: ignore[arg-type]

    def _check(self) -> None:
        if self.away:
            raise Unreachable("The database does not answer.")


async def test_what_is_typed_while_the_database_is_away_is_in_a_file_and_then_in_the_database(
    play: Play, service: Desk, desk: Desk, settings: Settings
) -> None:
    (number,) = await some_tickets(service, 1)
    failing = FailingDesk(desk)

    @asynccontextmanager
    async def connect() -> AsyncIterator[Desk]:
        if failing.away:
            raise Unreachable("The database does not answer.")
        yield failing

    file = settings.home / "drafts" / f"{number}-reply.md"
    async with play(connect=connect) as stage:
        await stage.sees("The lamp is broken.")
        failing.away = True
        await stage.press("r")
        await stage.write("do not lose me")
        await stage.sees("NOT CONNECTED, trying again")
        await stage.until(file.exists)
        await stage.press("ctrl+s")
        await stage.until(lambda: "The database does not answer." in stage.toasts())
        assert stage.desk_screen.composer is not None
        assert stage.desk_screen.composer.content == "do not lose me"
        failing.away = False
        await stage.until(lambda: stage.app.connection.state == "connected")
        await stage.until(lambda: not file.exists())
        assert [one.content for one in (await desk.show_ticket(number)).drafts] == ["do not lose me"]
        await stage.press("ctrl+s")
        await stage.sees("The answer leaves")


async def test_a_file_left_by_a_crash_without_database_is_newer_than_what_the_desk_has(
    play: Play, service: Desk, desk: Desk, settings: Settings
) -> None:
    (number,) = await some_tickets(service, 1)
    await desk.save_draft(number, "reply", "old")
    DraftFolder(settings.home / "drafts").keep(number, "reply", "newer")
    async with play() as stage:
        await stage.sees("1 unsent")
        await stage.press("r")
        await stage.until(
            lambda: stage.desk_screen.composer and stage.desk_screen.composer.content == "newer"
        )
        await stage.until(lambda: not (settings.home / "drafts" / f"{number}-reply.md").exists())
        assert [one.content for one in (await desk.show_ticket(number)).drafts] == ["newer"]


async def test_what_came_meanwhile_is_shown_before_an_answer_leaves(
    play: Play, service: Desk, desk: Desk
) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("r")
        await stage.write("Please restart it.")
        await stage.sees("Please restart it.")
        await service.receive_mail(
            mail("late", in_reply_to=["<m0@example.com>"], content="Never mind, [b]solved[/b]!")
        )
        await stage.press("ctrl+s")
        await stage.sees("This came while you were writing")
        await stage.sees("Kim wrote: Never mind, [b]solved[/b]!")
        await stage.press("r")
        await stage.until(lambda: stage.desk_screen.is_current)
        assert len((await desk.show_ticket(number)).messages) == 2
        await stage.press("ctrl+s")
        await stage.sees("The answer leaves")


async def test_recipients_can_be_changed_and_are_checked(play: Play, service: Desk, desk: Desk) -> None:
    received = await service.receive_mail(mail("m0", cc=[sender("lee@example.com", "Lee, Jr.")]))
    assert received.number
    async with play() as stage:
        await stage.press("r")
        await stage.sees('"Lee, Jr." <lee@example.com>')
        composer = stage.desk_screen.composer
        assert composer is not None
        await stage.write("Hello")
        composer.to_field.value = "nobody"
        await stage.press("ctrl+s")
        await stage.until(lambda: "“nobody” is no mail address" in stage.toasts())
        composer.to_field.value = "Kim <kim@example.com>, Bo <bo@example.org>"
        await stage.press("ctrl+s")
        await stage.sees("The answer leaves")
        recipients = (await desk.show_ticket(received.number)).messages[-1].recipients
        assert [one.email for one in recipients.to] == ["kim@example.com", "bo@example.org"]
        assert [(one.name, one.email) for one in recipients.cc] == [("Lee, Jr.", "lee@example.com")]


async def test_an_empty_answer_is_not_sent(play: Play, service: Desk, desk: Desk) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("r", "space", "ctrl+s")
        await stage.sees("Nothing is written yet.")
        assert len((await desk.show_ticket(number)).messages) == 1


async def test_preview_shows_the_markdown(play: Play, service: Desk) -> None:
    await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("r")
        await stage.write("- one **bold** word")
        await stage.press("ctrl+o")
        await stage.sees("• one bold word")
        await stage.press("escape")
        await stage.sees("- one **bold** word")


async def test_quitting_asks_when_something_is_unsent(play: Play, service: Desk, desk: Desk) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("r")
        await stage.write("wait")
        await stage.press("escape", "q", "q")
        await stage.sees("1 draft is not sent")
        await stage.press("escape")
        assert stage.app.is_running
        await stage.press("q", "y")
        await stage.until(lambda: stage.app._exit)
    assert [one.content for one in (await desk.show_ticket(number)).drafts] == ["wait"]


async def test_quitting_at_once_puts_away_what_was_just_typed(play: Play, service: Desk, desk: Desk) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("r")
        await stage.write("quick")
        await stage.press("ctrl+q")
        await stage.until(lambda: stage.app._exit)
    assert [one.content for one in (await desk.show_ticket(number)).drafts] == ["quick"]


async def test_an_editor_of_ones_own(
    play: Play, service: Desk, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await some_tickets(service, 1)
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "and more" >> "$1"\n')
    editor.chmod(0o755)

    async with play(settings=settings.model_copy(update={"editor": str(editor)})) as stage:
        stage.app.suspend = without_terminal  # type: ignore[method-assign, assignment]
        await stage.press("r")
        await stage.write("Text ")
        await stage.press("ctrl+e")
        composer: Callable[[], str] = lambda: stage.desk_screen.composer.content  # noqa: E731
        await stage.until(lambda: composer() == "Text and more")


def without_terminal() -> object:
    from contextlib import nullcontext

    return nullcontext()
