"""web.original: whatever a mail holds, what is shown of it does nothing."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from core.portal_link import Entrance, new_link
from web.original import HEADERS, harmless, html_of


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    html_of(raw)
    html_of(b"Content-Type: text/html; charset=" + raw[:20].replace(b"\n", b"") + b"\n\n" + raw)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-7", "no-such-thing", "idna", "base64"])
def test_html_is_found_in_any_charset(charset: str) -> None:
    raw = f"Content-Type: text/html; charset={charset}\n\n<p>Hello</p>\n"
    assert "<p>Hello</p>" in (html_of(raw.encode()) or "")


def test_of_a_mail_with_files_the_page_is_found_and_no_file_that_is_one() -> None:
    mail = EmailMessage()
    mail.set_content("Hello")
    mail.add_attachment("<p>A file</p>", subtype="html", filename="page.html")
    assert html_of(mail.as_bytes()) is None
    other = EmailMessage()
    other.set_content("Hello")
    other.add_alternative("<p>The page</p>", subtype="html")
    assert html_of(other.as_bytes()) == "<p>The page</p>\n"


def test_a_style_has_no_place_for_an_address() -> None:
    styled = "color:red;background:url(http://evil.example/a);background-image:url(http://evil.example/b);"
    more = "list-style:url(http://evil.example/c);position:fixed;margin-left:2em;cursor:url(http://evil.example/d),auto"
    page = harmless(f'<p style="{styled}{more}">Hello</p>')
    assert '<p style="color:red;margin-left:2em">Hello</p>' in page


ACTING = ("script", "img", "iframe", "form", "svg", "math", "style", "base", "meta", "link", "object")
TAGS = ("p", "a", "table", *ACTING)
PIECES = st.sampled_from(
    [
        *(f"<{tag}>" for tag in TAGS),
        *(f"</{tag}>" for tag in TAGS),
        '<a href="javascript:alert(1)">',
        '<p onclick="alert(1)" style="background: url(http://evil.example)">',
        "<img src=x onerror=alert(1)>",
        '<meta http-equiv="refresh" content="0;url=http://evil.example">',
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        '"',
        "'",
        "\0",
        "&lt;script&gt;",
        "text",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=60))
def test_nothing_is_left_that_acts_or_is_fetched(html: str) -> None:
    page = LexborHTMLParser(harmless(html))
    body = page.body
    assert body is not None
    for node in body.css("*"):
        assert node.tag not in ACTING
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            if name in ("href", "src", "cite"):
                assert not (value or "").strip().lower().startswith(("javascript", "data"))


def test_a_link_to_the_portal_is_not_shown() -> None:
    link = new_link(Entrance("https://help.example.com/portal", 60))
    assert "ttp_" not in harmless(f'<a href="{link.url}">{link.url}</a>')


def test_the_frame_may_do_nothing() -> None:
    policy = dict(part.strip().partition(" ")[::2] for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["sandbox"] == "" and policy["default-src"] == "'none'"
    assert policy["style-src"] == "'unsafe-inline'" and policy["frame-ancestors"] == "'self'"
    assert not {"script-src", "img-src", "connect-src"} & policy.keys()
