"""Gmail's search language, as far as it is needed.

An operator that is not known here is an error and not a word that is searched for: a test that uses one shall
notice.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from tests.gmail.label import Labels
from tests.gmail.mail import headers_of
from tests.gmail.mailbox import Message
from tests.gmail.payload import has_attachment, text_of

Test = Callable[[Message], bool]

_TOKEN = re.compile(r'[(){}]|-?(?:[a-z_0-9]+:)?(?:"[^"]*"|[^\s(){}"]+)|"', re.IGNORECASE)
_OPERATOR = re.compile(r"([a-z_0-9]+):(.*)", re.IGNORECASE | re.DOTALL)
_PACIFIC = timezone(timedelta(hours=-8))
"""Dates are midnight there (Google's guide to searching)."""
_DAYS = {"d": 1, "m": 30, "y": 365}
_HEADERS = {"from": ("from",), "to": ("to", "cc", "bcc"), "cc": ("cc",), "bcc": ("bcc",)} | {
    "subject": ("subject",),
    "deliveredto": ("delivered-to",),
    "list": ("list-id",),
}
_PLACES = {
    "inbox": "INBOX", "sent": "SENT", "spam": "SPAM", "trash": "TRASH", "draft": "DRAFT", "drafts": "DRAFT",
    "chat": "CHAT", "chats": "CHAT", "unread": "UNREAD", "starred": "STARRED", "important": "IMPORTANT",
}  # fmt: skip


class UnknownOperator(Exception):
    """The search uses what this server does not know."""


@dataclass(frozen=True, slots=True)
class Query:
    matches: Test
    message_id: str | None
    """A Message-ID that every result has."""
    reaches_everywhere: bool
    """Whether it names spam or the bin, which are otherwise left out."""


def query_of(text: str, labels: Labels, now: float) -> Query:
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != "".join(text.split()) and '"' not in text:
        raise UnknownOperator(f"cannot read the search {text!r}")
    reader = _Reader(tokens, labels, now)
    matches = reader.all_of(None)
    if reader.tokens:
        raise UnknownOperator(f"cannot read the search {text!r}")
    ids = re.findall(r'(?:^|\s)rfc822msgid:"?<?([^\s<>"]+)>?', text)
    only = f"<{ids[0]}>" if ids and not re.search(r"\bOR\b|[{}]", text) else None
    everywhere = re.search(r"(?:^|[\s({])(?:in:(?:anywhere|spam|trash)|label:(?:spam|trash))\b", text.lower())
    return Query(matches, only, everywhere is not None)


class _Reader:
    """Reads tokens into one test: spaces mean and, braces and OR mean or, a dash means not."""

    def __init__(self, tokens: list[str], labels: Labels, now: float) -> None:
        self.tokens = tokens
        self._labels = labels
        self._now = now

    def all_of(self, end: str | None) -> Test:
        tests: list[Test] = []
        while self.tokens and self.tokens[0] != end:
            if self.tokens[0] == "OR" and tests:
                self.tokens.pop(0)
                tests.append(_any([tests.pop(), self._next()]))
            elif self.tokens[0] == "AND":
                self.tokens.pop(0)
            else:
                tests.append(self._next())
        return lambda message: all(test(message) for test in tests)

    def _next(self) -> Test:
        token = self.tokens.pop(0) if self.tokens else ""
        if token in ("(", "{"):
            close = {"(": ")", "{": "}"}[token]
            test = self._group(close)
            if self.tokens[:1] != [close]:
                raise UnknownOperator(f"missing {close}")
            self.tokens.pop(0)
            return test
        if token.startswith("-") and len(token) > 1:
            inner = self._term(token[1:])
            return lambda message: not inner(message)
        return self._term(token)

    def _group(self, close: str) -> Test:
        if close == ")":
            return self.all_of(close)
        tests = []
        while self.tokens and self.tokens[0] != close:
            tests.append(self._next())
        return _any(tests)

    def _term(self, token: str) -> Test:
        if token in ('"', "", ")", "}"):
            raise UnknownOperator("the search ends too early")
        if not (operator := _OPERATOR.fullmatch(token)):
            return _word(token.strip('"'))
        name, value = operator[1].lower(), operator[2].strip('"')
        if not value and self.tokens[:1] == ["("]:
            return self._grouped(name)
        return self._test(name, value)

    def _grouped(self, name: str) -> Test:
        """subject:(several words)."""
        self.tokens.pop(0)
        tests = []
        while self.tokens and self.tokens[0] != ")":
            tests.append(self._test(name, self.tokens.pop(0).strip('"')))
        self.tokens = self.tokens[1:]
        return lambda message: all(test(message) for test in tests)

    def _test(self, name: str, value: str) -> Test:
        if name in _HEADERS:
            return _in_headers(_HEADERS[name], value)
        if name == "rfc822msgid":
            wanted = f"<{value.strip('<>')}>"
            return lambda message: message.message_id == wanted
        if name in ("after", "newer", "before", "older", "newer_than", "older_than"):
            return self._when(name, value)
        if name in ("in", "is", "label", "category"):
            return self._where(name, value.lower())
        if (name, value) == ("has", "attachment"):
            return lambda message: has_attachment(message.raw)
        raise UnknownOperator(f"unknown operator {name}:{value}")

    def _when(self, name: str, value: str) -> Test:
        if name.endswith("_than"):
            limit = int((self._now - _age(value)) * 1000)
            newer = name == "newer_than"
            return lambda message: (message.internal_date >= limit) is newer
        limit, is_date = _moment(value)
        if name in ("before", "older"):
            return lambda message: message.internal_date < limit
        if is_date:
            return lambda message: message.internal_date >= limit
        # Whether the very second belongs to it is not documented: whoever relies on that shall notice.
        return lambda message: message.internal_date >= limit + 1000

    def _where(self, name: str, value: str) -> Test:
        if name == "in" and value in ("anywhere", "all"):
            return lambda message: True
        if name == "is" and value == "read":
            return lambda message: "UNREAD" not in message.labels
        id = f"CATEGORY_{value.upper()}" if name == "category" else _PLACES.get(value)
        if id is None and name in ("in", "label"):
            label = self._labels.named(value)
            id = label.id if label else "no such label"
        if id is None:
            raise UnknownOperator(f"unknown operator {name}:{value}")
        return lambda message: id in message.labels


def _any(tests: list[Test]) -> Test:
    return lambda message: any(test(message) for test in tests)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _contains(text: str, wanted: list[str]) -> bool:
    """Whole words, next to each other."""
    words = _words(text)
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))


def _in_headers(names: tuple[str, ...], value: str) -> Test:
    wanted = _words(value)
    return lambda message: any(
        name.lower() in names and _contains(found, wanted) for name, found in headers_of(message.raw)
    )


def _word(value: str) -> Test:
    wanted = _words(value)
    in_headers = _in_headers(("subject", "from", "to", "cc"), value)
    return lambda message: in_headers(message) or _contains(text_of(message.raw), wanted)


def _age(value: str) -> float:
    if not (match := re.fullmatch(r"(\d{1,5})([dmy])", value)):
        raise UnknownOperator(f"unknown age {value}")
    return int(match[1]) * _DAYS[match[2]] * 86_400.0


def _moment(value: str) -> tuple[int, bool]:
    """Epoch milliseconds, and whether it was written as a date."""
    if re.fullmatch(r"\d{9,11}", value):
        return int(value) * 1000, False
    if not (match := re.fullmatch(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})", value)):
        raise UnknownOperator(f"unknown date {value}")
    try:
        midnight = datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=_PACIFIC)
    except ValueError:
        raise UnknownOperator(f"unknown date {value}") from None
    return int(midnight.astimezone(UTC).timestamp() * 1000), True
