import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import markdown


def test_an_answer_below_a_quote_stands_outside_of_it() -> None:
    page = markdown.render("> Is it waterproof?\nYes.\n")
    assert page.index("</blockquote>") < page.index("Yes.")


@pytest.mark.parametrize(
    "content",
    [
        "<script>alert(1)</script>",
        "<img src=https://track.example/a.gif>",
        "![a](https://track.example/a.gif)",
        "![a](cid:x@y)",
        "[a](javascript:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](file:///etc/passwd)",
        "[a](vbscript:x)",
        "<javascript:alert(1)>",
        '[a](https://x.example "\\" onmouseover=alert(1) x=\\"")',
        '![\\"><script>](https://x.example/"><script>)',
    ],
)
def test_html_loads_and_runs_nothing(content: str) -> None:
    body = markdown.render(content)
    assert "<script" not in body and "<img" not in body and " src=" not in body.replace("&lt;img src=", "")
    for scheme in ("javascript:", "data:", "file:", "vbscript:", "cid:"):
        assert f'href="{scheme}' not in body
    assert '" onmouseover' not in body


def test_links_are_made_of_bare_addresses_with_a_scheme() -> None:
    page = markdown.render("See https://lumen.example/a_b_c or log.txt, help@lumen.com\n")
    assert '<a href="https://lumen.example/a_b_c">' in page
    assert '<a href="mailto:help@lumen.com">' in page
    assert page.count("<a ") == 2


def test_lines_stay_lines_and_blocks_find_their_direction() -> None:
    assert markdown.render("one\ntwo") == '<p dir="auto">one<br />\ntwo</p>\n'
    assert '<td dir="auto">1</td>' in markdown.render("|a|\n|---|\n|1|\n")


def test_a_shell_session_in_a_fence_stays_as_it_is() -> None:
    assert "&gt; ls\na.txt\n</code>" in markdown.render("```\n> ls\na.txt\n```\n")


def test_a_signature_has_no_blocks() -> None:
    assert markdown.render_line("- Ada\n# Lumen") == "- Ada<br />\n# Lumen"


def test_placeholders_are_named_once_in_their_order() -> None:
    assert markdown.placeholders("{{b}} {{ a.x }} {{b}} `{{c}}`") == ["b", "a.x"]


@settings(deadline=None)
@given(text=st.text(alphabet="<>&\"'`*_[]()!:\n ajxhtp/.{}#-|~\\", max_size=80))
def test_no_tag_is_let_through_and_no_link_leads_elsewhere(text: str) -> None:
    from selectolax.lexbor import LexborHTMLParser

    for node in LexborHTMLParser(markdown.render(text)).css("*"):
        assert node.tag not in ("script", "img", "iframe", "object", "form", "svg")
        assert set(node.attributes) <= {"href", "title", "dir", "class", "start", "style", "rel"}
        address = node.attributes.get("href") or "mailto:"
        assert address.lower().startswith(markdown.SCHEMES)
