"""A conversation as lines: every one fits, and each entry is found where it begins."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from core.models import (
    Attachment,
    Conversation,
    Delivery,
    Direction,
    Dispatch,
    Mailto,
    Message,
    Note,
    Recipients,
    RecipientState,
)
from tests.attacks.write import THEMES
from tests.core.test_text import assert_prints_only
from tests.tui.tickets import NOW, ticket
from tui.widgets.thread import Thread, is_foldable, lay_out, links, size_words

texts = st.text(max_size=200) | st.sampled_from([text[:3000] for text in THEMES.values()])


def message(number: int = 1, **fields: Any) -> Message:
    made: dict[str, Any] = {
        "id": UUID(int=number),
        "direction": Direction.INCOMING,
        "sender_email": "kim@example.com",
        "sender_name": "Kim",
        "recipients": Recipients(to=[Mailto(name="", email="support@example.com")]),
        "content": "Hello",
        "quoted_text": "",
        "signature": "",
        "message_id": f"<{number}@example.com>",
        "automatic": False,
        "joined_by": "new",
        "joined_evidence": "",
        "raw_mail": None,
        "created_at": NOW - timedelta(hours=100 - number),
        "sent_at": None,
        "attachments": [],
        "dispatch": None,
    }
    return Message(**made | fields)


def note(number: int, content: str, author: str = "Ada") -> Note:
    at = NOW - timedelta(hours=100 - number)
    return Note(
        id=UUID(int=number),
        author_email="ada@example.com",
        author_name=author,
        content=content,
        created_at=at,
    )


def conversation(*found: Message | Note, earlier: int = 0) -> Conversation:
    return Conversation(
        ticket=ticket(1),
        messages=[one for one in found if isinstance(one, Message)],
        notes=[one for one in found if isinstance(one, Note)],
        earlier=earlier,
        drafts=[],
        reply_to=Recipients(),
    )


def words(thread: Thread) -> list[str]:
    return ["".join(span.text for span in line.spans) for line in thread.lines]


def laid(*found: Message | Note, width: int = 76, unfolded: bool = False, earlier: int = 0) -> Thread:
    ids = frozenset(one.id for one in found) if unfolded else frozenset()
    return lay_out(conversation(*found, earlier=earlier), width, ids, NOW)


@settings(deadline=None)
@given(texts, texts, texts, st.integers(48, 120), st.booleans())
def test_every_line_fits_and_only_prints(one: str, two: str, three: str, width: int, unfolded: bool) -> None:
    file = Attachment(
        id=UUID(int=9), filename=two, content_type="", size=1, sha256=None, content_id=None, inline=False
    )
    hostile = message(
        content=one, quoted_text=two, signature=three, sender_name=two, sender_email=three, attachments=[file]
    )
    thread = laid(hostile, note(2, one, author=three), width=width, unfolded=unfolded, earlier=3)
    for line in words(thread):
        assert cell_len(line) <= width
        assert_prints_only(line)


def test_entries_stand_in_the_order_of_time_and_begin_where_it_is_said() -> None:
    thread = laid(message(3, content="third"), note(2, "second"), message(1, content="first"))
    lines = words(thread)
    assert [entry.id.int for entry in thread.entries] == [1, 2, 3]
    assert "Kim wrote" in lines[thread.starts[0]] and "NOTE by Ada" in lines[thread.starts[1]]
    assert thread.entry_at(thread.starts[2] + 1) == 2 and thread.entry_at(0) == 0
    assert thread.place_of(UUID(int=2)) == 1 and thread.place_of(UUID(int=7)) is None


def test_quotes_and_signatures_are_folded_with_their_length() -> None:
    one = message(quoted_text="> a\n> b", signature="-- \nKim")
    folded, unfolded = words(laid(one)), words(laid(one, unfolded=True))
    assert "│ ▸ 2 lines quoted" in folded and "│ ▸ 2 lines of signature" in folded
    assert not any("> a" in line for line in folded)
    assert "│ ▾ 2 lines quoted" in unfolded and "│   > a" in unfolded


def test_an_answer_says_how_far_it_has_come() -> None:
    def state(state: Delivery, seconds: float = 0, error: str | None = None) -> str:
        dispatch = Dispatch(
            state=state,
            not_before=NOW + timedelta(seconds=seconds),
            attempts=1,
            error=error,
            recipients=[RecipientState(email="kim@example.com", state=state, detail=error or "")],
        )
        return "\n".join(words(laid(message(direction=Direction.OUTGOING, dispatch=dispatch))))

    assert "leaves in 5 s, z takes it back" in state(Delivery.WAITING, 4.2)
    assert "waiting to be sent" in state(Delivery.WAITING, -1)
    assert "sent · " in state(Delivery.SENT)
    failed = state(Delivery.FAILED, error="550 no such user")
    assert "NOT SENT: failed" in failed and "! kim@example.com: 550 no such user" in failed


def test_a_receipt_is_quiet_and_offers_nothing_to_take_back() -> None:
    waits = Dispatch(
        state=Delivery.WAITING, not_before=NOW + timedelta(seconds=9), attempts=0, error=None, recipients=[]
    )
    receipt = message(
        sender_email="support@example.com",
        sender_name="",
        direction=Direction.OUTGOING,
        automatic=True,
        joined_by="receipt",
        dispatch=waits,
        content="We have it.",
    )
    heading, *_ = shown = words(laid(receipt))
    assert "sent a receipt (automatic)" in heading
    assert "waiting to be sent" in heading and "z takes it back" not in heading
    assert any("▸ 1 line that the desk wrote by itself" in line for line in shown)
    assert not any("We have it." in line for line in shown)
    assert is_foldable(receipt)
    assert any("We have it." in line for line in words(laid(receipt, unfolded=True)))
    absence = message(automatic=True, content="I am away.")
    assert any("I am away." in line for line in words(laid(absence)))
    assert not is_foldable(absence)


def test_an_answer_that_left_says_how_it_fared_with_each_recipient() -> None:
    def said(*states: Delivery, whole: Delivery = Delivery.SENT, detail: str = "") -> str:
        people = [
            RecipientState(email=f"{name}@example.com", state=state, detail=detail)
            for name, state in zip(("kim", "bo"), states, strict=False)
        ]
        dispatch = Dispatch(state=whole, not_before=NOW, attempts=1, error=None, recipients=people)
        return "\n".join(words(laid(message(direction=Direction.OUTGOING, dispatch=dispatch))))

    delivered = said(Delivery.DELIVERED)
    assert "delivered · " in delivered and "kim@example.com: " not in delivered
    delayed = said(Delivery.DELAYED, detail="mailbox full")
    assert "delayed · " in delayed and "! kim@example.com: delayed: mailbox full" in delayed
    bounced = said(Delivery.BOUNCED, Delivery.DELIVERED, whole=Delivery.BOUNCED)
    assert "NOT DELIVERED: bounced · " in bounced
    assert "! kim@example.com: bounced" in bounced and "· bo@example.com: delivered" in bounced
    assert "! kim@example.com: marked it as spam" in said(Delivery.COMPLAINED)


def test_links_are_found_whole_and_once() -> None:
    text = "<https://example.com/a_(b)?c=1>, https://example.com/a. www.example.org! mailto:a@example.com"
    assert links(message(content=text, quoted_text="https://example.com/a")) == [
        "https://example.com/a_(b)?c=1",
        "https://example.com/a",
        "www.example.org",
        "mailto:a@example.com",
    ]
    assert links(note(1, "nothing here")) == []


def test_sizes() -> None:
    assert [size_words(size) for size in (0, 999, 1000, 123_456, 3_400_000)] == [
        "0 B",
        "999 B",
        "1 kB",
        "123 kB",
        "3.4 MB",
    ]
