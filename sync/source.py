"""What there is to import under a path: mails one by one, oldest first, without holding their bytes.

A file ending in `.eml` is one mail, and so is every file in `new/` and `cur/` of a Maildir and of its
`.Folders`. A file that begins with a From_ line is an mbox. Any other file in a folder is a mail if it
begins with the fields of one; if not it is skipped and named. Hidden files are passed over. A file that was
named itself is always taken in: what is no mail is then held in quarantine, where it can be looked at.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path
from typing import BinaryIO

from core.errors import NotFound, StorageFailed

_HEAD = 16 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One mail in a file."""

    path: str
    start: int = 0
    end: int | None = None
    """None: the mail is the whole file. Else it lies in an mbox, quoted as mails are there."""
    size: int = field(default=0, compare=False)
    """Bytes, as it was found."""

    def read(self) -> bytes:
        try:
            with open(self.path, "rb") as file:
                if self.end is None:
                    return file.read()
                file.seek(self.start)
                return unquoted(file.read(self.end - self.start))
        except OSError as error:
            raise StorageFailed(f"{self.path} cannot be read: {_why(error)}.") from error


@dataclass(frozen=True, slots=True)
class Skipped:
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    entries: list[Entry]
    """Oldest first, so that a mail comes before the answers to it."""
    skipped: list[Skipped]
    """Files that are no mail, or cannot be read."""


def find_mails(paths: Sequence[Path], progress: Callable[[int], None] | None = None) -> Source:
    """Look at every file under `paths`; `progress` is told how many mails were found so far."""
    for path in paths:
        if not path.exists():
            raise NotFound(f"There is no file or folder {path}.")
    found: list[tuple[float, int, Entry]] = []
    skipped: list[Skipped] = []
    for path in paths:
        for date, item in _mails_under(path):
            if isinstance(item, Skipped):
                skipped.append(item)
                continue
            found.append((date, len(found), item))
            if progress and len(found) % 100 == 0:
                progress(len(found))
    if progress:
        progress(len(found))
    found.sort(key=lambda one: one[:2])
    return Source([entry for _, _, entry in found], skipped)


_Dated = tuple[float, Entry | Skipped]
_NOT_MEANT = frozenset({"drafts", "trash", "deleted", "junk", "spam"})
"""Folders of a Maildir whose mails nobody wants as tickets, unless they name the folder itself."""
_FLAGGED = re.compile(r":2,[A-Za-z]*[DT]")


def _mails_under(path: Path) -> Iterator[_Dated]:
    if not path.is_dir():
        yield from _mails_in_file(path, is_mail=path.suffix.lower() == ".eml", is_named=True)
        return
    try:
        yield from _mails_in_folder(path)
    except OSError as error:
        raise StorageFailed(f"{error.filename or path} cannot be read: {_why(error)}.") from error


def _mails_in_folder(folder: Path) -> Iterator[_Dated]:
    is_maildir = (folder / "new").is_dir() and (folder / "cur").is_dir()
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            if is_maildir and entry.name in ("new", "cur"):
                for file in sorted(path.iterdir(), key=lambda file: file.name):
                    if _FLAGGED.search(file.name):
                        yield 0.0, Skipped(str(file), "It is marked as a draft, or as deleted.")
                    elif not file.is_dir():
                        yield from _mails_in_file(file, is_mail=True)
            elif is_maildir and entry.name.rpartition(".")[2].lower() in _NOT_MEANT:
                yield 0.0, Skipped(str(path), "It holds what was not meant; name it to take it in.")
            elif not _is_hidden(entry.name, is_maildir) and not (is_maildir and entry.name == "tmp"):
                yield from _mails_in_folder(path)
        elif not (entry.name.startswith(".") or is_maildir):
            yield from _mails_in_file(path, is_mail=path.suffix.lower() == ".eml")


def _is_hidden(name: str, in_maildir: bool) -> bool:
    """Maildir++ keeps its folders under names with a dot."""
    return name.startswith(".") and not in_maildir


