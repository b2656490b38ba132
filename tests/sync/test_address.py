"""Address lists as they are really written."""

import pytest

from sync.address import first, parse
from sync.parsed import Address

KIM, BO = "kim@example.com", "bo@example.com"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r'"Kim \\" <kim@example.com>, "Bo" <bo@example.com>', [("Kim \\", KIM), ("Bo", BO)]),
        (r'"Kim \"K\" Hidé" <kim@example.com>', [('Kim "K" Hidé', KIM)]),
        (r'"Hidé, \"Kim" <kim@example.com>, bo@example.com', [('Hidé, "Kim', KIM), ("", BO)]),
        ('"Kim <kim@example.com>, Bo <bo@example.com>', [("Kim", KIM), ("Bo", BO)]),
        (r'"Kim\\\" <kim@example.com>, Bo <bo@example.com>', [(r"Kim\\", KIM), ("Bo", BO)]),
    ],
    ids=["backslash at the end", "quotes inside", "one quote inside", "never closed", "closed by none"],
)
def test_a_quoted_name_ends_where_its_quotes_do(written: str, read: list[tuple[str, str]]) -> None:
    assert parse(written) == tuple(Address(name, email) for name, email in read)


@pytest.mark.parametrize(
    ("written", "name", "email"),
    [
        ("=?utf-8?Q?M=C3=BCller_<x@y.example>?= <a@b.example>", "Müller <x@y.example>", "a@b.example"),
        ("=?utf-8?Q?M=C3=BCller,_Ann?= <a@b.example>", "Müller, Ann", "a@b.example"),
        ("Ann Smith [mailto:a@b.example]", None, "a@b.example"),
        ("a @ b.example", "", "a@b.example"),
        ('"very odd"@b.example', "", '"very odd"@b.example'),
        ("a@[192.0.2.1]", "", "a@[192.0.2.1]"),
        ("Ann = Smith =? <a@b.example>", "Ann = Smith =?", "a@b.example"),
    ],
)
def test_an_address_is_found_where_it_is(written: str, name: str | None, email: str) -> None:
    found = first(written)
    assert found and found.email == email and name in (None, found.name)
