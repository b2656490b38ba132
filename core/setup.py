"""From settings that somebody chose to a desk that works, by steps that may all be taken again.

Each step says what it did, or that there was nothing to do; what is wrong ends them with a sentence. The
settings are written as soon as what they name has answered, so that what was typed is not lost by a mistake.
"""

import asyncio
import getpass
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from core.config import Settings, config_path, load
from core.errors import Conflict, DeskError, Invalid, NotFound, StorageFailed
from core.settings_file import write_settings

if TYPE_CHECKING:
    from core.bucket import Bucket
    from core.desk import Desk
    from core.migrate import Report

NOTHING = "Nothing to do."
_TRIAL = b"ttydesk init was here."


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    said: str
    """What was done or found, as a sentence. It may hold what others wrote."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was chosen."""

    settings: Settings
    """As they will be: what was chosen, over what was set before."""
    changes: dict[str, str | None] = field(repr=False)
    """What goes into the settings file, by its key; None is taken out."""
    database_url: str | None = field(default=None, repr=False)
    """Of a project at Supabase; used now, and not kept."""

    @classmethod
    def of(
        cls,
        home: Path,
        changes: Mapping[str, str | None],
        secret_key: str | None = None,
        database_url: str | None = None,
    ) -> Self:
        """Raises Invalid where a value cannot be. `secret_key` is used; kept is what is among the changes."""
        used = {"supabase.secret_key": secret_key} if secret_key else {}
        settings = load(home=home, **(dict(changes) | used))
        return cls(settings, {key: changes[key] and _value(settings, key) for key in changes}, database_url)

    @property
    def email(self) -> str | None:
        """Who works here, or becomes the first admin where the desk is at Supabase; as was said just now."""
        return self.changes.get("agent")


def set_up(plan: Plan) -> AsyncIterator[Step]:
    """The steps, each when it is done. Raises a DeskError where they cannot go on."""
    return _set_up_hosted(plan) if plan.settings.supabase.url else _set_up_postgres(plan)


async def _set_up_postgres(plan: Plan) -> AsyncIterator[Step]:
    from core.connect import open_desk, own_address

    settings = plan.settings
    if settings.database_url:
        from core.migrate import server_version

        address = own_address(settings.database_url.get_secret_value())
        version = await asyncio.to_thread(server_version, address)
        yield Step("server", f"It answers: PostgreSQL {version}.")
    yield _write(plan)
    yield Step("database", _told(await asyncio.to_thread(_migrate, settings)))
    async with open_desk(settings, service=True) as desk:
        yield Step("agent", await _settle_agent(plan, desk))
    yield _last(plan)


def _migrate(settings: Settings) -> "Report":
    from core.connect import own_address
    from core.embedded import Embedded
    from core.migrate import migrate

    if settings.database_url:
        return migrate(own_address(settings.database_url.get_secret_value()))
    with Embedded(settings.home) as server:
        return migrate(server.start())


def _told(report: "Report") -> str:
    if report.nothing:
        return NOTHING
    count = len(report.migrations)
    applied = f"Applied {count} migration{'s'[: count != 1]}, and made" if count else "Made"
    return f"{applied} {report.operations} operations."


async def _settle_agent(plan: Plan, desk: "Desk") -> str:
    """On a desk that is new, whoever opens it is its admin already."""
    from core.models import Role

    email = plan.settings.agent or f"{getpass.getuser()}@localhost"
    agents = {agent.email: agent for agent in await desk.list_agents()}
    if email in agents and agents[email].active:
        return f"You are {email}, {agents[email].role} of this desk."
    if plan.settings.agent is None:
        return f"The desk has agents: {', '.join(agents)}. Say who you are with --email."
    added = await desk.add_agent(email, "", Role.AGENT if plan.settings.database_url else Role.ADMIN)
    return f"You are {added.email}, {added.role} of this desk from now on."


async def _set_up_hosted(plan: Plan) -> AsyncIterator[Step]:
    from core.hosted import ask_sign_in, check_database, check_keys, require_closed

    url, key, secret = _keys(plan)
    check_keys(url, key, secret)
    if plan.database_url:
        check_database(url, plan.database_url)
    sign_in = await ask_sign_in(url, key)
    yield Step("project", f"{url} answers, and takes the publishable key.")
    yield _write(plan)
    async for step in _migrate_hosted(plan, url, key):
        yield step
    if secret:
        async for step in _serve(plan, url, secret):
            yield step
    await require_closed(url, key)
    yield Step("nobody", "Who has not signed in is refused.")
    yield Step("sign-in", _offers(sign_in))
    yield _last(plan)


def _keys(plan: Plan) -> tuple[str, str, str | None]:
    hosted = plan.settings.supabase
    if not hosted.url or not hosted.publishable_key:
        raise Invalid(
            "It takes the project's publishable key.",
            hint="Supabase shows it under Project Settings, API Keys.",
        )
    secret = hosted.secret_key.get_secret_value() if hosted.secret_key else None
    return hosted.url, hosted.publishable_key.get_secret_value(), secret


