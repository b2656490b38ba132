"""Content-Type and Content-Disposition with their parameters (RFC 2045, RFC 2231), as really written."""

import re
from urllib.parse import unquote_to_bytes

from sync.charset import decode
from sync.header import decode_words

# A value is quoted, or runs to the semicolon: spaces in unquoted file names are common.
PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;]*))', re.DOTALL)
MAIN = re.compile(r"\s*([^\s;=,]*)")
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
SECTION = re.compile(r"(.+?)\*(\d+)?(\*)?\Z")
TYPE = re.compile(r"[\w.+-]+/[\w.+*-]+\Z")
SEPARATORS = re.compile(r"[/\\]")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
# More of them than any mail client writes; what follows is not looked at.
LIMIT = 400


def split(value: str) -> tuple[str, dict[str, str]]:
    """The main value in lower case, and the parameters by lower-case name, joined and decoded."""
    main = MAIN.match(value)
    if main and value[main.end() :].lstrip()[:1] == "=":  # nothing but parameters
        value = f";{value}"
        main = MAIN.match(value)
    first = (main[1] if main else "").lower().strip("\"'")
    rest = value[main.end() :] if main else ""
    if not rest:
        return first, {}
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, found in enumerate(PARAMETER.finditer(rest if ";" in rest else ";" + rest.lstrip(", "))):
        if count > LIMIT:
            break
        name = found[1].lower()
        content = ESCAPED.sub(_unescape, found[2]) if found[2] is not None else found[3].strip()
        section = SECTION.match(name) if "*" in name else None
        if section:
            number = int(section[2][:5]) if section[2] else 0
            pieces.setdefault(section[1], {})[number] = (content, bool(section[3]) or not section[2])
        else:
            plain.setdefault(name, content)
    for name, sections in pieces.items():
        plain[name] = _join(sections)
    return first, plain


def _unescape(found: re.Match[str]) -> str:
    # Windows paths come with single backslashes: only what RFC 5322 lets be quoted loses them.
    return found[1] if found[1] in '"\\' else found[0]


def _join(sections: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231, section 4.1: the charset is in the first section, each says whether it is encoded."""
    charset, out = "", b""
    for number in sorted(sections):
        content, encoded = sections[number]
        if encoded and number == min(sections) and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        out += unquote_to_bytes(content) if encoded else content.encode("utf-8", "surrogatepass")
    return decode_words(decode(out, charset)[0])


def media_type(value: str, default: str) -> tuple[str, dict[str, str]]:
    """What is no type/subtype counts as `default` (RFC 2045, section 5.2), but keeps its parameters."""
    if not value:
        return default, {}
    first, parameters = split(value)
    if TYPE.match(first):
        return first, parameters
    return (
        "text/plain" if first in ("text", "plain") else "text/html" if first == "html" else default
    ), parameters


def filename(disposition: dict[str, str], content_type: dict[str, str]) -> str:
    """The name a file was sent under: without folders, controls and bidi marks."""
    name = disposition.get("filename") or content_type.get("name") or disposition.get("name") or ""
    return clean_name(decode_words(name))


def clean_name(name: str) -> str:
    if "'" in name and name.lower().startswith(("utf-8''", "iso-8859-1''", "us-ascii''")):
        name = decode(unquote_to_bytes(name.split("''", 1)[1]), name.split("'", 1)[0])[0]
    if len(name) > 2 and name[0] == name[-1] == "'":
        name = name[1:-1]
    name = CONTROLS.sub("", name.strip().replace("\r\n", "_").replace("\n", "_")).strip()
    return SEPARATORS.split(name)[-1].strip() if SEPARATORS.search(name) else name
