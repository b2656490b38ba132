"""The digest of what is asked and answered: any change of it is another one, and nothing else is."""

import os
import subprocess
import sys
from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel

from core.interface import interface
from core.version import SQL


class Colour(StrEnum):
    RED = "red"


class Lamp(BaseModel):
    colour: Colour
    watts: int | None
    beside: "list[Lamp]" = []


class Desk:
    async def show_lamp(self, number: int) -> Lamp:
        raise NotImplementedError

    async def _own_affair(self) -> None: ...

    def close(self) -> None: ...


class NewOperation(Desk):
    async def dim_lamp(self, number: int) -> None: ...


class NewArgument:
    async def show_lamp(self, number: int, room: str = "") -> Lamp:
        raise NotImplementedError


class OtherArgument:
    async def show_lamp(self, number: str) -> Lamp:
        raise NotImplementedError


class NewWord(StrEnum):
    RED = "red"
    BLUE = "blue"


def answering(**fields: Any) -> type:
    """The desk, with another kind of lamp."""
    lamp = type("Lamp", (BaseModel,), {"__annotations__": fields, "__module__": __name__})

    async def show_lamp(self: object, number: int) -> object: ...

    show_lamp.__annotations__["return"] = lamp
    return type("Desk", (), {"show_lamp": show_lamp})


PLAIN = interface(answering(colour=Colour, watts=int | None))


@pytest.mark.parametrize(
    "fields",
    [
        {"colour": Colour},
        {"colour": Colour, "watts": int},
        {"colour": Colour, "watts": int | None, "lumen": int},
        {"colour": NewWord, "watts": int | None},
        {"colour": Colour, "watt": int | None},
        {"colour": Colour, "watts": list[int] | None},
        {"colour": list[Colour], "watts": int | None},
    ],
)
def test_whatever_is_answered_otherwise_makes_another(fields: dict[str, Any]) -> None:
    assert interface(answering(**fields)) != PLAIN
    assert interface(answering(watts=int | None, colour=Colour)) == PLAIN


@pytest.mark.parametrize("other", [NewOperation, NewArgument, OtherArgument])
def test_whatever_is_asked_otherwise_makes_another(other: type) -> None:
    assert interface(other) != interface(Desk)


def test_what_is_nobody_elses_affair_makes_none() -> None:
    class Same:
        async def show_lamp(self, number: int) -> Lamp:
            """It says more, and does it otherwise."""
            return Lamp(colour=Colour.RED, watts=number)

        async def _other_affair(self, lamp: Lamp) -> None: ...

        def follow(self) -> None: ...

    assert interface(Same) == interface(Desk)


def test_it_is_the_same_in_every_process() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "from core.interface import interface; print(interface())"],
        cwd=SQL.parent, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert said.stdout.strip() == interface()
