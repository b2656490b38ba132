"""web.wording: words for people, and our Markdown as it looks in a mail."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from core.models import Status
from web.wording import STATUS, from_markdown, moment


def test_every_status_has_words() -> None:
    assert set(STATUS) == set(Status)


def test_a_moment_is_said_whole() -> None:
    assert moment(datetime(2026, 3, 2, 9, 5, tzinfo=UTC)) == "2 March 2026, 09:05 UTC"
    assert (
        moment(datetime(2026, 3, 2, 1, 5, tzinfo=timezone(timedelta(hours=3)))) == "1 March 2026, 22:05 UTC"
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**a** `b`", '<p dir="auto"><strong>a</strong> <code>b</code></p>'),
        ("- a\n- b", '<li dir="auto">a</li>'),
        ("see https://example.com", '<a href="https://example.com" rel="noopener noreferrer">'),
        ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
        ("| a |\n|---|\n| b |", '<td dir="auto">b</td>'),
    ],
)
def test_markdown_is_rendered(text: str, html: str) -> None:
    assert html in from_markdown(text)


@given(st.text(alphabet="<>[]()!*_`#|\\\n ajs:/\"'&;=", max_size=80))
def test_no_text_becomes_anything_that_acts(text: str) -> None:
    body = LexborHTMLParser(f"<body>{from_markdown(text)}</body>").body
    assert body is not None
    for node in body.css("*"):
        assert node.tag not in ("script", "img", "iframe", "form", "style")
        assert set(node.attributes) <= {"href", "dir", "start", "rel"}
