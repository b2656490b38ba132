"""Files that are sent to do harm: to the disk, to whoever opens them, to whoever reads their names."""

import io
import zipfile

import httpx
import pytest

from core.desk import Desk
from core.files import LocalFiles
from core.text import FILENAME_LIMIT
from tests.web.abuse.conftest import TYPED, Form, tickets
from web.front import Front
from web.upload import Limits

NAMES = [
    "../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "C:\\boot.ini",
    "a/../../b.txt",
    "..",
    ".htaccess",
    "-rf",
    "con.txt",
    "a\r\nSet-Cookie: a=b.txt",
    'a"; filename="b.html',
    "a\x1b]0;owned\x07.txt",
    "txt.\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe\N{POP DIRECTIONAL FORMATTING}.txt",
    "x" * 5000 + ".txt",
    "\N{PILE OF POO}" * 300 + ".txt",
    "<script>alert(1)</script>.txt",
    " .txt",
    "a.txt\N{NO-BREAK SPACE}.",
]
WEARING_ANOTHER_NAME = {
    "a page that says it is a picture": (
        "photo.png",
        b"<!doctype html><script>alert(1)</script>",
        "text/plain",
    ),
    "a picture that is a script too": ("photo.gif", b"GIF89a/*" + b"\0" * 40 + b"*/=alert(1)//", "image/gif"),
    "a picture with a script": ("photo.svg", b"<svg xmlns='x'><script>alert(1)</script></svg>", "text/plain"),
    "a document that is a page": ("bill.pdf", b"<html><body onload=alert(1)>", "text/plain"),
}
PROGRAMS = {
    "Windows, as a picture": ("photo.png", b"MZ\x90\0" + b"\0" * 99),
    "Linux, as a text": ("note.txt", b"\x7fELF\x02\x01\x01" + b"\0" * 99),
    "a script": ("note", b"#!/bin/sh\nrm -rf /\n"),
    "by its name": ("bill.pdf.exe", b"hello"),
    "by its name, with a dot behind it": ("bill.exe.", b"hello"),
    "by its name, hidden": ("bill\N{RIGHT-TO-LEFT OVERRIDE}fdp.scr", b"hello"),
    "a page that is run as a program": ("bill.hta", b"<html>"),
    "a link of Windows": ("bill.pdf.lnk", b"L\0\0\0"),
}


def archive(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as writer:
        for name, content in members:
            writer.writestr(name, content)
    return packed.getvalue()


async def test_a_name_is_no_path_and_no_command(form: Form, desk: Desk, front: Front) -> None:
    for name in NAMES:
        answer = await form.send((name, name.encode(errors="replace") or b"x", "text/plain"))
        assert answer.status_code in (303, 400, 422), (name, answer.text)
    names = [file.filename for one in await tickets(desk) for file in one.messages[0].attachments]
    assert len(names) >= 12, "most of them are names all the same"
    for name in names:
        assert name.isprintable() and not set(name) & set('/\\:*?"<>|'), name
        assert not name.startswith((".", "-")) and len(name.encode()) <= FILENAME_LIMIT, name
    assert isinstance(front.files, LocalFiles)
    home = front.settings.home
    stored = [file.relative_to(home) for file in home.rglob("*") if file.is_file()]
    assert stored and all(file.parts[:2] == ("files", "attachments") for file in stored)


async def test_what_a_file_is_says_its_content(form: Form, desk: Desk) -> None:
    for name, content, kind in WEARING_ANOTHER_NAME.values():
        assert (await form.send((name, content, "text/html"))).status_code == 303
        newest = (await tickets(desk))[0].messages[0].attachments[0]
        assert (newest.filename, newest.content_type) == (name, kind)


async def test_a_program_is_not_taken_under_any_name(form: Form, desk: Desk) -> None:
    for why, (name, content) in PROGRAMS.items():
        answer = await form.send((name, content, "image/png"))
        assert answer.status_code == 422 and "programs are not taken" in answer.text, why
        assert TYPED["message"] in answer.text
    assert await tickets(desk) == []


async def test_an_archive_is_not_unpacked(form: Form, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte that would be a gigabyte is a megabyte here."""

    def unpack(*arguments: object, **options: object) -> None:
        raise AssertionError("It was unpacked.")

    zeros = archive(("zeros", bytes(50_000_000)))
    bomb = archive(*((f"{n}.zip", zeros) for n in range(10)))
    lying = archive(("../../../etc/cron.d/x", b"* * * * * root reboot"))
    for reads in ("open", "read", "extract", "extractall"):
        monkeypatch.setattr(zipfile.ZipFile, reads, unpack)
    for content in (bomb, lying, bomb[:1000], b"PK\x03\x04" + b"\xff" * 200):
        assert (await form.send(("a.zip", content, "application/zip"))).status_code == 303
    kinds = [one.messages[0].attachments[0].content_type for one in await tickets(desk)]
    assert kinds[2:] == ["application/zip"] * 2


async def test_more_than_is_taken_is_refused_and_the_rest_is_kept(
    form: Form, front: Front, desk: Desk
) -> None:
    limits = Limits.of(front.settings)
    many = [(f"{n}.txt", b"x%d" % n, "text/plain") for n in range(limits.count + 1)]
    answer = await form.send(*many)
    assert answer.status_code == 422 and "too many" in answer.text and TYPED["message"] in answer.text
    large = await form.send(("a.txt", b"a" * (limits.size + 1), "text/plain"))
    assert large.status_code == 422 and TYPED["message"] in large.text
    assert await tickets(desk) == []


async def test_what_is_larger_than_all_of_it_is_not_read(client: httpx.AsyncClient, front: Front) -> None:
    headers = {"Content-Length": str(Limits.of(front.settings).body + 1)}
    answer = await client.post("/form", content=_unread(), headers=headers)
    assert answer.status_code == 413


async def test_ten_thousand_parts_are_too_many(form: Form, client: httpx.AsyncClient) -> None:
    files = [("files", (f"{n}.txt", b"x", "text/plain")) for n in range(10_000)]
    assert (await client.post("/form", data={"stamp": await form.stamp()}, files=files)).status_code == 400


async def _unread():  # type: ignore[no-untyped-def]
    raise AssertionError("It was read.")
    yield b""
