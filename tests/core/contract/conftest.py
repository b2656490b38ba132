"""A door of each kind for each contract test."""

from collections.abc import AsyncIterator

import pytest

from tests.core.contract.door import DOORS, Door, postgres_door, supabase_door
from tests.core.contract.operations import OPERATIONS


@pytest.fixture(params=DOORS)
async def door(request: pytest.FixtureRequest) -> AsyncIterator[Door]:
    """The test that is named after an operation has to call it."""
    if request.param == "postgres":
        opened = postgres_door(request.getfixturevalue("database"))
    else:
        opened = supabase_door(request.getfixturevalue("hosted"), lossy=request.param != "supabase")
    async with opened as door:
        yield door
        operation = request.function.__name__.removeprefix("test_")
        if operation in OPERATIONS:
            assert operation in door.calls.operations
