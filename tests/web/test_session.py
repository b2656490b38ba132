"""web.session and web.csrf: what a visitor's browser holds, and what a form brings back."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request

from core.portal_link import sha256_of
from web.csrf import Slips, require_own_page, require_slip
from web.front import Front
from web.session import new_token, session_of

MINE, THEIRS = "a" * 64, "a" * 31 + "b" * 33


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/portal", "scheme": "http", "headers": raw,
             "server": ("10.0.0.1", 8025), "query_string": b""}  # fmt: skip
    return Request(scope)


def test_a_session_is_made_of_link_form_and_key(front: Front) -> None:
    token = new_token(front, "ttp_a", "b")
    assert token == new_token(front, "ttp_a", "b") and len(token) == 68
    others = {new_token(front, "ttp_a", "c"), new_token(front, "ttp_ab", ""), new_token(front, "", "ttp_ab")}
    assert len(others | {token}) == 4


def test_a_session_is_known_by_the_hash_of_its_cookie(front: Front) -> None:
    assert session_of(request(), front) is None
    assert session_of(request(cookie="__Host-ttydesk="), front) is None
    assert session_of(request(cookie="ttydesk=tts_a"), front) is None, "anybody below our domain could set it"
    assert session_of(request(cookie="x=y; __Host-ttydesk=tts_a"), front) == sha256_of("tts_a")


def test_a_slip_is_of_one_session_and_keeps_its_name(front: Front) -> None:
    slips, name = Slips(front), uuid4()
    assert slips.read(MINE, slips.write(MINE, name)) == name
    assert slips.read(MINE, slips.write(MINE)) != slips.read(MINE, slips.write(MINE))
    assert slips.read(THEIRS, slips.write(MINE)) is None
    assert Slips(front.__class__(**{**vars(front), "key": "another"})).read(MINE, slips.write(MINE)) is None


@given(st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_what_is_no_slip_is_refused(front: Front, text: str) -> None:
    assert Slips(front).read(MINE, text) is None
    with pytest.raises(HTTPException, match="403"):
        require_slip(request(), front, MINE, text)


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({}, True),
        ({"sec_fetch_site": "same-origin", "origin": "null"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site", "origin": "https://help.example.com"}, False),
        ({"origin": "https://help.example.com"}, True),
        ({"origin": "http://10.0.0.1:8025", "host": "10.0.0.1:8025"}, False),
        ({"origin": "http://help.example.com"}, False),
        ({"origin": "https://help.example.com.evil.example"}, False),
        ({"origin": "null"}, False),
    ],
)
def test_another_site_is_known_by_what_the_browser_says(
    front: Front, headers: dict[str, str], is_ours: bool
) -> None:
    if is_ours:
        require_own_page(request(**headers), front)
    else:
        with pytest.raises(HTTPException, match="403"):
            require_own_page(request(**headers), front)
