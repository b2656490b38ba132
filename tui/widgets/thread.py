"""A conversation as lines of styled text: what the conversation pane draws.

Everything here is pure. A line is a list of spans; a span's style is the name of a component class
of the pane. Outside text is made safe here, once, before it is cut into lines.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from rich.cells import cell_len

from core.arrival import TROUBLES, recipient_words, standing, worth_telling
from core.models import Attachment, Conversation, Delivery, Direction, Dispatch, Mailto, Message, Note
from core.text import relative_time, safe_line, safe_text
from tui.widgets.wrap import cropped, wrap

MEASURE = 96
"""No line of prose is longer than this: longer ones are hard to read."""

LINK = re.compile(r"(?:https?://|www\.|mailto:)[^\s<>\"'`|\\^{}]+[^\s<>\"'`|\\^{}.,;:!?)\]]")


@dataclass(frozen=True)
class Span:
    text: str
    style: str = "text"


@dataclass(frozen=True)
class Line:
    spans: tuple[Span, ...]
    ground: str = "text"
    """The style that fills the rest of the line."""


Entry = Message | Note


@dataclass
class Thread:
    """All lines, and where each entry begins."""

    lines: list[Line] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def entry_at(self, line: int) -> int:
        """The entry that the line belongs to."""
        found = 0
        for index, start in enumerate(self.starts):
            if start <= line:
                found = index
        return found

    def place_of(self, id: UUID) -> int | None:
        return next((place for place, entry in enumerate(self.entries) if entry.id == id), None)


def entries(conversation: Conversation) -> list[Entry]:
    """Messages and notes in the order in which they came."""
    both: list[Entry] = [*conversation.messages, *conversation.notes]
    return sorted(both, key=lambda one: (one.created_at, isinstance(one, Note)))


def lay_out(conversation: Conversation, width: int, unfolded: frozenset[UUID], now: datetime) -> Thread:
    """The conversation in lines of `width` cells; `unfolded` entries show quotes and signatures."""
    thread = Thread()
    if conversation.earlier:
        count = conversation.earlier
        words = f"  {count} earlier message{'s' if count > 1 else ''} not shown: {{ loads them"
        thread.lines += [Line((Span(cropped(words, width), "faint"),)), Line(())]
    for entry in entries(conversation):
        thread.entries.append(entry)
        thread.starts.append(len(thread.lines))
        if isinstance(entry, Note):
            thread.lines += _note(entry, width, now)
        else:
            thread.lines += _message(entry, width, entry.id in unfolded, now)
        thread.lines.append(Line(()))
    return thread


def _message(message: Message, width: int, unfolded: bool, now: datetime) -> Iterator[Line]:
    kind = "incoming" if message.direction is Direction.INCOMING else "outgoing"
    bar = Span("│ " if kind == "incoming" else "┃ ", kind)
    yield _heading(message, kind, width, now)
    yield Line((bar, Span(cropped(_addresses(message), width - 3), "faint")))
    if is_quiet(message):
        yield from _folded("that the desk wrote by itself", message.content, bar, width, unfolded)
    else:
        yield Line((bar,))
        for piece in _prose(message.content, width - 3):
            yield Line((bar, *_with_links(piece)))
    for words, text in (("quoted", message.quoted_text), ("of signature", message.signature)):
        yield from _folded(words, text, bar, width, unfolded)
    if files := [one for one in message.attachments if not one.inline] or message.attachments:
        yield Line((bar,))
        for piece in wrap("Files: " + ", ".join(map(file_words, files)), min(width - 3, MEASURE)):
            yield Line((bar, Span(piece, "file")))
    if message.dispatch is not None:
        yield from _delivery(message.dispatch, bar, width)


def is_quiet(message: Message) -> bool:
    """Whether nobody wrote it and nobody asked: a receipt. Its text is folded."""
    return message.automatic and message.direction is Direction.OUTGOING


def is_foldable(entry: Entry) -> bool:
    if isinstance(entry, Note):
        return False
    return is_quiet(entry) or bool(entry.quoted_text.strip() or entry.signature.strip())


def _heading(message: Message, kind: str, width: int, now: datetime) -> Line:
    name = safe_line(message.sender_name or message.sender_email, limit=120)
    verb = " wrote" if kind == "incoming" else " replied"
    if is_quiet(message):
        verb = " sent a receipt" if message.joined_by == "receipt" else " wrote"
    if message.automatic:
        verb += " (automatic)"
    when = f"{_state(message, now)}{_moment(message.created_at, now)}"
    mark = "◇ " if kind == "incoming" else "◆ "
    return _two_sides(mark, name, verb, when, kind, width)


def _two_sides(mark: str, name: str, verb: str, right: str, style: str, width: int) -> Line:
    room = width - cell_len(mark) - cell_len(verb) - cell_len(right) - 3
    name = cropped(name, max(room, 8))
    gap = " " * max(1, width - cell_len(mark + name + verb + right) - 1)
    spans = (
        Span(mark, style),
        Span(name, f"{style}-name"),
        Span(verb, "faint"),
        Span(gap),
        Span(right, "faint"),
    )
    return Line(spans)


def _state(message: Message, now: datetime) -> str:
    """How far an answer is on its way, in a word or two."""
    dispatch = message.dispatch
    if dispatch is None:
        return ""
    match standing(dispatch):
        case (Delivery.SENT | Delivery.DELIVERED | Delivery.DELAYED) as state:
            return f"{state} · "
        case Delivery.COMPLAINED:
            return "MARKED AS SPAM · "
        case Delivery.BOUNCED:
            return "NOT DELIVERED: bounced · "
        case Delivery.WAITING if dispatch.not_before > now and not message.automatic:
            return f"leaves in {int((dispatch.not_before - now).total_seconds()) + 1} s, z takes it back · "
        case Delivery.WAITING:
            return "waiting to be sent · "
        case Delivery.SENDING:
            return "being sent · "
        case other:
            return f"NOT SENT: {other} · "


def _delivery(dispatch: Dispatch, bar: Span, width: int) -> Iterator[Line]:
    lines = [(f"! {safe_line(dispatch.error)}", "trouble")] if dispatch.error else []
    for one in worth_telling(dispatch):
        is_trouble = one.state in TROUBLES
        lines.append(
            (f"{'!' if is_trouble else '·'} {recipient_words(one)}", "trouble" if is_trouble else "faint")
        )
    for words, style in lines:
        for piece in wrap(words, min(width - 3, MEASURE)):
            yield Line((bar, Span(piece, style)))


def _addresses(message: Message) -> str:
    words = [f"from {safe_line(message.sender_email, limit=120)}"]
    for label, people in (("to", message.recipients.to), ("cc", message.recipients.cc)):
        if people:
            words.append(f"{label} {', '.join(map(mailto_words, people))}")
    return safe_line("  ".join(words).replace("  ", " · "), limit=1000)


def mailto_words(one: Mailto) -> str:
    return safe_line(one.email, limit=120)


def file_words(one: Attachment) -> str:
    return f"{safe_line(one.filename, limit=80) or 'unnamed'} ({size_words(one.size)})"


def size_words(size: int) -> str:
    """Bytes in words of three digits: "812 B", "120 kB", "3.4 MB"."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1000:.0f} kB"
    return f"{size / 1_000_000:.1f} MB"


