"""`ttydesk init`: chooses where the desk lies, makes it work, and writes the settings."""

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands.opening import settings_of
from commands.output import is_terminal, write, write_wrapped
from commands.question import ask, given
from commands.typed import plain

if TYPE_CHECKING:
    from core.config import Settings
    from core.setup import Plan

Kind = Literal["embedded", "postgres", "supabase"]
_KINDS: dict[str, Kind] = {"1": "embedded", "2": "postgres", "3": "supabase"}
_QUESTION = """Where shall the desk lie?
  1  here, in a Postgres that comes along: for one person, or to begin with
  2  in a Postgres of your own: for a team that may be any agent of the desk
  3  at Supabase: for a team where each signs in"""

_WIDEST = len("database")
_WHO = "Your e-mail address"
_KEY = "Publishable key"
_SECRET_KEY = "Secret key, to make the first admin and for the daemon (enter: none; not shown)"
_DATABASE = "URL of the database, to bring it up to date (enter: none; not shown)"


@dataclass(frozen=True, slots=True, repr=False)
class Chosen:
    """None: it was not said."""

    kind: Kind | None
    email: str | None
    mailbox: str | None
    url: str | None
    publishable_key: str | None
    secret_key: str | None
    keep_secret_key: bool | None
    database_url: str | None


def init(
    context: typer.Context,
    kind: Annotated[
        Kind | None, typer.Argument(metavar="KIND", help="embedded, postgres or supabase; asked for without.")
    ] = None,
    email: Annotated[
        str | None,
        typer.Option(parser=plain, metavar="EMAIL", help="Who you are; at Supabase, who is the first admin."),
    ] = None,
    mailbox: Annotated[
        str | None, typer.Option(parser=plain, metavar="EMAIL", help="The address that customers write to.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(parser=plain, metavar="URL", help="The address of the Supabase project.")
    ] = None,
    publishable_key: Annotated[
        str | None, typer.Option(parser=plain, metavar="KEY", help="The project's publishable key.")
    ] = None,
    secret_key: Annotated[
        str | None,
        typer.Option(parser=plain, metavar="KEY", help="The project's secret key; - reads it from stdin."),
    ] = None,
    keep_secret_key: Annotated[
        bool | None,
        typer.Option(
            "--keep-secret-key/--forget-secret-key",
            help="Whether the daemon runs here, which takes that key.",
        ),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            parser=plain,
            metavar="URL",
            help="Your Postgres; or that of the Supabase project, used once. - reads it from stdin.",
        ),
    ] = None,
) -> None:
    """Set the desk up, or repair what is missing of it. On a terminal it asks for what was not said."""
    import asyncio

    from core.text import safe_line

    settings = settings_of(context)
    chosen = Chosen(
        kind, email, mailbox, url, publishable_key,
        given(secret_key, "Secret key"), keep_secret_key, given(database_url, "Database URL"),
    )  # fmt: skip
    if sys.stdin.isatty():
        chosen = _asked(chosen, settings)
    plan = _plan(_completed(chosen, settings), settings)

    async def work() -> None:
        from core.setup import set_up

        async for step in set_up(plan):
            _print(step.name, safe_line(step.said, limit=1000))

    asyncio.run(work())


def _print(name: str, said: str) -> None:
    if is_terminal():
        write_wrapped([([name.ljust(_WIDEST), said], "bold")])
    else:
        write(f"{name:<{_WIDEST}} {said}")


def _asked(chosen: Chosen, now: "Settings") -> Chosen:
    """What was not said, asked for on the terminal; what is set already is the answer of enter alone."""
    kind = chosen.kind
    if kind is None:
        write(_QUESTION)
        number = {name: number for number, name in _KINDS.items()}[_kind_of(now)]
        answer = ask("Which", number)
        kind = _KINDS.get(answer)
        if kind is None:
            raise typer.BadParameter(f"{answer!r} is none of 1, 2 and 3.")
    chosen = replace(chosen, kind=kind)
    if kind == "supabase":
        return _asked_of_supabase(chosen, now)
    if kind == "postgres" and not (chosen.database_url or now.database_url):
        chosen = replace(chosen, database_url=ask("URL of your Postgres (not shown)", secret=True))
    return replace(
        chosen,
        email=chosen.email or ask(_WHO, now.agent or "") or None,
        mailbox=chosen.mailbox or ask("Address that customers write to", now.mailbox.address),
    )


