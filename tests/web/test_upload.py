"""web.upload: what comes with a form, measured while it comes; what is too much loses nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from core.files import LocalFiles
from web.upload import Body, Limits, display_name, read_body, size_words, store

LIMITS = Limits(count=2, size=1000, total=1500)
BOUNDARY = "b0undary"


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    named = "" if filename is None else f'; filename="{filename}"\r\nContent-Type: image/png'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def whole(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def read(content: bytes, limits: Limits = LIMITS, announced: bool = True, kind: str = "") -> Body:
    chunks: Iterator[bytes] = iter([content[place : place + 100] for place in range(0, len(content), 100)])

    async def receive() -> dict[str, object]:
        chunk = next(chunks, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    headers = [(b"content-type", (kind or f"multipart/form-data; boundary={BOUNDARY}").encode())]
    if announced:
        headers.append((b"content-length", str(len(content)).encode()))
    return await read_body(Request({"type": "http", "method": "POST", "headers": headers}, receive), limits)


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(tmp_path)


async def test_fields_and_files_come_as_they_were_sent(files: LocalFiles) -> None:
    body = await read(
        whole(
            part("email", b"kim@example.com"),
            part("message", "a\r\nGröße\0".encode()),
            part("files", b"x", "C:\\a\\photo.png"),
        )
    )
    assert (body.text("email"), body.text("message"), body.text("nothing")) == (
        "kim@example.com",
        "a\nGröße",
        "",
    )
    kept, faults = await store(files, body, LIMITS)
    assert faults == []
    (one,) = kept
    assert (one["filename"], one["content_type"], one["size"]) == ("photo.png", "text/plain", 1)
    assert files.get("attachments", one["sha256"]) == b"x"


async def test_a_field_without_a_chosen_file_is_none(files: LocalFiles) -> None:
    body = await read(whole(part("files", b"", "")))
    assert await store(files, body, LIMITS) == ([], [])


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_that_is_too_large_is_thrown_away_and_the_rest_stays(
    files: LocalFiles, announced: bool
) -> None:
    body = await read(
        whole(
            part("a", b"1"),
            part("files", b"y" * 1001, "big.txt"),
            part("files", b"z", "small.txt"),
            part("b", b"2"),
        ),
        announced=announced,
    )
    assert (body.text("a"), body.text("b")) == ("1", "2")
    kept, faults = await store(files, body, LIMITS)
    assert [one["filename"] for one in kept] == ["small.txt"]
    assert faults == ["“big.txt” is larger than 1000 bytes."]


async def test_more_files_than_allowed_and_more_than_fit_are_named(files: LocalFiles) -> None:
    parts = [part("files", b"y" * size, f"{place}.txt") for place, size in enumerate((900, 700, 500, 10))]
    limits = Limits(count=3, size=1000, total=1500)
    kept, faults = await store(files, await read(whole(*parts), limits), limits)
    assert [one["filename"] for one in kept] == ["0.txt", "2.txt"]
    assert faults == [
        "“1.txt” is too much: files together may have 1 kB.",
        "“3.txt” is one file too many: Up to 3 files, each up to 1000 bytes, together up to 1 kB.",
    ]


async def test_what_came_before_counts_too(files: LocalFiles) -> None:
    before = [{"filename": "old", "content_type": "text/plain", "size": 1495, "sha256": "0" * 64}]
    kept, faults = await store(files, await read(whole(part("files", b"123456", "new"))), LIMITS, before)
    assert (kept, len(faults)) == (before, 1)
    kept, faults = await store(files, await read(whole(part("files", b"12345", "new"))), LIMITS, before)
    assert ([one["filename"] for one in kept], faults) == (["old", "new"], [])


async def test_a_field_of_a_megabyte_is_cut(files: LocalFiles) -> None:
    body = await read(whole(part("message", b"y" * 1_000_000)))
    assert len(body.text("message")) == 512 * 1024


async def test_programs_and_empty_files_are_not_kept(files: LocalFiles) -> None:
    body = await read(whole(part("files", b"#!/bin/sh", "a.txt"), part("files", b"", "b.txt")))
    assert await store(files, body, LIMITS) == (
        [],
        ["“a.txt” was not taken: programs are not taken.", "“b.txt” is empty."],
    )
    assert list(files.listing("attachments")) == []


async def test_a_plain_form_is_one_too() -> None:
    body = await read(
        b"email=kim%40example.com&message=a%00b%0D%0Ac", kind="application/x-www-form-urlencoded"
    )
    assert (body.text("email"), body.text("message")) == ("kim@example.com", "ab\nc")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "multipart/form-data", 400),
        (b"--other\r\n", "", 400),
        (b"a=1&" * 200, "application/x-www-form-urlencoded", 400),
        (whole(*(part(str(place), b"") for place in range(101))), "", 400),
    ],
)
async def test_what_is_no_form_is_refused(content: bytes, kind: str, status: int) -> None:
    with pytest.raises(HTTPException) as raised:
        await read(content, kind=kind)
    assert raised.value.status_code == status


def test_names_are_no_paths() -> None:
    assert display_name("../../etc/passwd") == "passwd"
    assert display_name("C:\\Users\\kim\\a.png") == "a.png"
    assert display_name("a\x1b[31m\u202egnp.exe") == "a␛[31mgnp.exe"
    assert display_name("") == "unnamed"


def test_limits_are_said_in_words() -> None:
    assert Limits(5, 10 << 20, 15 << 20).words == "Up to 5 files, each up to 10 MB, together up to 15 MB."
    assert Limits(1, 1 << 19, 1 << 20).words.startswith("One file")
    assert [size_words(size) for size in (0, 1, 1023, 1024, 1_600_000)] == [
        "0 bytes",
        "1 byte",
        "1023 bytes",
        "1 kB",
        "1.5 MB",
    ]
