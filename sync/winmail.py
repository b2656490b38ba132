"""winmail.dat: what Outlook packs its attachments and sometimes the text into (MS-OXTNEF)."""

import logging
import struct
import warnings
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unpacked:
    files: tuple[tuple[str, bytes], ...]
    """Name and content."""
    text: str
    html: str


TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
SIGNATURE = b"\x78\x9f\x3e\x22"


def is_winmail(content_type: str, filename: str, content: bytes) -> bool:
    named = content_type in TYPES or filename.lower() in ("winmail.dat", "win.dat")
    return named and content[:4] == SIGNATURE


def unpack(content: bytes) -> Unpacked | None:
    """The files and texts inside, None when it is too damaged to read."""
    from tnefparse import TNEF

    # It logs what it does not know; this text is the sender's, and a log is no place for it.
    logging.getLogger("tnefparse").setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = TNEF(content)
            files = tuple(
                (_text(item.long_filename() or item.name), _bytes(item.data)) for item in found.attachments
            )
            return Unpacked(files, _text(found.body), _text(found.htmlbody))
    # tnefparse reads by offsets that the sender wrote; these are what a wrong one leads to.
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        RecursionError,
        TypeError,
        ValueError,
        struct.error,
    ):
        return None


def _text(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, bytes):
        from sync.charset import decode

        return decode(value.rstrip(b"\x00"))[0]
    return str(value).rstrip("\x00") if value else ""


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, (bytes, bytearray)) else b""
