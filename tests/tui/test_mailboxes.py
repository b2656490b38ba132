"""How the mail is doing, in the status line."""

import pytest

from core.desk import Desk
from tests.tui.conftest import NARROW, WIDE, Play

REVOKED = "Google no longer lets ttydesk into the mailbox: the permission was taken back or has run out."


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_a_mailbox_that_shuts_us_out_is_told_shortly_until_it_opens_again(
    play: Play, service: Desk, size: tuple[int, int]
) -> None:
    (support,) = await service.list_mailboxes()
    await service.save_cursor(support.id, None, REVOKED)
    async with play(size) as stage:
        await stage.sees("mail: Google no longer lets ttydesk into the mailbox ")
        assert "taken back" not in stage.text()
        assert not stage.toasts(), "it is said where it can be overlooked"
        await service.save_cursor(support.id, "1", None)
        stage.desk_screen.look_at_mailboxes()
        await stage.until(lambda: "Google" not in stage.text())


async def test_of_several_it_is_said_which(play: Play, service: Desk) -> None:
    sales = await service.connect_mailbox("sales", "gmail", "sales@example.com")
    await service.save_cursor(sales.id, None, REVOKED)
    async with play() as stage:
        await stage.sees("sales: Google no longer lets ttydesk into the mailbox")


async def test_a_mailbox_that_was_left_troubles_nobody(play: Play, service: Desk) -> None:
    sales = await service.connect_mailbox("sales", "gmail", "sales@example.com")
    await service.save_cursor(sales.id, None, REVOKED)
    await service.disconnect_mailbox(sales.id)
    async with play() as stage:
        await stage.sees("no mail read yet")
        assert "Google" not in stage.text()


async def test_what_a_server_said_is_only_shown(play: Play, service: Desk) -> None:
    (support,) = await service.list_mailboxes()
    await service.save_cursor(support.id, None, "\x1b[2J[b]Bold[/b] \u202ereversed and " + "long " * 50)
    async with play(NARROW) as stage:
        await stage.sees("mail: ")
        assert "[b]Bold[/b]" in stage.text()
        assert not set("\x1b\u202e") & set(stage.text())
