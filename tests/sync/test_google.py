"""sync.google, sync.wire and sync.gmail against our own Gmail server, with faults that the other has not."""

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from core.errors import StorageFailed, Unreachable
from sync.auth import Grant
from sync.gmail import Gmail
from sync.google import Access, BrokenOff, Busy, Google, Refused, Revoked
from sync.mailbox import News, Unsure
from sync.quota import Quota
from tests.gmail import MODIFY, GmailServer
from tests.gmail.sample import written

ADDRESS = "support@example.com"


@pytest.fixture
def server() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, quota=None) as server:
        yield server
        server.faults.clear()


@pytest.fixture
def grant(server: GmailServer) -> Grant:
    return granted(server)


def granted(server: GmailServer) -> Grant:
    inner = next(iter(server.client_config.values()))
    tokens = server.grant(ADDRESS, MODIFY)
    return Grant(
        address=ADDRESS,
        client_id=inner["client_id"],
        client_secret=inner["client_secret"],
        refresh_token=tokens.refresh_token,
        token_uri=inner["token_uri"],
        scopes=(MODIFY,),
        granted_at=datetime.now(UTC),
    )


@pytest.fixture
def access(grant: Grant) -> Access:
    return Access(grant)


def google_of(access: Access, server: GmailServer) -> Google:
    return Google(access, Quota(1_000_000), root=server.url, sleep=lambda seconds: None)


@pytest.fixture
def google(access: Access, server: GmailServer) -> Iterator[Google]:
    with closing(google_of(access, server)) as google:
        yield google


@pytest.fixture
async def gmail(access: Access, server: GmailServer) -> AsyncIterator[Gmail]:
    gmail = Gmail(google_of(access, server), google_of(access, server), datetime(2026, 1, 1, tzinfo=UTC))
    yield gmail
    await gmail.close()


def mail(name: str) -> bytes:
    """Its Message-ID is <name@example.net>."""
    return written(name, to="kim@example.net", sender=ADDRESS)


@pytest.mark.parametrize("fault", ["429", "500", "503", "cut_before", "cut_during", "cut_after", "malformed"])
def test_a_passing_fault_is_tried_again(google: Google, server: GmailServer, fault: str) -> None:
    server.faults.nth("labels.list", fault)
    answer = google.call("labels.list", google.service.users().labels().list(userId="me"))
    assert any(label["id"] == "INBOX" for label in answer["labels"])
    assert server.calls["labels.list"] >= 1


@pytest.mark.parametrize("fault", ["cut_before", "cut_during", "malformed"])
def test_one_try_is_one_try_and_the_next_call_has_a_new_line(
    google: Google, server: GmailServer, fault: str
) -> None:
    server.faults.nth("labels.list", fault)
    labels = google.service.users().labels()
    with pytest.raises(Busy):
        google.call("labels.list", labels.list(userId="me"), tries=1)
    assert google.call("labels.list", labels.list(userId="me"), tries=1)["labels"]


@pytest.mark.parametrize("fault", ["cut_before", "cut_during", "cut_after", "malformed"])
def test_a_sign_in_that_breaks_off_is_tried_again(google: Google, server: GmailServer, fault: str) -> None:
    server.faults.nth("oauth.token", fault)  # type: ignore[arg-type]
    with pytest.raises(Busy):
        google.ready()
    google.ready()


async def test_mails_come_in_batches_whatever_single_parts_do(gmail: Gmail, server: GmailServer) -> None:
    raws = {server.mailbox().deliver(mail(str(number))).id: mail(str(number)) for number in range(120)}
    server.faults.share("429", 0.2, ["messages.get"])
    server.faults.share("503", 0.1, ["messages.get"])
    gmail.expect(list(raws))
    for id, raw in raws.items():
        arrival = await gmail.fetch(id)
        assert arrival and arrival.raw == raw


async def test_mail_that_is_wanted_from_earlier_on_is_looked_for_once(
    access: Access, server: GmailServer
) -> None:
    day = timedelta(days=1)
    now = datetime.now(UTC)
    for age in (1, 3, 5):
        server.mailbox().deliver(mail(f"{age} days"), internal_date=int((now - age * day).timestamp() * 1000))

    async def news(since: datetime, cursor: str | None) -> News:
        gmail = Gmail(google_of(access, server), google_of(access, server), since)
        try:
            return await gmail.news(cursor)
        finally:
            await gmail.close()

    first = await news(now - 2 * day, None)
    assert len(first.perhaps) == 1
    again = await news(now - 2 * day, first.cursor)
    assert list(again.perhaps) == []
    earlier = await news(now - 4 * day, again.cursor)
    assert len(earlier.perhaps) == 2
    assert list((await news(now - 4 * day, earlier.cursor)).perhaps) == []


async def test_a_history_that_is_too_old_leads_to_a_listing(gmail: Gmail, server: GmailServer) -> None:
    first = await gmail.news()
    assert first.cursor
    new = [server.mailbox().deliver(mail(str(number))).id for number in range(3)]
    server.mailbox().expire_history()
    again = await gmail.news(first.cursor)
    assert set(new) <= set(again.perhaps)
    assert again.cursor and again.cursor != first.cursor
    assert list((await gmail.news(again.cursor)).perhaps) == []


def look(google: Google) -> object:
    return google.call("labels.list", google.service.users().labels().list(userId="me"))["labels"]


