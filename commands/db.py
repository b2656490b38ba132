"""`ttydesk db`: the Postgres under the desk."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.opening import settings_of
from commands.output import write, write_json
from commands.question import given
from commands.typed import Json, plain

if TYPE_CHECKING:
    from core.config import Settings
    from core.migrate import Report

app = typer.Typer(help="The database: migrate, status, stop.", no_args_is_help=True)


DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        parser=plain,
        metavar="URL",
        help="The database of a project at Supabase, for this once; - reads it from stdin.",
    ),
]


@app.command("migrate")
def migrate(context: typer.Context, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Bring the database up to this version. The desk does it by itself, except at Supabase."""
    from core.connect import own_address
    from core.embedded import Embedded
    from core.migrate import migrate as run

    settings = settings_of(context)
    url = given(database_url, "Database URL")
    url = url or (settings.database_url.get_secret_value() if settings.database_url else None)
    if settings.supabase.url:
        report = _migrate_hosted(settings, url)
    elif url:
        report = run(own_address(url))
    else:
        with Embedded(settings.home) as server:
            report = run(server.start())
    if json:
        write_json(report)
    elif report.nothing:
        write("There was nothing to do.")
    else:
        for name in report.migrations:
            write(f"applied {name}")
        write(f"made {report.operations} operations anew")


def _migrate_hosted(settings: "Settings", database_url: str | None) -> "Report":
    import asyncio

    from core.errors import Invalid

    if not database_url:
        raise Invalid(
            "The desk is at Supabase: its database is changed by a URL of its own, for this once.",
            hint="ttydesk db migrate --database-url URL; Supabase shows it under Connect, Session pooler.",
        )
    from core.hosted import migrate_hosted, require_served

    hosted = settings.supabase
    assert hosted.url
    report = migrate_hosted(hosted.url, database_url)
    if key := hosted.publishable_key or hosted.secret_key:
        asyncio.run(require_served(hosted.url, key.get_secret_value(), database_url))
    return report


@app.command("status")
def status(context: typer.Context, json: Json = False) -> None:
    """Which database it is, and whether it runs or answers. Starts nothing."""
    from core.embedded import Embedded
    from core.text import safe_line

    settings = settings_of(context)
    if settings.supabase.url:
        _print_hosted(settings, json)
        return
    if settings.database_url:
        write_json({"embedded": False}) if json else write("Your own Postgres (database_url is set).")
        return
    found = Embedded(settings.home).status()
    if json:
        write_json(
            {
                "embedded": True,
                "running": found.running,
                "pid": found.pid,
                "users": found.users,
                "data": str(found.data),
            }
        )
        return
    write(f"The Postgres that came along, in {safe_line(str(found.data))}.")
    if not found.running:
        write("It does not run; the first program that needs it starts it.")
    else:
        used = "" if found.users is None else f"; programs that use it: {found.users}"
        write(f"It runs as process {found.pid}{used}.")


def _print_hosted(settings: "Settings", json: bool) -> None:
    import asyncio

    from core.connect import no_key
    from core.hosted import require_version
    from core.text import safe_line

    hosted = settings.supabase
    key = hosted.publishable_key or hosted.secret_key
    if not key:
        raise no_key("supabase.publishable_key")
    assert hosted.url
    said = asyncio.run(require_version(hosted.url, key.get_secret_value()))
    if json:
        write_json({"embedded": False, "url": hosted.url})
    else:
        write(f"The project at Supabase, {safe_line(hosted.url)}. It answers. {safe_line(said)}")


@app.command("stop")
def stop(context: typer.Context) -> None:
    """Stop the Postgres that came along, should a program have left it running."""
    from core.embedded import Embedded
    from core.errors import Conflict, Invalid

    settings = settings_of(context)
    if settings.supabase.url:
        raise Invalid("The desk is at Supabase: nothing of it runs here.")
    if settings.database_url:
        raise Invalid("The desk uses your own Postgres.", hint="Stop it the way you started it.")
    if not Embedded(settings.home).stop():
        raise Conflict(
            "Other programs still use the database.", hint="The last of them stops it when it ends."
        )
    write("The database is stopped.")
