"""The secrets of the portal: links in mails, and the sessions they are traded for.

A link ends in a token of 160 random bits. The database knows its SHA-256 alone, so only whoever has the mail
can use it. In hex, because mail programs leave a dash or an underscore at the end out of a link.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.sections import Web

_TOKEN = re.compile(r"ttp_[0-9a-f]{40}(?![0-9a-f])")
_IN_TEXT = re.compile(rf"(?:/in/)?{_TOKEN.pattern}")
PATH = "/portal"


@dataclass(frozen=True, slots=True)
class NewLink:
    url: str
    sha256: str
    """By which the database knows it."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where customers reach the portal."""

    url: str
    """Of the portal itself, which asks who they are."""
    seconds: float
    """How long a link in a mail is good."""
    in_answers: bool = True
    """Whether mails about tickets show the way."""

    @classmethod
    def of(cls, web: "Web") -> "Entrance | None":
        if web.address is None:
            return None
        return cls(web.address.rstrip("/") + PATH, web.portal_link_days * 86400, web.portal_links)


def new_link(entrance: Entrance) -> NewLink:
    token = f"ttp_{secrets.token_hex(20)}"
    return NewLink(f"{entrance.url}/in/{token}", sha256_of(token))


def sha256_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def links_in(*texts: str) -> list[str]:
    """The SHA-256 of every token in the texts, however the address around it was rewritten."""
    return list(dict.fromkeys(sha256_of(token) for text in texts for token in _TOKEN.findall(text)))


def without_links(text: str) -> str:
    """The text with links into the portal cut down to the address of the portal, which opens nothing."""
    return _IN_TEXT.sub("", text) if "ttp_" in text else text
