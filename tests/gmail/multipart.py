"""Reading bodies of many parts, as batches and uploads send them.

Not with the email package: it would take every mail inside apart, and be slow at that.
"""

import re
from collections.abc import Mapping

from tests.gmail.problem import Problem


def boundary_of(content_type: str) -> bytes:
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None:
        raise Problem(400, "badContent", "Missing multipart boundary")
    return match[1].encode()


def parts_of(body: bytes, boundary: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Headers, with lower-case names, and content of each part."""
    pieces = re.split(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|$)", body)
    # Between the pieces stands what the group caught: the end, or nothing.
    found: list[tuple[dict[str, str], bytes]] = []
    for piece, end in zip(pieces[2::2], pieces[1::2], strict=True):
        if end is not None:
            return found
        found.append(head_and_body(piece))
    raise Problem(400, "badContent", "Missing end of the multipart body")


def head_and_body(piece: bytes) -> tuple[dict[str, str], bytes]:
    if piece[:1] == b"\n" or piece[:2] == b"\r\n":
        return {}, piece.split(b"\n", 1)[1]
    head, *rest = re.split(rb"\r?\n\r?\n", piece, maxsplit=1)
    return headers_in(head), rest[0] if rest else b""


def headers_in(head: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in head.decode("latin-1").splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}


def joined(parts: list[tuple[Mapping[str, str], bytes]], boundary: str) -> bytes:
    pieces = []
    for headers, content in parts:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        pieces += [f"--{boundary}\r\n{head}\r\n".encode(), content, b"\r\n"]
    return b"".join(pieces) + f"--{boundary}--\r\n".encode()
