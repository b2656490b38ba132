"""Tokens as they are made; tests/sql/test_tokens.py shows what they open."""

import re
from typing import Any

from core.tokens import TokenGateway, new_secret, sha256_of


def test_no_two_are_alike_and_each_says_what_it_is() -> None:
    made = {new_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"ttd_[\w-]{43}", one) for one in made)


def test_what_the_database_holds_says_nothing_of_the_token() -> None:
    secret = new_secret()
    assert re.fullmatch("[0-9a-f]{64}", sha256_of(secret))
    assert sha256_of(secret) == sha256_of(secret) != sha256_of(new_secret())


def test_a_gateway_is_shown_without_it() -> None:
    nowhere: Any = None
    assert sha256_of("secret") not in repr(TokenGateway(nowhere, sha256_of("secret")))