def _mails_in_file(path: Path, is_mail: bool, is_named: bool = False) -> Iterator[_Dated]:
    if not path.is_file():
        yield 0.0, Skipped(str(path), "It is a link to a folder." if path.is_dir() else "It is not a file.")
        return
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if not is_mail and _FROM_LINE.match(head):
                yield from _mails_in_mbox(path, file)
            elif is_mail or is_named or looks_like_mail(head):
                date, status = _date(head), os.fstat(file.fileno())
                entry = Entry(str(path), size=status.st_size)
                yield status.st_mtime if date is None else date, entry
            else:
                yield 0.0, Skipped(str(path), "It does not look like a mail." if head else "It is empty.")
    except OSError as error:
        yield 0.0, Skipped(str(path), f"It cannot be read: {_why(error)}.")


# "From ada@example.com Tue Mar  4 10:00:00 2025", Thunderbird's "From - " with a date or nothing at all,
# Eudora's "From ???@???". A line of text that begins with "From " has no time of day in it.
_FROM_LINE = re.compile(
    rb"From (?:[^\n]*\d{1,2}:\d\d(?::\d\d)?\b[^\n]*|\?\?\?@\?\?\?[^\n]*|-?[ \t]*)\r?\n"
    rb"(?=[!-9;-~]+[ \t]*:|>From )"
)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def _mails_in_mbox(path: Path, file: BinaryIO) -> Iterator[_Dated]:
    starts = list(_from_lines(file))
    end = os.fstat(file.fileno()).st_size
    date = 0.0
    for (_, start), (stop, _) in zip(starts, [*starts[1:], (end, end)], strict=True):
        file.seek(start)
        date = _date(file.read(_HEAD)) or date
        yield date, Entry(str(path), start, stop, stop - start)


def _from_lines(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Begin and end of each From_ line: the first line, and those behind an empty line, with a field after
    them.
    """
    file.seek(0)
    place = 0
    is_after_blank = True
    candidate: tuple[int, bytes] | None = None
    for line in file:
        if candidate:
            start, from_line = candidate
            if _FROM_LINE.match(from_line + line):
                yield start, place
            candidate = None
        if is_after_blank and line.startswith(b"From "):
            candidate = place, line
        is_after_blank = line in (b"\n", b"\r\n")
        place += len(line)


def unquoted(mail: bytes) -> bytes:
    """A mail out of an mbox as it was: without the empty line behind it, and `>From ` unquoted (mboxrd)."""
    if mail.endswith(b"\r\n\r\n"):
        mail = mail[:-2]
    elif mail.endswith(b"\n\n"):
        mail = mail[:-1]
    return _QUOTED.sub(rb"\1", mail)


_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_USUAL_FIELDS = frozenset(
    b"from to cc bcc subject date message-id received return-path delivered-to reply-to sender mime-version "
    b"content-type content-transfer-encoding in-reply-to references envelope-to x-original-to dkim-signature "
    b"authentication-results list-id x-mailer user-agent".split()
)


def looks_like_mail(head: bytes) -> bool:
    """Whether a file that begins so is a mail: fields until an empty line, two of them such as mails have."""
    seen = set()
    for number, line in enumerate(head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").splitlines()):
        if not line.strip():
            break
        field = _FIELD.match(line)
        if field:
            seen.add(field.group(1).lower())
        elif not line.startswith((b" ", b"\t")) and not (number == 0 and line.startswith(b"From ")):
            break
    return len(seen & _USUAL_FIELDS) >= 2


_DATE = re.compile(rb"^date[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")


def _date(head: bytes) -> float | None:
    """The Date field in seconds since 1970, as well as it can be read; it only decides the order."""
    end = _END_OF_HEADER.search(head)
    field = _DATE.search(head, 0, end.start() if end else len(head))
    if not field:
        return None
    try:
        parts = parsedate_tz(field.group(1).decode("latin-1"))
        return float(mktime_tz(parts)) if parts else None
    except (ValueError, OverflowError, IndexError):
        return None


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
