"""How a mailbox at Gmail is, as `ttydesk gmail status` prints it."""

from datetime import UTC, datetime
from typing import Any

from commands.output import write, write_heading
from core.config import Settings
from core.models import Mailbox
from core.text import safe_line
from sync.auth import token_store
from sync.consent import REASONS
from sync.expiry import ends_soon
from sync.permission import Standing

_STATES = {
    "works": "works",
    "missing": "not on this machine",
    "unreadable": "cannot be read",
    "revoked": "does not hold any more",
    "refused": "is not enough",
    "unknown": "could not be checked",
}


def local_time(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def standing_of(settings: Settings, known: Mailbox, standing: Standing | None) -> dict[str, Any]:
    """For programs. `standing` is None where nobody asked Google, because it is disconnected."""
    problem, advice = _trouble(known, standing)
    grant = standing.grant if standing else None
    return {
        "name": known.name,
        "address": known.address,
        "department": known.department,
        "connected": known.connected,
        "connected_at": known.connected_at,
        "since": known.since,
        "synced_at": known.synced_at,
        "watched_until": known.watched_until,
        "verified_at": known.verified_at,
        "verified": known.verified,
        "daemon": _host(known),
        "token": {
            "state": standing.state if standing else "missing",
            "place": token_store(settings.home, settings.tokens).place,
            "scopes": grant.scopes if grant else [],
            "granted_at": grant.granted_at if grant else None,
            "expires_at": grant.expires_at if grant else None,
        },
        "problem": problem,
        "advice": advice,
    }


def print_standing(settings: Settings, known: Mailbox, standing: Standing | None) -> None:
    called = [safe_line(known.name)] if known.name != known.address else []
    called += [f"department {safe_line(known.department)}"] if known.department else []
    write_heading(safe_line(known.address) + (f" ({', '.join(called)})" if called else ""))
    if standing is None:
        _line("state", "disconnected; its tickets stay")
        _line("to do", f"to use it again: ttydesk gmail connect --address {safe_line(known.address)}")
        return
    _line("connected", f"{local_time(known.connected_at)}, for mail since {local_time(known.since)}")
    _line("last read", local_time(known.synced_at) if known.synced_at else "never")
    _line("new mail", _how_it_is_heard_of(settings, known))
    if known.verified_at is not None and known.verified is not None:
        _line("verified", f"{local_time(known.verified_at)}: {known.verified.sentence}")
    _print_permission(settings, known, standing)
    problem, advice = _trouble(known, standing)
    if problem:
        _line("problem", safe_line(problem, limit=600))
        _line("to do", safe_line(advice, limit=600))


def _print_permission(settings: Settings, known: Mailbox, standing: Standing) -> None:
    grant = standing.grant
    words = _STATES[standing.state]
    if standing.state == "missing" and (host := _host(known)):
        words += f", but on {safe_line(host)}, whose daemon works on it"
    if grant is not None:
        words += f"; given {local_time(grant.granted_at)}"
        words += f", ends by itself {local_time(grant.expires_at)}" if grant.expires_at else ""
    _line("permission", words)
    for scope in grant.scopes if grant else ():
        _line("", f"to {REASONS[scope]}" if scope in REASONS else safe_line(scope))
    place = token_store(settings.home, settings.tokens).place
    if grant is not None:
        _line("kept in", safe_line(place, limit=4096))


def _how_it_is_heard_of(settings: Settings, known: Mailbox) -> str:
    google = settings.google
    asks = f"the daemon asks every {google.poll_seconds:g} s"
    if known.watched_until is None or known.watched_until < datetime.now(UTC):
        return asks
    return f"Gmail tells of it until {local_time(known.watched_until)}"


def _host(known: Mailbox) -> str | None:
    """The machine whose daemon works on it."""
    return known.leased_by.partition(" ")[0] if known.is_held and known.leased_by else None


def _trouble(known: Mailbox, standing: Standing | None) -> tuple[str, str]:
    """A sentence about what is wrong, and one about what to do; empty where all is well."""
    if standing is None:
        return "", ""
    is_elsewhere = standing.state == "missing" and known.is_held
    if standing.problem and not is_elsewhere:
        return standing.problem, standing.hint
    if not known.is_held:
        return "No daemon works on it: mail is neither fetched nor sent.", "Start one with: ttydesk sync"
    if standing.grant and (soon := ends_soon(standing.grant, datetime.now(UTC))):
        return soon
    if known.last_error:
        return known.last_error, "The daemon tries again by itself; ttydesk sync status says more."
    return "", ""


def _line(label: str, words: str) -> None:
    write(f"  {label:<11} {words}")
