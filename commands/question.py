"""What a command asks for when it was not given: typed on a terminal, or piped in, a line for each."""

import sys

import typer


def ask(question: str, default: str = "", secret: bool = False) -> str:
    """The answer; enter alone takes the default. Of a secret nothing is shown."""
    shown = f"{question} [{default}]: " if default else f"{question}: "
    if not sys.stdin.isatty():
        answer = sys.stdin.readline()
    elif secret:
        import getpass

        answer = getpass.getpass(shown)
    else:
        answer = input(shown)
    if not (answer.strip() or default):
        raise typer.BadParameter(f"Nothing was typed for “{question}”.")
    return answer.strip() or default


def given(value: str | None, question: str) -> str | None:
    """The value of an option; for - a line of stdin, so that no list of processes shows a secret."""
    return ask(question, secret=True) if value == "-" else value
