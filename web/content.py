"""What a file is, by what is in it: neither its name nor what a browser says of it is believed.

Programs are not taken. A name can make a file be refused, because systems decide by it what to run; it can
never make one be taken.
"""

import io
import re
import zipfile
from typing import Any

import puremagic

_PROGRAMS = (
    b"\x7fELF",  # Linux
    b"#!",  # scripts
    *(b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),  # macOS
    b"\xca\xfe\xba\xbe",  # macOS, for several processors; Java
    b"dex\n",  # Android
    b"\0asm",  # WebAssembly
    b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F",  # a shortcut of Windows
)
_RUN_BY_NAME = re.compile(
    r"\.(?:exe|com|scr|pif|cpl|dll|sys|msi|msp|mst|msix|appx|bat|cmd|ps1|psm1|vbs?|vbe|jse?|wsf|wsh|hta|lnk|url|reg"
    r"|scf|inf|gadget|application|jar|apk|dmg|pkg|app|command|workflow|desktop|run|appimage|deb|rpm|sh|bash|zsh|csh"
    r"|ksh|py|pyw|pl|rb|php|iso|img|vhdx?|chm|settingcontent-ms|library-ms|xll|wasm)\Z",
    re.IGNORECASE,
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_INSTALLER = b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0F"
"""The class of a Windows Installer file, as its root entry holds it."""
_OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_LOOKED_AT = 1 << 16
"""Bytes of a text that decide whether it is one."""


def refusal(name: str, content: bytes) -> str | None:
    """Why this file is not taken, as half a sentence; None: it is."""
    if is_program(content) or _RUN_BY_NAME.search(name.rstrip(". ")):
        return "programs are not taken"
    return None


def is_program(content: bytes) -> bool:
    """Whether some system would run it."""
    start = content.removeprefix(b"\xef\xbb\xbf")
    if start.startswith(_PROGRAMS):
        return True
    if content.startswith(b"MZ") and not _is_text(content):  # Windows; a text may begin with these letters
        return True
    if content.startswith(_OLE):
        return _INSTALLER in content
    return any(name in ("META-INF/MANIFEST.MF", "AndroidManifest.xml") for name in _members(content))


def type_of(content: bytes) -> str:
    """The media type of a file that is no program."""
    if names := _members(content):
        return _archive_type(names, content)
    if _is_text(content):
        return "text/plain"
    for match in _matches(content):
        if _TYPE.fullmatch(match.mime_type):
            return str(match.mime_type)
    return "application/octet-stream"


def _matches(content: bytes) -> list[Any]:
    try:
        return list(puremagic.magic_string(content))
    except (puremagic.PureError, ValueError):  # it knows nothing like it; it is empty
        return []


def _is_text(content: bytes) -> bool:
    """UTF-8 without controls that no text has."""
    start = content[:_LOOKED_AT]
    try:
        text = start.decode()
    except UnicodeDecodeError as error:
        if len(start) == len(content) or error.start < len(start) - 4:  # else a character was cut
            return False
        text = start[: error.start].decode()
    return not re.search(r"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]", text) and not text.startswith("%PDF-")


def _members(content: bytes) -> list[str]:
    """The names in an archive, if it is a whole one."""
    if not content.startswith(b"PK"):
        return []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RecursionError):
        return []


def _archive_type(names: list[str], content: bytes) -> str:
    if "[Content_Types].xml" in names:
        for folder, office in _OFFICE.items():
            if any(name.startswith(folder) for name in names):
                return office
    if names[0] == "mimetype":  # OpenDocument and EPUB begin with it, not compressed
        declared = content[38:128].split(b"PK")[0].decode("latin-1").strip()
        if declared.startswith(("application/vnd.oasis.", "application/epub")) and _TYPE.fullmatch(declared):
            return declared
    return "application/zip"
