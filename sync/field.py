"""Header fields of a mail we write: ASCII, folded, and with nothing in them but what was meant.

The folding of the standard library (3.11) encodes Message-IDs that are longer than a line, which breaks
threads, and loses the quotes around a name when it folds. So a field comes out of here folded, and
is stored as it is (`EmailMessage.set_raw`). Only its encoded words are the library's.
"""

import re
from collections.abc import Iterable
from email.header import Header

from core.errors import Invalid
from core.text import safe_line

FOLD = "\r\n "
_LINE = 76
"""RFC 5322 asks for 78, RFC 2047 for 76 where encoded words are."""
_NAME_LIMIT = 100
_IDS = 20
"""Ids in a References field: the first, and the newest."""
_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,400}>")
_ATOMS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_DOT_ATOM = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_QUOTED = re.compile(r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])+"')
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.)*[\w-]{1,63}", re.ASCII)
_LITERAL = re.compile(r"\[[\w.:-]{1,60}\]", re.ASCII)


def text(name: str, value: str, limit: int = 250) -> str:
    """The value of a field of free text (Subject); `name` is that of the field."""
    value = safe_line(value, limit)
    if _needs_encoding(value):
        return _encoded(value, len(name) + 2)
    lines = [""]
    room = _LINE - len(name) - 2
    for word in value.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
            room = _LINE
        lines[-1] += f" {word}" if lines[-1] else word
    return FOLD.join(lines)


def mailboxes(people: Iterable[tuple[str, str]]) -> str:
    """The value of an address field, from pairs of name and address; raises Invalid for what is none."""
    return f",{FOLD}".join(mailbox(name, address) for name, address in people)


def mailbox(name: str, email: str) -> str:
    name = safe_line(name, _NAME_LIMIT)
    written = address(email)
    if not name:
        return written
    # Room for the longest field name before it; the address gets a line of its own where both are long.
    phrase = _phrase(name)
    gap = " " if len(phrase.rpartition(FOLD)[2]) + len(written) + 15 <= _LINE else FOLD
    return f"{phrase}{gap}<{written}>"


def address(email: str) -> str:
    """An address as a header holds it: its domain as IDNA, an odd local part quoted (RFC 5322, 3.4.1)."""
    shown = safe_line(email, 100)
    local, at, domain = email.strip(" ").rpartition("@")
    if not at or not local or not domain:
        raise Invalid(f"“{shown}” is not a mail address.")
    if not local.isascii():
        raise Invalid(
            f"The address “{shown}” has letters before the @ that most mail servers cannot deliver to.",
            hint="Ask the customer for another address.",
        )
    if not local.isprintable() or len(local) > 100:
        raise Invalid(f"“{shown}” is not a mail address.")
    if not _DOT_ATOM.fullmatch(local) and not _QUOTED.fullmatch(local):
        local = _quoted(local)
    return f"{local}@{_domain(domain, shown)}"


def ids(found: Iterable[str]) -> list[str]:
    """Those of the Message-IDs that can stand in a header: printable, no spaces, not too long; each once."""
    return list(dict.fromkeys(id for id in found if _ID.fullmatch(id)))


def references(found: Iterable[str]) -> str:
    """The value of a References field, newest id last; of a long thread the first and the newest ids."""
    usable = ids(found)
    if len(usable) > _IDS:
        usable = [usable[0], *usable[1 - _IDS :]]
    return FOLD.join(usable)


def _phrase(name: str) -> str:
    # Escapes in a quoted name are right, and misread all the same by more than one mail program.
    if _needs_encoding(name) or '"' in name or "\\" in name:
        return _encoded(name, 15)
    return name if _ATOMS.fullmatch(name) and len(name) <= 60 else _folded(_quoted(name))


def _folded(quoted: str) -> str:
    """A quoted string on several lines: the space that begins one belongs to the name."""
    lines = [""]
    for word in re.split(r"(?= )", quoted):
        if len(lines[-1]) + len(word) > _LINE - 15 and lines[-1]:
            lines.append("")
        lines[-1] += word
    return "\r\n".join(lines)


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _needs_encoding(value: str) -> bool:
    """Also what a reader would decode though nobody encoded it, and a word too long to stand on a line."""
    return not value.isascii() or "=?" in value or any(len(word) > _LINE - 20 for word in value.split(" "))


def _encoded(value: str, taken: int) -> str:
    """Encoded words (RFC 2047) on lines of 76, the first line shorter by `taken`."""
    return Header(value, "utf-8", maxlinelen=_LINE).encode(maxlinelen=_LINE - taken, linesep="\r\n")


def _domain(domain: str, shown: str) -> str:
    if domain.isascii():
        domain = domain.rstrip(".")
        if (len(domain) <= 253 and _DOMAIN.fullmatch(domain)) or _LITERAL.fullmatch(domain):
            return domain
        raise Invalid(f"“{shown}” is not a mail address.")
    import idna

    try:
        return idna.encode(domain, uts46=True, transitional=False).decode()
    except idna.IDNAError as error:
        raise Invalid(f"The domain of “{shown}” cannot exist.") from error