def _asked_of_supabase(chosen: Chosen, now: "Settings") -> Chosen:
    from core.config import load

    hosted = now.supabase
    if not chosen.url:
        chosen = replace(chosen, url=ask("Address of the project, https://NAME.supabase.co", hosted.url))
    load(home=now.home, **{"supabase.url": chosen.url})  # what cannot be is said before more is asked
    said, key = ("Publishable key (enter: as it is set)", "") if hosted.publishable_key else (_KEY, None)
    secret, database = chosen.secret_key, chosen.database_url
    chosen = replace(
        chosen,
        publishable_key=chosen.publishable_key or ask(said, key) or None,
        secret_key=secret or ask(_SECRET_KEY, "", secret=True) or None,
        database_url=database or ask(_DATABASE, "", secret=True) or None,
    )
    who = "Address of the first admin (enter: there is one)" if chosen.secret_key else _WHO
    chosen = replace(chosen, email=chosen.email or ask(who, now.agent or "") or None)
    if chosen.secret_key and chosen.keep_secret_key is None:
        keep = ask("Does the daemon run here? Then the secret key is kept (y/n)", "n")
        chosen = replace(chosen, keep_secret_key=keep.lower().startswith("y"))
    return chosen


def _completed(chosen: Chosen, now: "Settings") -> Chosen:
    """With what is set already. Raises BadParameter for what cannot be left out."""
    kind = chosen.kind
    if kind is None:
        raise typer.BadParameter("Say where the desk shall lie: embedded, postgres or supabase.")
    hosted = now.supabase
    database_url = chosen.database_url
    if database_url is None and now.database_url and (kind == "postgres" or not _is_in_file(now)):
        database_url = now.database_url.get_secret_value()
    key = hosted.publishable_key.get_secret_value() if hosted.publishable_key else None
    chosen = replace(
        chosen,
        url=chosen.url or hosted.url,
        publishable_key=chosen.publishable_key or key,
        database_url=database_url,
    )
    needed = {
        "postgres": {"--database-url": chosen.database_url},
        "supabase": {"--url": chosen.url, "--publishable-key": chosen.publishable_key},
    }.get(kind, {})
    if missing := [option for option, value in needed.items() if not value]:
        raise typer.BadParameter(f"It takes {' and '.join(missing)}.")
    return chosen


def _plan(chosen: Chosen, now: "Settings") -> "Plan":
    from core.setup import Plan

    changes: dict[str, str | None] = {}
    if chosen.kind == "supabase":
        changes |= {"supabase.url": chosen.url, "supabase.publishable_key": chosen.publishable_key}
        if chosen.keep_secret_key is not None:
            key = now.supabase.secret_key.get_secret_value() if now.supabase.secret_key else None
            changes["supabase.secret_key"] = (chosen.secret_key or key) if chosen.keep_secret_key else None
        if _is_in_file(now):
            changes["database_url"] = None
    else:
        own = chosen.database_url if chosen.kind == "postgres" else None
        changes |= {"database_url": own, "supabase.url": None}
    changes |= {"agent": chosen.email} if chosen.email else {}
    changes |= {"mailbox.address": chosen.mailbox} if chosen.mailbox else {}
    once = chosen.database_url if chosen.kind == "supabase" else None
    return Plan.of(now.home, changes, chosen.secret_key, once)


def _kind_of(now: "Settings") -> Kind:
    return "supabase" if now.supabase.url else "postgres" if now.database_url else "embedded"


def _is_in_file(now: "Settings") -> bool:
    """Whether database_url is, and so is a Postgres of one's own."""
    from core.config import describe

    return any(row.key == "database_url" and row.origin == "file" for row in describe(now))
