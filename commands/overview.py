"""What `ttydesk sync status` prints: the daemons, each mailbox, and what waits."""

from datetime import UTC, datetime, timedelta

from commands.output import write, write_heading
from core.models import OutboxCount, QuarantineCount
from core.text import safe_line
from sync.doctor_finding import span
from sync.overview import Box, Minder, Overview, Token

_UP_TO_DATE_SECONDS = 90.0
"""A mailbox in which nothing happens is noted every 30 seconds, and one that tells of news is looked at every
60."""
_LIMIT = 600


def print_overview(overview: Overview) -> None:
    now = datetime.now(UTC)
    write_heading("Daemons")
    if overview.process is None and not overview.daemons:
        _line("none", "mail is neither fetched nor sent")
    _print_daemons(overview, now)
    for box in overview.mailboxes:
        if box.connected:
            write("")
            _print_box(box, now)
    if overview.outbox is not None and overview.quarantine is not None:
        write("")
        write_heading("Waiting")
        _line("outbox", _outbox(overview.outbox, now))
        if overview.outbox.problem:
            _line("problem", overview.outbox.problem)
        _line("quarantine", _quarantine(overview.quarantine, now))


def _print_daemons(overview: Overview, now: datetime) -> None:
    ours = [one for one in overview.daemons if one.is_here and one.is_alive]
    if overview.process is not None and not ours:  # the database is away, or has not heard of it yet
        _line("here", f"process {overview.process}")
        _print_problems(overview.last.problems if overview.last else {})
    for one in overview.daemons:
        _line("here" if one.is_here else one.host, _daemon(one, now))
        _print_problems(one.problems if one.is_alive else {})


def _daemon(one: Minder, now: datetime) -> str:
    if not one.is_alive:
        silent = span(timedelta(seconds=one.silent_seconds))
        return f"process {one.pid} ended without a word {silent} ago"
    return f"process {one.pid}, for {span(now - one.started_at)}: {one.received} in, {one.sent} out"


def _print_problems(problems: dict[str, str]) -> None:
    for part, problem in problems.items():
        _line("problem", f"{part}: {problem}")


def _print_box(box: Box, now: datetime) -> None:
    address = f" ({box.address})" if box.address != box.name else ""
    write_heading(safe_line(box.name + address))
    _line("taken in", _taken_in(box, now))
    _line("minded by", _minded_by(box))
    if box.kind == "gmail":
        _line("cursor", box.cursor or "none yet")
        _line("new mail", _heard_of(box, now))
    if box.token is not None:
        _line("token", _token(box.token))
    if box.verified_at is not None and box.verified is not None:
        _line("verified", f"{_at(box.verified_at)}: {box.verified.sentence}")
    if box.problem:
        _line("problem", box.problem)


def _taken_in(box: Box, now: datetime) -> str:
    if box.last_success is None or box.lag_seconds is None:
        return "never yet"
    if box.lag_seconds < _UP_TO_DATE_SECONDS and not box.problem:
        return f"up to date, {_at(box.last_success)}"
    return f"all that came until {_at(box.last_success)}, {span(timedelta(seconds=box.lag_seconds))} ago"


def _minded_by(box: Box) -> str:
    if box.held_by is None:
        return "nobody: mail is neither fetched nor sent"
    return "the daemon of this folder" if box.is_ours else f"a daemon on {box.held_by}"


def _heard_of(box: Box, now: datetime) -> str:
    if box.watched_until is None:
        return "Gmail is asked for it"
    if box.watched_until < now:
        return f"Gmail told of it until {_at(box.watched_until)}, and is asked for it since"
    return f"Gmail tells of it until {_at(box.watched_until)}"


def _token(token: Token) -> str:
    words = {
        "kept": "here",
        "missing": "not on this machine",
        "unreadable": "here, but it cannot be read",
        "revoked": "here, but it does not hold any more",
    }[token.state]
    words += f", given {_at(token.granted_at)}" if token.granted_at else ""
    return words + (f", ends by itself {_at(token.expires_at)}" if token.expires_at else "")


def _outbox(count: OutboxCount, now: datetime) -> str:
    words = _counted(count.waiting, "answer waits", "answers wait") if count.waiting else "empty"
    if count.overdue_since is not None:
        words += f", the oldest for {span(now - count.overdue_since)}"
    if count.failed:
        words += f"; given up: {', '.join(f'#{number}' for number in count.failed)}"
    return words


def _quarantine(count: QuarantineCount, now: datetime) -> str:
    if not count.count or count.oldest is None:
        return "empty"
    return f"{_counted(count.count, 'mail', 'mails')}, the oldest for {span(now - count.oldest)}"


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _at(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _line(label: str, words: str) -> None:
    write(f"  {safe_line(label, limit=40):<11} {safe_line(words, limit=_LIMIT)}")
