"""What a browser sends with a form: fields and files, measured while they come in.

Nothing is ever refused so that what was typed is lost: a file that is too large, or one too many, is read and
thrown away, and the fields stay. So put the file field last in a form, and its hidden fields first.
Files are in temporary files until they are looked at, never whole in memory while they come.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

from core.config import Settings
from core.files import Files
from core.text import safe_filename
from web.content import refusal, type_of

Attachment = dict[str, Any]
"""{"filename", "content_type", "size", "sha256"}, as operations take it."""

_MB = 1024 * 1024
_FIELDS = 100
_FIELD_BYTES = 512 * 1024
"""Of one field; what is longer is cut, and then it is too long for any of them."""
_TEXT_BYTES = 2 * _MB
"""Room for all fields and the lines between the parts."""


@dataclass(frozen=True)
class Limits:
    """What is taken at once."""

    count: int
    size: int
    """Bytes of one file."""
    total: int
    """Bytes of all files."""

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        web = settings.web
        return cls(web.upload_count, web.upload_size_mb * _MB, web.upload_total_mb * _MB)

    @property
    def body(self) -> int:
        """Bytes of a whole request: more than is kept, so that a little too much can be answered."""
        return 2 * self.total + _TEXT_BYTES

    @property
    def words(self) -> str:
        files = "One file" if self.count == 1 else f"Up to {self.count} files"
        return f"{files}, each up to {size_words(self.size)}, together up to {size_words(self.total)}."


NOTHING = Limits(0, 0, 0)
"""All files are read and thrown away."""


@dataclass
class Body:
    """What came in."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: list[UploadFile] = field(default_factory=list)
    """Those within the limits, in order."""
    faults: list[str] = field(default_factory=list)
    """A sentence for each file that is not."""

    def text(self, name: str) -> str:
        """The field's first value, or an empty one; without NUL, which no database keeps, lines end in LF."""
        value = self.fields.get(name, [""])[0]
        return value.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")

    def close(self) -> None:
        for file in self.files:
            file.file.close()


async def read_body(request: Request, limits: Limits) -> Body:
    """The fields and files of a form, however it was encoded. Raises HTTPException for what is no form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        parser: _Parser | FormParser = _Parser(request, limits)
    elif kind == "application/x-www-form-urlencoded":
        parser = FormParser(request.headers, request.stream(), max_fields=_FIELDS, max_part_size=_FIELD_BYTES)
    else:
        raise HTTPException(415, "Only a form can be sent here.")
    try:
        parsed = await parser.parse()
    except MultiPartException as error:
        raise HTTPException(400, "This form is damaged.") from error
    body = Body(faults=parser.faults if isinstance(parser, _Parser) else [])
    for name, value in parsed.multi_items():
        if isinstance(value, str):
            body.fields.setdefault(name, []).append(value)
        elif value.filename and value not in getattr(parser, "dropped", []):
            body.files.append(value)
        else:  # too much; or nothing, where no file was chosen
            value.file.close()
    return body


class _Parser(MultiPartParser):
    """Starlette's, which has no limits for files; beyond ours it goes on, and keeps nothing."""

    def __init__(self, request: Request, limits: Limits) -> None:
        super().__init__(
            request.headers, request.stream(), max_files=1000, max_fields=_FIELDS, max_part_size=_FIELD_BYTES
        )
        self._limits = limits
        self._total = self._count = self._size = 0
        self.dropped: list[UploadFile] = []
        self.faults: list[str] = []

    def on_part_begin(self) -> None:
        super().on_part_begin()
        self._size = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._current_part
        if part.file is None:
            room = _FIELD_BYTES - len(part.data)
            part.data.extend(data[start : min(end, start + room)])
        elif part.file not in self.dropped:
            self._measure(part.file, end - start)
            if part.file not in self.dropped:
                super().on_part_data(data, start, end)

    def _measure(self, file: UploadFile, more: int) -> None:
        self._count += self._size == 0
        self._size += more
        self._total += more
        name = display_name(file.filename or "")
        if self._count > self._limits.count:
            self._drop(file, f"“{name}” is one file too many: {self._limits.words}")
        elif self._size > self._limits.size:
            self._drop(file, f"“{name}” is larger than {size_words(self._limits.size)}.")
        elif self._total > self._limits.total:
            self._drop(
                file, f"“{name}” is too much: files together may have {size_words(self._limits.total)}."
            )

    def _drop(self, file: UploadFile, fault: str) -> None:
        self._total -= self._size
        self.dropped.append(file)
        self.faults.append(fault)


async def store(
    files: Files, body: Body, limits: Limits, before: Sequence[Attachment] = ()
) -> tuple[list[Attachment], list[str]]:
    """Keep what came, behind what came `before`; and a sentence for each file that is not taken.

    Those are programs, empty files, and what is too much together with those before. Closes them all.
    """
    try:
        return await asyncio.to_thread(_store, files, body, limits, before)
    finally:
        body.close()


def _store(
    files: Files, body: Body, limits: Limits, before: Sequence[Attachment]
) -> tuple[list[Attachment], list[str]]:
    kept, faults = list(before), list(body.faults)
    for file in body.files:
        content = file.file.read()
        name = display_name(file.filename or "")
        total = sum(one["size"] for one in kept) + len(content)
        if not content:
            faults.append(f"“{name}” is empty.")
        elif why := refusal(name, content):
            faults.append(f"“{name}” was not taken: {why}.")
        elif len(kept) >= limits.count or total > limits.total:
            faults.append(f"“{name}” is too much. {limits.words}")
        else:
            found = {"filename": name, "content_type": type_of(content), "size": len(content)}
            kept.append(found | {"sha256": files.put("attachments", content)})
    return kept, faults


def display_name(name: str) -> str:
    """A file's name as it is kept: without a path, which some browsers send, and safe everywhere."""
    return safe_filename(name.replace("\\", "/").rpartition("/")[2])


def size_words(size: int) -> str:
    """Bytes in words: "812 bytes", "120 kB", "3.4 MB"."""
    if size < 1024:
        return "1 byte" if size == 1 else f"{size} bytes"
    if size < _MB:
        return f"{size / 1024:.0f} kB"
    return f"{size / _MB:.1f}".removesuffix(".0") + " MB"