def test_a_new_token_is_asked_for_once_whoever_needs_it(access: Access, server: GmailServer) -> None:
    """When there is none yet, and when Google takes the one there is no longer."""
    with_access = [google_of(access, server) for _ in range(8)]
    for rounds in range(1, 4):
        together = threading.Barrier(len(with_access))
        found: list[object] = []

        def ask(google: Google, together: threading.Barrier = together) -> None:
            together.wait()
            found.append(look(google))  # noqa: B023

        threads = [threading.Thread(target=ask, args=[google]) for google in with_access]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8 and all(found)
        assert server.authority.refreshes[ADDRESS] == rounds
        server.authority.expire_access(ADDRESS)
    for google in with_access:
        google.close()


def test_a_token_is_renewed_before_its_end(google: Google, server: GmailServer) -> None:
    server.authority.access_seconds = 200.0  # Google gives an hour; less than four minutes is too little
    look(google)
    look(google)
    assert server.authority.refreshes[ADDRESS] == 2
    server.authority.access_seconds = 3600.0
    for _ in range(3):
        look(google)
    assert server.authority.refreshes[ADDRESS] == 3


def test_after_a_new_consent_all_goes_on_by_itself(grant: Grant, server: GmailServer) -> None:
    kept: list[Grant] = [grant]
    access = Access(grant, reload=lambda: kept[0])
    with closing(google_of(access, server)) as google:
        assert look(google)
        server.authority.revoke(ADDRESS)
        with pytest.raises(Revoked, match="taken back or has run out"):
            look(google)
        with pytest.raises(Revoked, match="taken back or has run out"):
            google.ready()  # although its hour is not over
        kept[0] = granted(server)
        google.ready()
        assert look(google)


def test_a_new_grant_is_taken_up_at_the_next_token(grant: Grant, server: GmailServer) -> None:
    """Someone connected again, to allow more; the old permission still holds."""
    kept: list[Grant] = [grant]
    access = Access(grant, reload=lambda: kept[0])
    with closing(google_of(access, server)) as google:
        look(google)
        kept[0] = granted(server)
        server.authority.expire_access(ADDRESS)
        look(google)
        assert access.refresh_token == kept[0].refresh_token.get_secret_value()


def test_a_locked_keyring_stops_nothing_that_works(grant: Grant, server: GmailServer) -> None:
    def locked() -> Grant:
        raise StorageFailed("The system's keyring does not answer.")

    with closing(google_of(Access(grant, reload=locked), server)) as google:
        assert look(google)
        server.authority.revoke(ADDRESS)
        with pytest.raises(Revoked):
            look(google)
        with pytest.raises(StorageFailed, match="does not answer"):
            look(google)


def test_what_was_not_allowed_is_told_from_what_was_taken_back(server: GmailServer) -> None:
    tokens = server.grant(ADDRESS, "https://www.googleapis.com/auth/gmail.labels")
    narrow = granted(server).model_copy(update={"refresh_token": SecretStr(tokens.refresh_token)})
    with closing(google_of(Access(narrow), server)) as google:
        profile = google.service.users().getProfile(userId="me")
        with pytest.raises(Refused, match="Google refuses it"):
            google.call("getProfile", profile)


def test_a_sign_in_that_has_to_be_repeated_is_told_from_a_permission_that_is_gone(
    google: Google, server: GmailServer
) -> None:
    server.authority.limits_sessions = True
    with pytest.raises(Revoked, match="the organisation limits how long one lasts"):
        look(google)


def test_a_client_that_is_gone_is_named(grant: Grant, server: GmailServer) -> None:
    stale = grant.model_copy(update={"client_secret": SecretStr("of last year")})
    with (
        closing(google_of(Access(stale), server)) as google,
        pytest.raises(Revoked, match="no longer knows the OAuth client") as caught,
    ):
        look(google)
    assert "last year" not in f"{caught.value} {caught.value.hint}"


def test_what_is_broken_off_ends_at_once_wherever_it_is(access: Access, server: GmailServer) -> None:
    """In an answer that does not come, before the next attempt, and while it waits for units of the quota."""
    server.faults.delay_seconds, server.faults.retry_after = 60.0, 60
    for fault, quota in (("delay", Quota()), ("503", Quota()), (None, Quota(units=1))):
        with closing(Google(access, quota, root=server.url)) as google:
            look(google)
            if fault:
                server.faults.nth("labels.list", fault)  # type: ignore[arg-type]
            ending = threading.Timer(0.2, google.break_off)
            ending.start()
            began = time.monotonic()
            with pytest.raises(BrokenOff):
                look(google)
            assert time.monotonic() - began < 30
            with pytest.raises(BrokenOff):
                look(google)
            ending.join()


async def test_a_mail_that_is_cut_on_its_way_may_have_left(gmail: Gmail, server: GmailServer) -> None:
    server.faults.nth("messages.send", "delay")

    def cut() -> None:
        while not server.mailbox(ADDRESS).sent:
            time.sleep(0.01)
        gmail.cut()

    cutting = threading.Thread(target=cut)
    cutting.start()
    with pytest.raises(Unsure):
        await gmail.send(mail("cut"), "<cut@example.net>")
    cutting.join()
    server.faults.clear()
    assert await gmail.find_sent("<cut@example.net>", datetime(2026, 1, 1, tzinfo=UTC))
    assert (await gmail.send(mail("next"), "<next@example.net>")).provider_id


async def test_what_must_not_leave_any_more_does_not(gmail: Gmail, server: GmailServer) -> None:
    def too_late() -> None:
        raise Unreachable("Another one sends it.")

    with pytest.raises(Unreachable, match="Another one sends it"):
        await gmail.send(mail("late"), "<late@example.net>", None, too_late)
    assert server.calls["messages.send"] == 0
