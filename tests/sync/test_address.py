"""Address lists as they are really written."""

import pytest

from sync.address import parse
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
