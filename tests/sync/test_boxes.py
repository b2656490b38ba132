"""Which mailboxes a desk has: the Maildir of the settings beside those at Gmail."""

from pathlib import Path

import pytest

from core.config import Settings
from core.desk import Desk
from core.errors import StorageFailed
from sync.boxes import is_here, open_mailbox, settle_maildir

GMAIL = "sales@example.com"


def settings(home: Path, address: str | None = None) -> Settings:
    return Settings(home=home, mailbox={"address": address} if address else {})


async def connected(desk: Desk) -> set[str]:
    return {one.address for one in await desk.list_mailboxes() if one.connected}


async def test_alone_the_maildir_is_the_mailbox(service: Desk, tmp_path: Path) -> None:
    made = await settle_maildir(settings(tmp_path), service)
    assert made and made.connected
    assert await connected(service) == {"support@localhost"}


@pytest.mark.parametrize("address", [None, GMAIL])
async def test_a_maildir_that_nobody_set_up_gives_way_to_gmail(
    service: Desk, tmp_path: Path, address: str | None
) -> None:
    """And so does one at the very address that is at Gmail now."""
    await settle_maildir(settings(tmp_path, address), service)
    gmail = await service.connect_mailbox("sales", "gmail", GMAIL)
    assert await settle_maildir(settings(tmp_path, address), service) is None
    assert await connected(service) == {GMAIL}
    (maildir,) = (one for one in await service.list_mailboxes() if one.kind == "maildir")
    assert not maildir.connected

    await service.disconnect_mailbox(gmail.id)
    assert await settle_maildir(settings(tmp_path, address), service)
    assert await connected(service) == {address or "support@localhost"}


async def test_a_maildir_that_was_set_up_stays_beside_gmail(service: Desk, tmp_path: Path) -> None:
    await service.connect_mailbox("sales", "gmail", GMAIL)
    assert await settle_maildir(settings(tmp_path, "support@example.com"), service)
    assert await connected(service) == {GMAIL, "support@example.com"}


async def test_the_maildir_of_another_machine_is_left_alone(service: Desk, tmp_path: Path) -> None:
    """The desk's first mailbox is a Maildir at support@example.com; here nothing is said about it."""
    await service.connect_mailbox("sales", "gmail", GMAIL)
    assert await settle_maildir(settings(tmp_path), service) is None
    assert await connected(service) == {GMAIL, "support@example.com"}


async def test_a_token_that_cannot_be_read_is_here_so_that_it_is_said(service: Desk, tmp_path: Path) -> None:
    mailbox = await service.connect_mailbox("sales", "gmail", GMAIL)
    here = settings(tmp_path).model_copy(update={"tokens": "file"})
    assert not is_here(here, mailbox)
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / f"{GMAIL}.json").touch(0o644)
    assert is_here(here, mailbox)
    with pytest.raises(StorageFailed, match="may be read by others"):
        open_mailbox(here, mailbox)
