"""How secrets are compared, seen in the code itself.

`==` ends at the first letter that differs, and who measures long enough learns one letter after the other.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "web").rglob("*.py"))
"""What strangers reach. Core looks secrets up by their SHA-256, whose letters nobody can choose."""
SECRET = re.compile(
    r"(?:^|_)(token|secret|signature|hmac|mac|csrf|password|nonce|sha256|key|cookie)s?$|digest$"
)


def said_by(node: ast.expr) -> str:
    """The last name in an expression: that of a variable, a field, an item, or what is called."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(func=function):
            return said_by(function)
        case ast.Await(value=value):
            return said_by(value)
    return ""


def compared_plainly(source: str) -> list[str]:
    """Comparisons by == and != of what is called a secret, with something that is not written out there."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Compare)
        and any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
        and not any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))
        and any(SECRET.search(said_by(side)) for side in (node.left, *node.comparators))
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_secret_is_compared_letter_by_letter(file: Path) -> None:
    assert compared_plainly(file.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "given == expected_signature",
        "form['csrf'] != token",
        "mac.hexdigest() != given",
        "self.csrf == cookie",
    ],
)
def test_one_that_were_would_be_seen(source: str) -> None:
    assert compared_plainly(source)
