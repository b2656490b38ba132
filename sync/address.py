"""Address lists (RFC 5322, section 3.4) as really written: groups, comments, unquoted commas, no brackets."""

import re
from collections.abc import Iterator

from sync.header import words
from sync.parsed import Address

TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"?|=\?[^?\s<>"]{1,80}\?[bBqQ]\?[^?"]{0,1000}\?=|[(),;:<>]|\\.|[^"(),;:<>\\=]+|\\|=',
    re.DOTALL,
)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
SPACE = re.compile(r"[\s\x00-\x1f\x7f\u2028\u2029]+")
# Bounded, as everything that is searched for: a longer local part would make a long word slow.
BARE = re.compile(r"[^\s<>()\[\],;:\"@]{1,256}@(?:\[[^\]\s]{1,256}\]|[^\s<>(),;:\"\[\]]{1,256})")
QUOTED_LOCAL = re.compile(r"\"[^\"@]{1,256}\"@[^\s<>(),;:\"]{1,256}")
SPACED_AT = re.compile(r"(?<=[\w\"])\s{1,9}@\s{0,9}(?=\w)|(?<=[\w\"])@\s{1,9}(?=\w)")
SPACED_DOT = re.compile(r"(?<=\w)\s+\.\s*(?=\w)")
LIMIT = 128 * 1024


class _Mailbox:
    """One mailbox while it is read: words before the bracket, what is in the bracket, comments."""

    __slots__ = ("angle", "comment", "has_angle", "open", "words")

    def __init__(self) -> None:
        self.words: list[str] = []
        self.angle: list[str] = []
        self.comment: list[str] = []
        self.has_angle = False
        self.open = False

    def finish(self) -> Address | None:
        written = "".join(self.words).strip()
        if self.has_angle and "".join(self.angle).strip():
            email = _spec("".join(self.angle))
            if "@" not in email and "@" in written and not email:
                return _from_words(written, "".join(self.comment))
            return Address(_name(written) or _plain("".join(self.comment)), email)
        if not written and not self.has_angle:
            return None
        return _from_words(written, "".join(self.comment))


def parse(value: str) -> tuple[Address, ...]:
    """Every mailbox of a header value (unfolded, encoded words still in place), in order."""
    value = value[:LIMIT]
    if ESCAPED.sub("", value).count('"') & 1:
        value = value.replace('"', "")
    found: list[Address] = []
    for mailbox in _mailboxes(value):
        address = mailbox.finish()
        if address is None:
            continue
        # "Doe, John <john@example.com>": the comma was meant as part of the name.
        if found and mailbox.has_angle and not found[-1].email:
            last = found.pop()
            address = Address(f"{last.name}, {address.name}" if address.name else last.name, address.email)
        found.append(address)
    return tuple(address for address in found if address.email or address.name)


def first(value: str) -> Address | None:
    found = parse(value)
    return next((address for address in found if "@" in address.email), found[0] if found else None)


def _mailboxes(value: str) -> Iterator[_Mailbox]:
    box, depth = _Mailbox(), 0
    for token in TOKEN.findall(value):
        if depth:
            depth += (token == "(") - (token == ")")
            if depth:
                box.comment.append(token)
        elif token == "(":
            depth = 1
        elif box.open:
            box.open = token != ">"
            if token not in "<>":
                box.angle.append(token)
        elif token == "<":
            box.open = box.has_angle = True
        elif token in ",;":
            yield box
            box = _Mailbox()
        elif token == ":" and not box.has_angle and not any("@" in word for word in box.words):
            box = _Mailbox()  # the name of a group
        elif token != ">":
            box.words.append(token)
    yield box


def _from_words(written: str, comment: str) -> Address:
    written = SPACED_DOT.sub(".", written) if "@" in written else written
    bare = QUOTED_LOCAL.search(written) or BARE.search(written)
    if bare is None and written.count("@") == 1:
        written = SPACED_AT.sub("@", written)
        bare = BARE.search(written)
    if bare is None and "=?" in written:
        decoded = words(written)
        bare = BARE.search(decoded)
        if bare:
            name = decoded[: bare.start()].strip(" \t<\"'")
            return Address(_clean(name), _spec(bare[0]))
    if bare is None:
        if written.startswith('"') and "@" in written:
            inner = BARE.search(_plain(written))
            if inner:
                return Address("", _spec(inner[0]))
        return Address(_name(written), "")
    if '"@' in written:
        return Address(_plain(comment), _spec(written))
    name = (written[: bare.start()] + written[bare.end() :]).strip(" \t<>")
    return Address(_name(name) or _plain(comment), _spec(bare[0]))


def _name(written: str) -> str:
    return _plain(written)


def _plain(written: str) -> str:
    if '"' in written:
        written = "".join(_unquote(token) for token in TOKEN.findall(written))
    elif "\\" in written:
        written = ESCAPED.sub(r"\1", written)
    return _clean(words(written))


def _unquote(token: str) -> str:
    return ESCAPED.sub(r"\1", token.strip('"')) if token.startswith('"') else token


def _clean(text: str) -> str:
    return SPACE.sub(" ", text).strip()


def _spec(written: str) -> str:
    """The address itself: without source route (RFC 5322, section 4.4), mailto: and stray white space."""
    text = words(written) if "=?" in written else written
    text = SPACE.sub("", text) if '"' not in text else SPACE.sub(" ", text).strip()
    if text.startswith("@") and ":" in text:
        text = text.rsplit(":", 1)[1]
    if text[:7].lower() == "mailto:":
        text = text[7:]
    return text.strip("'")
