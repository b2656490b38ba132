"""What a command asks for when it was not given: typed on a terminal, or piped in, a line for each."""

import sys

import typer


def ask(question: str, default: str | None = None, secret: bool = False) -> str:
    """The answer; enter alone takes the default, where there is one. Of a secret nothing is shown."""
    shown = f"{question} [{default}]: " if default else f"{question}: "
    try:
        answer = _typed(shown, secret).strip()
    except EOFError:
        raise typer.Abort from None
    if not answer and default is None:
        raise typer.BadParameter(f"Nothing was typed for “{question}”.")
    return answer or default or ""


def _typed(shown: str, secret: bool) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    if secret:
        import getpass

        return getpass.getpass(shown)
    return input(shown)


def given(value: str | None, question: str) -> str | None:
    """The value of an option; for - a line of stdin, so that no list of processes shows a secret."""
    return ask(question, secret=True) if value == "-" else value
