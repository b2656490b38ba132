"""A project at Supabase as whoever sets it up or updates it sees it: its keys, its sign-in, its database.

The database is needed only to bring it up to date, and has an address and a password of its own. That it is
the one that the project's API serves has to be made sure of: where the addresses do not tell, both are asked.
"""

import asyncio
import base64
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.connect import own_address
from core.desk import Desk
from core.errors import Conflict, Forbidden, Invalid, NotFound, SignedOut, Unreachable
from core.interface import other_program
from core.migrate import Report, migrate
from core.postgres import unreachable
from core.refusal import refusal
from core.supabase import SupabaseGateway

_PROJECT = re.compile(r"([a-z0-9-]+)\.supabase\.co")
_DIRECT = re.compile(r"db\.([a-z0-9-]+)\.supabase\.co")
_POOLER = ".pooler.supabase.com"
_TRANSACTIONS = "6543"
_RELOADING = (0.5, 0.5, 1, 2, 3, 4)
"""Seconds between looks at an API that may not have noticed yet what was changed below it."""
_FROM_CONNECT = "Supabase shows it under Connect, Session pooler."


def check_keys(url: str, publishable: str, secret: str | None) -> None:
    """Raises Invalid where a key is visibly another than the one that was asked for."""
    for key, wanted in ((publishable, "publishable"), (secret, "secret")):
        if key is None:
            continue
        kind, project = _told_by(key)
        if kind and kind != wanted:
            raise Invalid(
                f"What was given as the {wanted} key is the {kind} one.",
                hint="Both stand under Project Settings, API Keys.",
            )
        ours = _project(url)
        if project and ours and project != ours:
            raise Invalid(f"The {wanted} key is of another project ({project}) than the address ({ours}).")


def _told_by(key: str) -> tuple[str | None, str | None]:
    """Which of the two it is, and of which project, as far as the key itself says it."""
    if key.startswith(("sb_publishable_", "sb_secret_")):
        return key.split("_")[1], None
    try:  # as they were until 2025: a token (RFC 7519)
        payload = key.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return {"anon": "publishable", "service_role": "secret"}.get(said["role"]), said.get("ref")
    except (ValueError, LookupError, TypeError):
        return None, None


def _project(url: str) -> str | None:
    found = _PROJECT.fullmatch(urlsplit(url).hostname or "")
    return found[1] if found else None


def check_database(url: str, database_url: str) -> None:
    """Raises Invalid where the address is not that of the project's database, or not fit to migrate by."""
    where = conninfo_to_dict(own_address(database_url))
    host, user = str(where.get("host") or ""), str(where.get("user") or "")
    if "YOUR-PASSWORD" in str(where.get("password") or ""):
        raise Invalid(
            "The database URL still says [YOUR-PASSWORD].",
            hint="Put the database's password there; it is set under Database, Settings.",
        )
    if host.endswith(_POOLER) and str(where.get("port")) == _TRANSACTIONS:
        raise Invalid(
            f"The database URL is that of the transaction pooler (port {_TRANSACTIONS}).",
            hint=f"It takes the session pooler, or the direct connection. {_FROM_CONNECT}",
        )
    direct = _DIRECT.fullmatch(host)
    theirs = direct[1] if direct else user.partition(".")[2] if host.endswith(_POOLER) else None
    ours = _project(url)
    if ours and theirs and theirs != ours:
        raise Invalid(f"The database URL is of another project ({theirs}) than the address ({ours}).")


def migrate_hosted(url: str, database_url: str) -> Report:
    """Bring the project's database up to date. Raises Unreachable with what to do about it."""
    check_database(url, database_url)
    with _connect(database_url) as connection:
        return migrate(connection)


def _connect(database_url: str) -> "psycopg.Connection[Any]":
    address = make_conninfo(own_address(database_url), connect_timeout=10)
    try:
        return psycopg.connect(address, autocommit=True)
    except psycopg.OperationalError as error:
        raise unreachable(error, hint=_why_not(str(error), conninfo_to_dict(address))) from error


