"""`ttydesk login`, `logout` and `whoami`: who you are on a hosted desk."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.opening import settings_of, with_desk
from commands.output import write, write_json
from commands.question import ask
from commands.typed import Json, plain

if TYPE_CHECKING:
    from core.models import Agent


def login(
    context: typer.Context,
    email: Annotated[
        str | None, typer.Argument(parser=plain, metavar="EMAIL", help="Your address; asked for without it.")
    ] = None,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, in place of mailing a code.")
    ] = False,
    code: Annotated[
        str | None, typer.Option(parser=plain, metavar="CODE", help="A code that was mailed before.")
    ] = None,
) -> None:
    """Sign in to a desk at Supabase, with a code that is mailed to you or with a password."""
    import asyncio

    email = email or settings_of(context).agent or ask("E-mail")
    agent = asyncio.run(_sign_in(context, email, password, code))
    write(f"You are {_safe(agent.email)}, {agent.role} of this desk.")


def logout(context: typer.Context) -> None:
    """Forget the sign-in on this machine, and end it at Supabase."""
    import asyncio

    from core.connect import Way, session_of
    from core.errors import NotFound

    session = session_of(Way.of(settings_of(context)))
    if asyncio.run(session.kept()) is None:
        raise NotFound("Nobody is signed in here.")
    heard = asyncio.run(session.end())
    write("Signed out." if heard else "Signed out here; Supabase did not answer, and will end it by itself.")


def whoami(context: typer.Context, json: Json = False) -> None:
    """Who you are on this desk."""
    agent = with_desk(context, lambda desk: desk.whoami())
    if json:
        write_json(agent)
        return
    name = f" ({_safe(agent.name)})" if agent.name else ""
    sees = ", ".join(agent.departments) if agent.role == "agent" else ""
    write(f"{_safe(agent.email)}{name}: {agent.role}{f', sees {_safe(sees)}' if sees else ''}")


async def _sign_in(context: typer.Context, email: str, password: bool, code: str | None) -> "Agent":
    from core.connect import Way, open_desk
    from core.sign_in import HostedSignIn

    settings = settings_of(context)
    sign_in = HostedSignIn(Way.of(settings))
    if password:
        await sign_in.enter_password(email, await _asked("Password", secret=True))
    else:
        if code is None:
            await sign_in.send_code(email)
            write(f"A code was mailed to {_safe(email)}.")
        await sign_in.enter_code(email, code or await _asked("Code"))
    async with open_desk(settings) as desk:
        return await desk.whoami()


async def _asked(question: str, secret: bool = False) -> str:
    import asyncio

    return await asyncio.to_thread(ask, question, secret=secret)


def _safe(text: str) -> str:
    from core.text import safe_line

    return safe_line(text)
