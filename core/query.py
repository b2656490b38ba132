"""The search language: one line of text as a `TicketFilter`.

    status:open,pending assignee:me priority:high from:kim@example.com created:>7d refund "blue lamp" -spam

Keys narrow; what is left is words, as a web search takes them. `VIEWS` are such lines
under a name, so that a view can be read, typed and changed.
"""

import re
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from core.errors import Invalid
from core.models import Priority, Status, TicketFilter

VIEWS = {
    "unassigned": "status:open,pending assignee:none",
    "mine": "status:open,pending assignee:me",
    "open": "status:open",
    "pending": "status:pending",
    "resolved": "status:resolved",
    "all": "",
    "spam": "is:spam",
}

KEYS = ("status", "priority", "assignee", "from", "number", "created", "updated", "is")
_TERM = re.compile(r'-?"[^"]*"?|\S+')
_KEYED = re.compile(r"([a-z]+):(.*)", re.S | re.I)
_NUMBER = re.compile(r"#(\d{1,18})")
_AGE = re.compile(r"(\d{1,5})([hdwmy])")
_BEGINNING, _END = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""Between these a day can be added, in every zone."""
_UNITS = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}


_DAY = (
    r"(?:[12][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[12][0-9](?:0[48]|[2468][048]|[13579][26])|1600|2000|2400|2800)-02-29)"
)
SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What Python takes for white space; other readers of a pattern take more or less."""
_LETTER = r"a-zA-Z\u0130\u0131\u017f\u212a"
"""As the case of letters is not regarded: all that Python takes for one of a to z."""
_CHAR = rf"[^{SPACE}\x00]"
_PLAIN = rf"[^{SPACE}:\x00]"
_KEYED_TERM = "|".join(
    (
        *(
            f"{key}:(?:{'|'.join(kind)})(?:,(?:{'|'.join(kind)}))*"
            for key, kind in (("status", Status), ("priority", Priority))
        ),
        rf"(?:assignee|from):{_CHAR}{{1,200}}",
        r"number:#?[0-9]{1,18}",
        rf"(?:created|updated):[<>]?(?:[0-9]{{1,5}}[hdwmy]|{_DAY})",
        "is:spam",
    )
)
_MINUS = rf'-(?:[^{SPACE}:\x00"]{_PLAIN}*)?'
_WORD = rf'{_MINUS}|[^{SPACE}:\x00"-]{_PLAIN}*'
_COLON = rf'(?:{_MINUS}|[{_LETTER}]*[^{SPACE}:\x00"{_LETTER}-]{_PLAIN}*)?:{_CHAR}*'
"""A term with a colon where no key stands before it."""
_OTHER = rf"(?:{_KEYED_TERM}|[{_LETTER}]+://{_CHAR}*|{_COLON}|{_WORD})"
_PHRASE = r'-?"[^"\x00]*"'
PATTERN = rf'^[{SPACE}]*(?:(?:{_PHRASE}|{_OTHER}[{SPACE}])[{SPACE}]*)*(?:{_OTHER}|-?"[^"\x00]*)?$'
"""What programs are told that a line may be (ECMA 262): all of these are filters, and hardly any other."""


def parse_query(text: str, now: datetime) -> TicketFilter:
    """The filter a line means; `Invalid` says which part of it means nothing."""
    fields: dict[str, Any] = {}
    words: list[str] = []
    for term in _TERM.findall(text):
        keyed = _KEYED.fullmatch(term)
        if number := _NUMBER.fullmatch(term):
            fields["number"] = int(number[1])
        elif keyed and not keyed[2].startswith("//"):  # a pasted link is words
            fields |= _field(keyed[1].lower(), keyed[2], now)
        else:
            words.append(term)
    if words:
        fields["words"] = " ".join(words)
    return TicketFilter(**fields)


def _field(key: str, value: str, now: datetime) -> dict[str, Any]:
    if key not in KEYS:
        near = get_close_matches(key, KEYS, n=1)
        raise Invalid(
            f'Nothing can be looked up by "{key}:".' + (f' Did you mean "{near[0]}:"?' if near else ""),
            hint=f"What can: {', '.join(KEYS)}. To search for the text itself, put it in quotes.",
        )
    if not value:
        raise Invalid(f'"{key}:" needs a value behind the colon.')
    match key:
        case "status":
            return {"status": [_choice(Status, key, one) for one in value.split(",")]}
        case "priority":
            return {"priority": [_choice(Priority, key, one) for one in value.split(",")]}
        case "number":
            if not value.removeprefix("#").isdecimal():
                raise Invalid(f'"{value}" is not a ticket number.')
            return {"number": int(value.removeprefix("#"))}
        case "created" | "updated":
            return _times(key, value, now)
        case "from":
            return {"requester": value}
        case "is":
            if value.lower() != "spam":
                raise Invalid(f'"is:{value}" means nothing.', hint="What there is: is:spam.")
            return {"spam": True}
        case _:
            return {"assignee": value.lower()}


def _choice(kind: type[Status] | type[Priority], key: str, value: str) -> Status | Priority:
    try:
        return kind(value.lower())
    except ValueError:
        raise Invalid(f'"{value}" is no {key}; there are {", ".join(kind)}.') from None


def _times(key: str, value: str, now: datetime) -> dict[str, datetime]:
    """`>` is after a day and `<` before it; with an age, `>7d` is longer ago and `<7d` less long."""
    sign, rest = (value[0], value[1:]) if value[0] in "<>" else ("", value)
    if age := _AGE.fullmatch(rest.lower()):
        moment = now - min(timedelta(days=int(age[1]) * _UNITS[age[2]]), now - _BEGINNING)
        return {f"{key}_until" if sign == ">" else f"{key}_since": moment}
    try:
        day = datetime.fromisoformat(rest)
    except ValueError:
        raise Invalid(
            f'"{value}" is no time for "{key}:".', hint="Write <7d for the last week, or a day as 2026-01-31."
        ) from None
    day = day if day.tzinfo else day.replace(tzinfo=UTC)
    if not _BEGINNING <= day <= _END:
        raise Invalid(f'"{value}" is too far away for "{key}:".')
    match sign:
        case ">":
            return {f"{key}_since": day + timedelta(days=1)}
        case "<":
            return {f"{key}_until": day}
        case _:
            return {f"{key}_since": day, f"{key}_until": day + timedelta(days=1)}
