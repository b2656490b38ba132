"""What an answer that is no result means, whoever gave it."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from core.errors import (
    Conflict,
    DeskError,
    Forbidden,
    Invalid,
    NotFound,
    SignedOut,
    Unreachable,
    from_code,
)
from core.refusal import refusal

PAGE = b"<html><body>Bad gateway: token eyJhbGciOi.secret</body></html>"


def said(code: str | None, message: str = "It said so.", hint: str | None = None) -> bytes:
    return json.dumps(
        {"code": code, "message": message, "hint": hint, "details": "eyJhbGciOi.secret"}
    ).encode()


@pytest.mark.parametrize(
    ("status", "code"),
    [(422, "PT422"), (404, "PT404"), (409, "PT409"), (403, "42501"), (401, "42501"), (409, "23505"),
     (400, "22P02"), (500, "57014"), (503, "53100"), (503, "57P01"), (500, "XX000"), (500, "40001")],
)  # fmt: skip
def test_what_the_database_says_is_the_same_error_as_through_postgres(status: int, code: str) -> None:
    refused = refusal("reply", status, {}, said(code, "It said so.", "Do this."))
    same = from_code(code, "It said so.", "Do this.")
    assert type(refused.error) is type(same)
    assert (str(refused.error), refused.error.hint) == (str(same), same.hint)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("PGRST202", NotFound, "The database has no operation reply."),
        ("PGRST203", NotFound, "The database has no operation reply."),
        ("PGRST301", SignedOut, "You are not signed in (It said so)."),
        ("PGRST302", SignedOut, "You are not signed in (It said so)."),
        ("PGRST303", SignedOut, "You are no longer signed in (It said so)."),
        ("PGRST106", Conflict, "The Supabase project does not serve the schema public."),
        ("PGRST003", Unreachable, "The database cannot be reached: It said so."),
        ("PGRST102", Invalid, "did not understand the call of reply: It said so (PGRST102)."),
        ("PGRST300", DeskError, "did not understand the call of reply: It said so (PGRST300)."),
    ],
)  # fmt: skip
def test_what_postgrest_says(code: str, kind: type[DeskError], words: str) -> None:
    refused = refusal("reply", 400, {}, said(code))
    assert type(refused.error) is kind
    assert str(refused.error).removeprefix("The hosted database ") == words
    if kind is SignedOut:
        assert refused.error.hint == "Sign in with: ttydesk login"


@pytest.mark.parametrize(
    ("status", "kind", "words", "again"),
    [
        (200, Unreachable, "something on the way answered in its place", False),
        (302, NotFound, "There is no Supabase at the address", False),
        (401, SignedOut, "You are not signed in", False),
        (403, Forbidden, "Something between here and the database refused the call", False),
        (404, NotFound, "There is no Supabase at the address", False),
        (413, Invalid, "too much for one call", False),
        (429, Unreachable, "asked more often than Supabase allows", True),
        (500, Unreachable, "its server failed", False),
        (502, Unreachable, "its server is not there", True),
        (503, Unreachable, "its server is not there", True),
        (504, Unreachable, "its server is not there", True),
        (522, Unreachable, "its server is not there", True),
        (540, Unreachable, "The Supabase project is paused", False),
    ],
)
def test_a_page_from_whoever_lies_between(
    status: int, kind: type[DeskError], words: str, again: bool
) -> None:
    refused = refusal("reply", status, {}, PAGE)
    assert type(refused.error) is kind
    assert words in str(refused.error)
    assert refused.again is again


def test_a_key_that_supabases_gateway_refuses() -> None:
    refused = refusal("reply", 401, {}, b'{"message": "Invalid API key", "hint": "Double check it."}')
    assert isinstance(refused.error, Forbidden)
    assert "does not accept the key" in str(refused.error)


@pytest.mark.parametrize(
    "content", [PAGE, said("PGRST301"), said("PT404"), b'{"message": 3}', b"[1]", b"\xff"]
)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500, 503])
def test_no_answer_is_shown_as_it_came(status: int, content: bytes) -> None:
    refused = refusal("reply", status, {}, content)
    for words in (str(refused), str(refused.error), refused.error.hint or "", repr(refused)):
        assert "eyJ" not in words
        assert "<" not in words


@pytest.mark.parametrize("code", ["57P01", "57P03", "53300", "08006", "PGRST000", "PGRST002"])
def test_a_database_that_is_being_started_is_asked_again(code: str) -> None:
    assert refusal("reply", 503, {}, said(code)).again


@pytest.mark.parametrize("code", ["PT503", "53100", "42501", "40P01", "57014", "PGRST301"])
def test_what_would_be_refused_again_is_not(code: str) -> None:
    assert not refusal("reply", 503, {}, said(code)).again


def test_it_waits_as_long_as_it_is_told_to_but_not_for_ever() -> None:
    told = refusal("reply", 429, {"retry-after": "3"}, b"")
    assert (told.again, told.after) == (True, 3)
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=5), usegmt=True)
    assert 3 < refusal("reply", 503, {"retry-after": date}, b"").after <= 5
    assert refusal("reply", 503, {"retry-after": "soon"}, b"").after == 0
    long = refusal("reply", 429, {"retry-after": "600"}, b"")
    assert not long.again
    assert long.error.hint == "Try again in 600 seconds."
