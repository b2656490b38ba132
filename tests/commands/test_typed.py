"""What people type, against what the models know."""

from typing import get_args

import pytest
import typer

from commands import typed
from core import models
from core.webhooks import WebhookState


@pytest.mark.parametrize("name", ["Status", "Priority", "Sort", "Role"])
def test_the_choices_are_those_of_the_models(name: str) -> None:
    assert list(get_args(getattr(typed, name))) == [str(each) for each in getattr(models, name)]


def test_the_states_of_deliveries_are_those_of_the_model() -> None:
    assert list(get_args(typed.DeliveryState)) == [str(each) for each in WebhookState]


@pytest.mark.parametrize("said", ["1042", "#1042", "[#1042]", " 1042 "])
def test_ticket_numbers(said: str) -> None:
    assert typed.ticket_number(said) == 1042


@pytest.mark.parametrize("said", ["", "#", "-1", "1.5", "1_000", "²", "٣", "1042x", "1e3", "9" * 19])
def test_what_is_no_ticket_number(said: str) -> None:
    with pytest.raises(typer.BadParameter, match="no ticket number"):
        typed.ticket_number(said)


def test_text_is_taken_as_it_is_unless_it_is_none() -> None:
    assert typed.plain("Grüße\n\x1b") == "Grüße\n\x1b"
    with pytest.raises(typer.BadParameter, match="UTF-8"):
        typed.plain("\udcff")
