"""The page with the form, in each of its dresses; nothing here decides, and nothing asks the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import HTMLResponse

from core.forms import FormLink
from web.filled import Faults, Filled
from web.front import Front
from web.pages import templates
from web.safety import framed_by
from web.seal import Seal
from web.stamp import Stamp
from web.upload import Limits, size_words

_MARK = "stamp-goes-here"


@dataclass(frozen=True)
class Dress:
    """The address by which the form was asked for, and what that changes about it."""

    action: str = "/form"
    is_embedded: bool = False
    link: FormLink | None = None
    """One that is valid."""
    link_sha256: str | None = None
    ended: str = ""
    """Why the link that was followed is none any more; a sentence."""

    @property
    def sent(self) -> str:
        return "/embed/sent/" if self.is_embedded else "/form/sent/"

    def begun(self) -> Filled:
        """What stands in the form before anybody typed."""
        if self.link is None:
            return Filled()
        return Filled(email=self.link.email, subject=self.link.subject, department=self.link.department or "")


@dataclass(frozen=True)
class Sheet:
    """One form as it goes to and fro."""

    stamp: Stamp
    filled: Filled
    kept: tuple[dict[str, Any], ...] = ()
    """Files that came before and are stored, as attachments."""
    faults: Faults = field(default_factory=dict)
    """From a field's name to a sentence; under "form" what is about none of them."""


class FormPage:
    def __init__(self, front: Front) -> None:
        web = front.settings.web
        self.limits = Limits.of(front.settings)
        self._desk_name = front.settings.mailbox.name
        self.stamps, self._files, self._sent = (
            Seal(front.key, f"form.{what}") for what in ("stamp", "files", "sent")
        )
        self._headers = {True: framed_by(web.embed_in), False: {}}
        self._blank: dict[tuple[Dress, tuple[str, ...]], str] = {}

    def blank(self, dress: Dress, stamp: Stamp, departments: tuple[str, ...]) -> HTMLResponse:
        """A new form. Most are alike but for the stamp, and are filled in once."""
        if dress.link or dress.ended:
            return self.show(dress, Sheet(stamp, dress.begun()), departments)
        known = (dress, departments)
        if known not in self._blank:
            self._blank = dict(list(self._blank.items())[-3:])  # departments may change, but seldom
            self._blank[known] = self._text(dress, Sheet(stamp, Filled()), departments, _MARK)
        text = self._blank[known].replace(_MARK, stamp.write(self.stamps))
        return HTMLResponse(text, headers=self._headers[dress.is_embedded])

    def show(
        self,
        dress: Dress,
        sheet: Sheet,
        departments: tuple[str, ...],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        text = self._text(dress, sheet, departments, sheet.stamp.write(self.stamps))
        return HTMLResponse(text, status, {**self._headers[dress.is_embedded], **(headers or {})})

    def _text(self, dress: Dress, sheet: Sheet, departments: tuple[str, ...], stamp: str) -> str:
        kept = [(self._files.close(one), one["filename"], size_words(one["size"])) for one in sheet.kept]
        return templates.get_template("form.html").render(
            desk_name=self._desk_name,
            dress=dress,
            filled=sheet.filled,
            faults=sheet.faults,
            kept=kept,
            stamp=stamp,
            departments=departments,
            limits=self.limits,
        )

    def kept(self, seals: list[str]) -> tuple[dict[str, Any], ...]:
        """The files that a form brings back by their seals, each once."""
        opened = (self._files.open(seal) for seal in dict.fromkeys(seals))
        return tuple(one for one in opened if isinstance(one, dict))

    def address_of_sent(self, dress: Dress, number: int, receipt: bool) -> str:
        return dress.sent + self._sent.close([number, receipt])

    def sent(self, dress: Dress, sealed: str) -> HTMLResponse | None:
        """The page with the ticket's number; None when nobody was sent here."""
        match self._sent.open(sealed):
            case [int(number), bool(receipt)]:
                text = templates.get_template("sent.html").render(
                    desk_name=self._desk_name, dress=dress, number=number, receipt=receipt
                )
                return HTMLResponse(text, headers=self._headers[dress.is_embedded])
        return None
