"""sync.sentmail against our own Gmail server: whatever breaks off, and whatever Google calls it, it leaves
once.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest

from core.errors import Unreachable
from core.models import Mailto, Outgoing, Recipients
from sync.auth import Grant
from sync.compose import compose
from sync.google import Access, Busy, Google
from sync.mailbox import Unsure
from sync.quota import Quota
from sync.sentmail import SentMail
from tests.gmail import MODIFY, Clock, GmailServer

ADDRESS = "support@example.com"
NOW = datetime(2026, 9, 21, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW.timestamp())


@pytest.fixture
def server(clock: Clock) -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, clock=clock, quota=None) as server:
        yield server
        server.faults.clear()


@pytest.fixture
def google(server: GmailServer) -> Iterator[Google]:
    inner = next(iter(server.client_config.values()))
    grant = Grant(
        address=ADDRESS,
        client_id=inner["client_id"],
        client_secret=inner["client_secret"],
        refresh_token=server.grant(ADDRESS, MODIFY).refresh_token,
        token_uri=inner["token_uri"],
        scopes=(MODIFY,),
        granted_at=NOW,
    )
    google = Google(Access(grant), Quota(1_000_000), root=server.url, sleep=lambda seconds: None)
    with closing(google):
        yield google


@pytest.fixture
def sent_mail(google: Google) -> SentMail:
    return SentMail(google)


def id_of(name: str) -> str:
    return f"<t-token.{name}@example.com>"


def answer(name: str) -> bytes:
    """An answer as the desk writes it."""
    outgoing = Outgoing.model_validate(
        {
            "id": "00000000-0000-0000-0000-000000000001", "number": 1001, "subject": "Lamp",
            "message_id": id_of(name), "in_reply_to": None, "references": [],
            "sender": Mailto(name="Support", email=ADDRESS), "author_name": "Ada", "content": name,
            "recipients": Recipients(to=[Mailto(name="Kim", email="kim@example.net")]), "signature": "",
            "attachments": [], "automatic": False, "reply_token": "token", "attempts": 1, "created_at": NOW,
        }
    )  # fmt: skip
    return compose(outgoing, lambda sha256: b"", NOW)


def send(sent_mail: SentMail, name: str = "once") -> str:
    return sent_mail.send(answer(name), id_of(name), None).provider_id


BROKEN_OFF = ["cut_after", "cut_during", "malformed"]


@pytest.mark.parametrize("fault", BROKEN_OFF)
def test_an_attempt_that_broke_off_after_the_mail_left_is_told_as_unsure_and_it_is_found(
    sent_mail: SentMail, server: GmailServer, fault: str
) -> None:
    server.faults.nth("messages.send", fault)  # type: ignore[arg-type]
    with pytest.raises(Unsure):
        send(sent_mail)
    found = sent_mail.find(id_of("once"), NOW)
    assert found and found.provider_id == server.mailbox().sent[0].id
    assert send(sent_mail) == found.provider_id
    assert len(server.mailbox().sent) == 1


@pytest.mark.parametrize("fault", ["500", "503", "cut_before"])
def test_where_nobody_knows_it_is_not_said_that_nothing_left(
    sent_mail: SentMail, server: GmailServer, fault: str
) -> None:
    server.faults.nth("messages.send", fault)  # type: ignore[arg-type]
    with pytest.raises(Unsure):
        send(sent_mail)
    assert sent_mail.find(id_of("once"), NOW) is None


@pytest.mark.parametrize("fault", ["429", "403"])
def test_a_refusal_is_told_apart(sent_mail: SentMail, server: GmailServer, fault: str) -> None:
    server.faults.nth("messages.send", fault)  # type: ignore[arg-type]
    with pytest.raises(Busy):
        send(sent_mail)


def test_without_a_connection_or_a_token_nothing_can_have_left(
    sent_mail: SentMail, server: GmailServer
) -> None:
    send(sent_mail, "before")
    server.authority.expire_access(ADDRESS)
    server.faults.share("503", 1.0, ["oauth.token"])
    with pytest.raises(Unreachable) as error:
        sent_mail._sent(answer("once"), None)
    assert not isinstance(error.value, Unsure)
    server.faults.clear()
    server.close()
    with pytest.raises(Busy):
        sent_mail.find(id_of("once"), NOW)  # it notices that the line is cut
    with pytest.raises(Busy):
        sent_mail._sent(answer("once"), None)
    assert len(server.mailbox().sent) == 1


@pytest.mark.parametrize("habit", ["kept", "rewritten", "replaced"])
@pytest.mark.parametrize("lag", [0, 600])
def test_it_is_found_whatever_it_is_called_and_however_far_the_search_lags(
    sent_mail: SentMail, server: GmailServer, habit: str, lag: int, google: Google
) -> None:
    server.habits.message_ids = habit  # type: ignore[assignment]
    server.habits.search_lag = lag
    sent = sent_mail.send(answer("once"), id_of("once"), None)
    assert (sent.message_id is None) == (habit == "kept")
    for one in (sent_mail, SentMail(google)):  # also one that remembers nothing
        assert one.find(id_of("once"), NOW) == sent
        assert one.find(id_of("never"), NOW) is None


@pytest.mark.parametrize("habit", ["kept", "rewritten"])
def test_it_is_found_below_many_that_left_since(
    sent_mail: SentMail, server: GmailServer, clock: Clock, habit: str
) -> None:
    server.habits.message_ids = habit  # type: ignore[assignment]
    server.habits.search_lag = 3600
    server.faults.nth("messages.send", "cut_after")
    with pytest.raises(Unsure):
        send(sent_mail)
    for number in range(130):
        clock.advance(10)
        server.post.send(server.mailbox(), answer(str(number)))
    found = sent_mail.find(id_of("once"), NOW)
    assert found and found.provider_id == server.mailbox().sent[0].id


def test_looking_ends_where_nothing_can_be_that_is_looked_for(
    sent_mail: SentMail, server: GmailServer, clock: Clock
) -> None:
    for number in range(400):
        clock.advance(60)
        server.post.send(server.mailbox(), answer(str(number)))
    since = datetime.fromtimestamp(clock(), UTC) - timedelta(minutes=70)
    assert sent_mail.find(id_of("never"), since) is None
    assert server.calls["messages.get"] == 100
    assert sent_mail.find(id_of("never"), since) is None
    assert server.calls["messages.get"] == 100, "what they are called is remembered"


def test_a_sent_mail_in_the_bin_has_left(sent_mail: SentMail, server: GmailServer) -> None:
    server.habits.search_lag = 3600
    server.mailbox().trash(send(sent_mail))
    assert sent_mail.find(id_of("once"), NOW)


def test_what_gmail_cannot_be_asked_about_is_no_reason_to_send_again(
    sent_mail: SentMail, server: GmailServer
) -> None:
    server.faults.share("503", 1.0, ["messages.list"])
    with pytest.raises(Busy):
        sent_mail.find(id_of("once"), NOW)
    with pytest.raises(Busy):
        send(sent_mail)
    assert server.mailbox().sent == []


def test_the_name_we_gave_it_stays_in_the_mail(sent_mail: SentMail, server: GmailServer) -> None:
    server.habits.message_ids = "replaced"
    send(sent_mail)
    (sent,) = server.mailbox().sent
    assert sent.message_id.endswith("@mail.gmail.com>")
    assert message_from_bytes(sent.raw)["X-Ttydesk-Message-ID"] == id_of("once")