def _why_not(said: str, where: dict[str, Any]) -> str:
    host = str(where.get("host") or "")
    if "password authentication failed" in said:
        return "The password of the database is set under Database, Settings; it is not that of your account."
    if host.endswith(_POOLER) and "not found" in said:
        return f"Copy the whole URL, with its user postgres.PROJECT and its region. {_FROM_CONNECT}"
    if _DIRECT.fullmatch(host):
        return f"A direct connection takes IPv6; without it, take the session pooler. {_FROM_CONNECT}"
    return f"Look at the database URL. {_FROM_CONNECT}"


async def require_served(url: str, key: str, database_url: str, pauses: Sequence[float] = _RELOADING) -> None:
    """Raises Conflict unless the API serves the desk that is in the database; waits for it to notice."""
    ours, theirs = await asyncio.to_thread(_version, database_url), None
    gateway = SupabaseGateway(url, key)
    try:
        for pause in (*pauses, None):
            try:
                theirs = await gateway.read("desk_version")
            except NotFound:
                theirs = None
            if theirs == ours:
                return
            if pause is not None:
                await asyncio.sleep(pause)
    finally:
        await gateway.close()
    if theirs is None:
        raise Conflict(
            f"The desk is in the database, but {url} does not serve it.",
            hint="Either the database URL is of another project, or the schema public is not among the "
            "exposed ones (Project Settings, Data API).",
        )
    raise Conflict(
        f"The database URL leads to another database than the one that {url} serves.", hint=_FROM_CONNECT
    )


def _version(database_url: str) -> Any:
    with _connect(database_url) as connection:
        row = connection.execute("select public.desk_version()").fetchone()
        assert row
        return row[0]


async def ask_sign_in(url: str, key: str) -> dict[str, Any]:
    """What the project's sign-in says of itself. Raises a DeskError where none answers the key."""
    async with httpx.AsyncClient(timeout=httpx.Timeout(15, connect=5)) as http:
        try:
            answer = await http.get(f"{url.rstrip('/')}/auth/v1/settings", headers={"apikey": key})
        except httpx.RequestError as error:
            said = str(error).rstrip(".") or type(error).__name__
            raise Unreachable(
                f"{url} cannot be reached: {said}.",
                hint="Look at the address of the project, and at the network.",
            ) from error
    if answer.is_success:
        try:
            settings = answer.json()
        except ValueError:
            settings = None
        if isinstance(settings, dict) and isinstance(settings.get("external"), dict):
            return settings
    raise refusal("settings", answer.status_code, answer.headers, answer.content).error


async def require_version(url: str, key: str) -> str:
    """What there is to say of it. Raises Conflict where it does not fit, NotFound where there is no desk."""
    gateway = SupabaseGateway(url, key)
    try:
        await gateway.require_fit()
        return other_program(await Desk(gateway).desk_version()) or "It is of this version."
    finally:
        await gateway.close()


async def require_closed(url: str, key: str) -> None:
    """Raises Conflict where somebody who did not sign in is answered."""
    gateway = SupabaseGateway(url, key)
    try:
        await gateway.read("list_agents")
    except (Forbidden, SignedOut):
        return
    finally:
        await gateway.close()
    raise Conflict(
        "Whoever has the publishable key alone is answered by the desk.",
        hint="Something gave rights to the role anon that ttydesk did not. Run: ttydesk db migrate",
    )


async def require_service(url: str, key: str) -> None:
    """Raises a DeskError unless the desk answers the secret key as the service."""
    gateway = SupabaseGateway(url, key, strict=True)
    try:
        await gateway.open()
        await gateway.read("list_agents")
    except (Forbidden, SignedOut) as error:
        raise Forbidden(
            "The desk does not answer the secret key.", hint="Copy it anew: Project Settings, API Keys."
        ) from error
    finally:
        await gateway.close()
