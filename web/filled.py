"""A form as somebody filled it in, and what is wrong with it, in sentences that stand beside the fields."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

from web.upload import Body

NAME_LIMIT, EMAIL_LIMIT, SUBJECT_LIMIT, MESSAGE_LIMIT = 100, 254, 200, 20_000
"""Characters."""

_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\.]+(\.[^@\s<>,;:\"()\[\]\\.]+)+")
_CONTROLS = re.compile(r"[\0-\x1f\x7f-\x9f]")

Faults = dict[str, str]
"""From a field's name to a sentence; in the order of the page."""


@dataclass(frozen=True)
class Filled:
    name: str = ""
    email: str = ""
    subject: str = ""
    message: str = ""
    department: str = ""

    @classmethod
    def of(cls, body: Body) -> "Filled":
        """As it came: it is shown again as it is, should something be wrong."""
        return cls(**{one.name: body.text(one.name) for one in fields(cls)})

    def tidied(self) -> "Filled":
        """As it is kept: single lines without breaks, and no space around anything."""
        name, email, subject = (" ".join(part.split()) for part in (self.name, self.email, self.subject))
        return Filled(name, email, subject, self.message.strip(), self.department)

    def faults(self, departments: Sequence[str]) -> Faults:
        """What is wrong; `departments` are those that were offered."""
        tidy = self.tidied()
        found = {
            "name": _too_long("Your name", tidy.name, NAME_LIMIT),
            "email": _email(tidy.email),
            "subject": _too_long("The subject", tidy.subject, SUBJECT_LIMIT)
            or ("" if tidy.subject else "Say in a few words what it is about."),
            "department": ""
            if not self.department or self.department in departments
            else "Choose one of these departments, or none.",
            "message": _too_long("The message", tidy.message, MESSAGE_LIMIT)
            or ("" if tidy.message else "Write your message."),
        }
        return {name: said for name, said in found.items() if said}


def _too_long(what: str, text: str, limit: int) -> str:
    if len(text) <= limit:
        return ""
    return f"{what} is too long: it has {len(text):,} characters, and {limit:,} are the limit."


def _email(text: str) -> str:
    if not text:
        return "Write your e-mail address, so that we can answer."
    if len(text) > EMAIL_LIMIT or not _EMAIL.fullmatch(text) or _CONTROLS.search(text):
        return "This is no e-mail address; one looks like name@example.com."
    return ""