async def _migrate_hosted(plan: Plan, url: str, key: str) -> AsyncIterator[Step]:
    from core.hosted import migrate_hosted, require_served, require_version

    if plan.database_url:
        report = await asyncio.to_thread(migrate_hosted, url, plan.database_url)
        yield Step("database", _told(report))
        await require_served(url, key, plan.database_url)
        yield Step("api", "It serves the desk of this database, in this version.")
        return
    try:
        said = await require_version(url, key)
    except DeskError as error:
        needed = "Bring it up to date with the URL of its database: --database-url"
        raise type(error)(
            str(error), hint=needed if error.hint and "db migrate" in error.hint else error.hint
        ) from error
    yield Step("database", f"{NOTHING} {said}")


async def _serve(plan: Plan, url: str, secret: str) -> AsyncIterator[Step]:
    """What takes the secret key: whether it opens the desk, and the first admin."""
    from core.connect import open_desk
    from core.hosted import require_service

    await require_service(url, secret)
    yield Step("service", "The desk answers the secret key.")
    yield Step("files", await asyncio.to_thread(_try_bucket, url, secret))
    async with open_desk(plan.settings, service=True) as desk:
        yield Step("admin", await _settle_admin(plan, desk))


def _try_bucket(url: str, secret: str) -> str:
    """Write a file and read it again. It is always the same one, so nothing heaps up."""
    from core.bucket import BUCKET, Bucket

    bucket = Bucket(url, secret)
    try:
        place = f"attachments/{hashlib.sha256(_TRIAL).hexdigest()}"
        made = _fill(bucket, place)
        if bucket.download(place) != _TRIAL:
            raise StorageFailed(f"The bucket {BUCKET} gives back another file than it was given.")
    finally:
        bucket.close()
    return f"The bucket {BUCKET} {'was made anew, ' * made}takes files, and gives them back."


def _fill(bucket: "Bucket", place: str) -> bool:
    """Whether the bucket had to be made for it."""
    try:
        bucket.upload(place, _TRIAL)
        return False
    except NotFound:
        bucket.make()
        bucket.upload(place, _TRIAL)
        return True


async def _settle_admin(plan: Plan, desk: "Desk") -> str:
    from core.connect import Way, session_of
    from core.models import Role

    active = {agent.email: agent.role for agent in await desk.list_agents() if agent.active}
    admins = [email for email, role in active.items() if role is Role.ADMIN]
    if admins and (plan.email is None or plan.email in active):
        return f"{NOTHING} {' and '.join(admins)} {'are admins' if len(admins) > 1 else 'is admin'}."
    if admins:
        raise Conflict(
            f"The desk has an admin already: {' and '.join(admins)}.",
            hint=f"They add others: ttydesk agent add {plan.email} --role admin",
        )
    if plan.email is None:
        raise Invalid("The desk has no admin yet.", hint="Say who is the first: --email EMAIL")
    if plan.email in active:
        await desk.update_agent(plan.email, {"role": Role.ADMIN})
    else:
        await desk.add_agent(plan.email, "", Role.ADMIN)
    try:
        await session_of(Way.of(plan.settings)).send_code(plan.email)
        mailed = f"A code was mailed: ttydesk login {plan.email} --code CODE"
    except DeskError as error:
        mailed = f"A code could not be mailed: {error} {error.hint or ''}".rstrip()
    return f"{plan.email} is the first admin. {mailed}"


def _offers(sign_in: dict[str, Any]) -> str:
    if not sign_in["external"].get("email"):
        raise Conflict(
            "The project lets nobody sign in by e-mail.",
            hint="Switch it on: Authentication, Sign In / Providers, Email.",
        )
    if sign_in.get("disable_signup"):
        raise Conflict(
            "The project makes no new accounts, so new agents could not sign in.",
            hint="Allow new users to sign up: Authentication, Sign In / Providers. It makes nobody an agent.",
        )
    return (
        "It answers, and takes codes that are mailed. (That the mail shows the code is set in its template.)"
    )


def _write(plan: Plan) -> Step:
    home = plan.settings.home
    changed = write_settings(home, plan.changes)
    put = [key for key in changed if plan.changes[key] is not None]
    gone = [key for key in changed if plan.changes[key] is None]
    path = config_path(home)
    said = [f"{', '.join(put)} written to {path}."] if put else []
    said += [f"{', '.join(gone)} taken out of {path}."] if gone else []
    return Step("settings", " ".join(said) or NOTHING)


def _last(plan: Plan) -> Step:
    """What comes of it: what is set elsewhere comes before the file."""
    settings = load(home=plan.settings.home)
    for key, wanted in plan.changes.items():
        if _value(settings, key) != wanted:
            raise Conflict(
                f"The environment sets {key}, which comes before what was written.",
                hint="Take it out of the environment; ttydesk config show says what holds.",
            )
    hosted = settings.supabase
    if hosted.url and not hosted.secret_key:
        return Step("next", "Sign in with: ttydesk login")
    if hosted.url:
        return Step(
            "next", "Let mail flow with: ttydesk gmail connect, ttydesk sync. Agents: ttydesk agent add"
        )
    return Step(
        "next", "ttydesk opens the desk; ttydesk sync lets mail flow, ttydesk gmail connect brings it."
    )


def _value(settings: Settings, key: str) -> str | None:
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, part)
    revealed: str | None = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    return revealed
