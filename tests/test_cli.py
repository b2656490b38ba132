"""The command line against what is written about it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from commands.root import app

ROOT = Path(__file__).parent.parent
MANUAL = (ROOT / "docs/cli.md").read_text("utf-8")
DOCUMENTS = {
    name: (ROOT / name).read_text("utf-8")
    for name in ("README.md", "docs/cli.md", "docs/gmail.md", "docs/run.md", "docs/supabase.md")
}
COMPLETION = {"--install-completion", "--show-completion"}

Command = Any
"""What Typer makes of a function: `.commands` where it has some, and `.params`."""


def commands_under(command: Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Command]]:
    """Every command that does something, under the words one types for it."""
    inner = getattr(command, "commands", {})
    if not inner or command.invoke_without_command:
        yield " ".join(words), command
    for name, each in inner.items():
        yield from commands_under(each, (*words, name))


ROOT_COMMAND: Command = typer.main.get_command(app)
COMMANDS = dict(commands_under(ROOT_COMMAND))


def options_of(command: Command) -> set[str]:
    names = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    return {name for name in names if name.startswith("-")} - {"--help", "-h"}


EVERYWHERE = options_of(ROOT_COMMAND) | {"--help", "-h"}


def test_the_commands_of_the_desk_are_all_there() -> None:
    expected = """
        ticket list, ticket show, ticket create, ticket reply, ticket unsend, ticket note, ticket update,
        mail import, mail ingest, mail parse, mail why, mail verify,
        mail quarantine list, mail quarantine show, mail quarantine retry,
        gmail connect, gmail status, gmail watch, gmail stop, gmail disconnect,
        agent add, agent list, agent update, token create, token list, token revoke,
        db migrate, db status, db stop, config show, config path,
        sync, demo, doctor
    """
    assert {" ".join(each.split()) for each in expected.split(",")} <= set(COMMANDS)


def sections() -> dict[str, str]:
    """What docs/cli.md says about each command that has a heading, by its words."""
    parts = re.split(r"^##+ (.*)$", MANUAL, flags=re.M)
    return {
        " ".join(word for word in heading.removeprefix("ttydesk ").split() if word.islower()): text
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
        if heading.startswith("ttydesk ")
    }


def named_options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", " ".join(re.findall(r"`([^`]*)`", text))))


def test_every_command_is_documented_and_no_other() -> None:
    assert set(sections()) == set(COMMANDS) - {""}


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_is_documented_and_no_other(words: str) -> None:
    text = sections()[words] if words else MANUAL.partition("\n## ")[0]
    documented = named_options(text)
    exist = options_of(COMMANDS[words])
    assert exist - COMPLETION <= documented
    assert documented <= exist or not words  # the introduction may name options of any command


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_the_documents_say_to_type_can_be_typed(document: str) -> None:
    typed = re.findall(r"(?:uv run |[$`])\s*ttydesk((?: +[^\s`|<]+)*)", DOCUMENTS[document])
    assert len(typed) >= 5
    for line in typed:
        command, words = ROOT_COMMAND, line.split()
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        if getattr(command, "commands", {}) and words and not command.invoke_without_command:
            assert words == ["NOUN", "VERB"], line
        used = {word for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word)}
        assert used <= options_of(command) | EVERYWHERE, line


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_a_sentence(words: str) -> None:
    command = COMMANDS[words]
    assert command.help and command.help.rstrip().endswith((".", ")."))
