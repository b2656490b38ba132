"""What of a mail a person reads, where its parts are not what they say."""

from sync.parse import parse_mail
from sync.parsed import ParsedMail

HEAD = b"From: a@b.example\nSubject: x\n"
PARTS = b"--bb\n\nHello\n--bb\nContent-Type: text/enriched\n\n<bold>Hello</bold>\n--bb--\n"


def read(more: bytes) -> ParsedMail:
    return parse_mail(HEAD + more)


def test_a_page_that_says_it_is_plain_is_a_page() -> None:
    assert read(b"Content-Type: text/plain\n\n<html><body><p>Hello</p></body></html>").text == "Hello"


def test_the_commands_of_enriched_text_are_left_out() -> None:
    said = b"<bold>Hello</bold> <color><param>red</param>you</color> <<x>"
    assert read(b"Content-Type: text/enriched\n\n" + said).text == "Hello you <x>"


def test_enriched_text_beside_plain_says_the_same() -> None:
    assert read(b"Content-Type: multipart/alternative; boundary=bb\n\n" + PARTS).text == "Hello"


def test_text_with_a_boundary_has_parts() -> None:
    mail = read(b"Content-Type: text/plain; boundary=bb\n\n" + PARTS.replace(b"text/enriched", b"image/png"))
    assert (mail.text, len(mail.attachments)) == ("Hello", 1)


def test_a_carriage_return_too_many_is_no_blank_line() -> None:
    mail = parse_mail((HEAD + b"To: c@d.example\n\nHello\nyou").replace(b"\n", b"\r\r\n"))
    assert (mail.to[0].email, mail.text) == ("c@d.example", "Hello\nyou")