def _folded(words: str, text: str, bar: Span, width: int, unfolded: bool) -> Iterator[Line]:
    if not text.strip():
        return
    pieces = list(_prose(text, width - 5))
    count = f"{len(pieces)} line{'s' if len(pieces) > 1 else ''} {words}"
    yield Line((bar, Span(f"{'▾' if unfolded else '▸'} {count}", "faint")))
    if unfolded:
        for piece in pieces:
            yield Line((bar, Span("  " + piece, "quoted")))


def _note(note: Note, width: int, now: datetime) -> Iterator[Line]:
    """A note is framed and labelled, so that nobody takes it for something the customer can read."""
    inner = width - 5
    name = safe_line(note.author_name or note.author_email, limit=120)
    when = _moment(note.created_at, now)
    label = cropped(f" NOTE by {name}, only colleagues see it ", max(inner - cell_len(when) - 3, 8))
    rule = "─" * max(1, inner - cell_len(label) - cell_len(when) - 2)
    yield Line((Span("╭─", "note"), Span(label, "note-name"), Span(f"{rule} {when} ─╮", "note")), "text")
    for piece in _prose(note.content, inner - 1):
        gap = " " * max(0, inner - cell_len(piece))
        yield Line((Span("│ ", "note"), *_with_links(piece, "note-text"), Span(gap + " │", "note")))
    yield Line((Span("╰" + "─" * (inner + 2) + "╯", "note"),))


def _moment(then: datetime, now: datetime) -> str:
    local = then.astimezone(now.tzinfo)
    if (now - then).days < 1:
        return f"{local:%H:%M} · {relative_time(then, now)}"
    if (now - then).days < 7:
        return f"{local:%a %H:%M} · {relative_time(then, now)}"
    return f"{local:%d %b %Y %H:%M}"


@lru_cache(maxsize=256)
def _prose_cached(text: str, width: int) -> tuple[str, ...]:
    pieces: list[str] = []
    empty = 0
    for line in safe_text(text).strip("\n").split("\n"):
        empty = 0 if line.strip() else empty + 1
        if empty <= 2:
            pieces += wrap(line, width)
    return tuple(pieces)


def _prose(text: str, width: int) -> Sequence[str]:
    return _prose_cached(text, min(width, MEASURE))


def _with_links(piece: str, style: str = "text") -> Iterator[Span]:
    if "://" not in piece and "www." not in piece and "mailto:" not in piece:
        yield Span(piece, style)
        return
    end = 0
    for found in LINK.finditer(piece):
        if found.start() > end:
            yield Span(piece[end : found.start()], style)
        yield Span(found.group(), f"{style}-link")
        end = found.end()
    if end < len(piece):
        yield Span(piece[end:], style)


def links(entry: Entry) -> list[str]:
    """The addresses that an entry's text names, each once, in their order."""
    text = entry.content if isinstance(entry, Note) else f"{entry.content}\n{entry.quoted_text}"
    return list(dict.fromkeys(LINK.findall(safe_text(text))))
