"""Content-Type and Content-Disposition as they are really written."""

import pytest

from sync.parse import parse_mail

HEAD = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nHello\n--x\n"
WRITTEN = {
    b"Content-Type: application/pdf\nContent-Disposition: filename=a.pdf": "a.pdf",
    b"Content-Type: application/pdf, name=a.pdf": "a.pdf",
    b"Content-Type: application/pdf name=a.pdf": "a.pdf",
    b"Content-Type: name=a.pdf": "a.pdf",
    b'Content-Type: application/pdf; name="\xb4\xf2\xd3\xa1\xbb\xfa.pdf"; charset=gb2312': "打印机.pdf",
    b'Content-Type: x/y; charset=gb2312\nContent-Disposition: x; filename="\xb4\xf2.pdf"': "打.pdf",
}


@pytest.mark.parametrize("header", WRITTEN)
def test_a_file_has_its_name(header: bytes) -> None:
    (file,) = parse_mail(HEAD + header + b"\n\nabc\n--x--\n").attachments
    assert file.filename == WRITTEN[header]
