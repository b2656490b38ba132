"""No operation is forgotten: each has a test of its name here, which has to call it (see conftest.py)."""

import ast
from pathlib import Path

import pytest

from tests.core.contract.operations import OPERATIONS

TESTS = {
    node.name.removeprefix("test_")
    for file in Path(__file__).parent.glob("test_*.py")
    for node in ast.parse(file.read_text()).body
    if isinstance(node, ast.AsyncFunctionDef) and "door" in {argument.arg for argument in node.args.args}
}


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_an_operation_goes_through_every_door(operation: str) -> None:
    assert operation in TESTS
