"""core.portal_link: tokens that are found wherever a mail program has put them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from core.portal_link import Entrance, links_in, new_link, sha256_of, without_links
from core.sections import Web

ENTRANCE = Entrance("https://help.example.com/portal", 60)


def test_a_link_is_long_random_and_plain() -> None:
    first, second = new_link(ENTRANCE), new_link(ENTRANCE)
    assert first.url != second.url
    assert re.fullmatch(r"https://help\.example\.com/portal/in/ttp_[0-9a-f]{40}", first.url)
    assert first.sha256 == sha256_of(first.url.rpartition("/")[2])


def test_where_the_portal_is_say_the_settings() -> None:
    assert Entrance.of(Web()) is None
    web = Web(address="https://help.example.com/", portal_links=False, portal_link_days=0.5)
    assert Entrance.of(web) == Entrance("https://help.example.com/portal", 43200, False)


@given(st.text(), st.text())
def test_links_are_found_and_cut_out_of_any_text(before: str, after: str) -> None:
    link = new_link(ENTRANCE)
    text = f"{before}<{link.url}>{after}"
    assert links_in(text, text) == [link.sha256]
    assert without_links(text) == f"{before}<{ENTRANCE.url}>{after}"


def test_a_link_that_others_have_rewritten_is_found() -> None:
    link = new_link(ENTRANCE)
    token = link.url.rpartition("/")[2]
    rewritten = f"https://safe.example/?url=https%3A%2F%2Fhelp.example.com%2Fportal%2Fin%2F{token}&data=1"
    assert links_in(rewritten) == [link.sha256]
    assert token not in without_links(rewritten)
