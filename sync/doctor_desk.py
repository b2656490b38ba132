"""Checks of the desk as a whole: its folder, its database, its daemon, and what waits in it."""

import shutil
from datetime import timedelta
from pathlib import Path

from core.config import config_path
from core.errors import DeskError
from core.interface import other_program
from sync.doctor_finding import Checks, Verdict, failed, ok, span, unknown, warning
from sync.doctor_hosted import HOSTED
from sync.doctor_state import State
from sync.doctor_webhook import webhooks_come_through

_MB = 1_000_000
_LITTLE_ROOM = 1_000 * _MB
_NO_ROOM = 100 * _MB
_HUNG = timedelta(minutes=1)
"""The daemon gives a sign of life every few seconds."""
_LATE = timedelta(minutes=10)
_NAMED = 10
_RUN = "Start it with: ttydesk sync (docs/run.md has it as a service)"


def settings_are_private(state: State) -> Verdict | None:
    """That they can be read has shown before any check; whether others can read a secret in them has not."""
    path = config_path(state.settings.home)
    google, hosted, told = state.settings.google, state.settings.supabase, state.settings.email_status
    secret = state.settings.database_url or google.client_secret or hosted.secret_key or hosted.access_token
    secret = secret or told.secret or told.mailgun_key or told.postmark_secret
    client_file = google.client_file and state.settings.home / google.client_file.expanduser()
    for file in (path if secret else None, client_file):
        if file is not None and file.is_file() and _others_may(file, 0o004):
            return warning(f"Others can read {file}, which holds a secret.", f"chmod 600 {file}")
    where = str(path) if path.exists() else "the defaults and the environment; there is no config.toml"
    return ok(f"The settings are in order ({where}).")


def home_is_private(state: State) -> Verdict:
    home = state.settings.home
    if _others_may(home, 0o006):
        return warning(f"Others can see into {home}, where the mail is kept.", f"chmod o-rw {home}")
    return ok(f"Nobody else sees into {home}.")


def _others_may(path: Path, rights: int) -> bool:
    """Whether everybody on the machine has one of the rights, and can get there."""
    way = path.absolute().parents
    return bool(path.stat().st_mode & rights) and all(folder.stat().st_mode & 0o001 for folder in way)


def disk_has_room(state: State) -> Verdict:
    home = state.settings.home
    free = shutil.disk_usage(home).free
    said = f"{_size(free)} are free under {home}."
    advice = "Make room: mail that cannot be stored stays in its mailbox, and answers wait."
    if free < _NO_ROOM:
        return failed(f"Only {said}", advice)
    return warning(f"Only {said}", advice) if free < _LITTLE_ROOM else ok(said)


def database_answers(state: State) -> Verdict:
    if isinstance(state.looked_up, DeskError):
        raise state.looked_up
    own = "Your own Postgres" if state.settings.database_url else "The Postgres that came along"
    which = "The project at Supabase" if state.settings.supabase.url else own
    if words := other_program(state.records.version):
        return warning(f"{which} answers. {words}", "The database is updated by: ttydesk db migrate")
    return ok(f"{which} answers, and its tables and operations are those of this version.")


def somebody_can_answer(state: State) -> Verdict:
    active = [agent.email for agent in state.records.agents if agent.active]
    if not active:
        return failed("There is no active agent.", "Add one with: ttydesk agent add EMAIL")
    me = state.settings.agent
    if me and me not in active:
        return failed(
            f"The settings say that you are {me}, who is no active agent of this desk.",
            "Add them with: ttydesk agent add, or change “agent” in the settings.",
        )
    return ok(f"{len(active)} active agent{'s'[: len(active) != 1]}.")


def customers_can_write(state: State) -> Verdict:
    state.records  # noqa: B018 - without them nothing is known of the mailboxes
    connected = state.mailboxes
    reachable = [known.address for known in connected if not known.address.endswith("@localhost")]
    if reachable:
        return ok(f"Customers write to {' and '.join(reachable)}.")
    if not connected:
        return failed("No mailbox is connected.", "Set mailbox.address, or type: ttydesk gmail connect")
    return warning(
        f"Customers cannot write to {connected[0].address}.",
        "Set mailbox.address to your support address, or type: ttydesk gmail connect",
    )


def daemon_works(state: State) -> Verdict:
    if state.daemon is not None:
        return _daemon_lives(state)
    if hosts := sorted({one.host for one in state.elsewhere}):
        return ok(f"A daemon works on {' and '.join(hosts)}.")
    late = [known for known in state.mailboxes if known.synced_at and state.now - known.synced_at > _LATE]
    if state.heartbeat is None and not late:  # one that was connected a moment ago is not late
        return warning("No daemon has worked here yet: mail is neither fetched nor sent.", _RUN)
    return failed("No daemon works here: mail is neither fetched nor sent.", _RUN)


def _daemon_lives(state: State) -> Verdict:
    beat = state.heartbeat
    if beat is None or beat.pid != state.daemon:
        return unknown(f"The daemon (process {state.daemon}) has given no sign of life yet.")
    silent = state.now - beat.beat_at
    if silent > _HUNG:
        return failed(
            f"The daemon (process {state.daemon}) has given no sign of life for {span(silent)}.",
            f"Its log says more. End it (kill {state.daemon}) and start it again: ttydesk sync",
        )
    return ok(f"The daemon works as process {state.daemon}.")


def daemon_has_no_problem(state: State) -> Verdict | None:
    beat = state.heartbeat
    if state.daemon is None or beat is None or beat.pid != state.daemon:
        return None
    if not beat.problems:
        return ok("The daemon meets no difficulty.")
    part, problem = next(iter(beat.problems.items()))
    more = f" ({len(beat.problems) - 1} more)" if len(beat.problems) > 1 else ""
    return warning(f"{part}: {problem}{more}", "ttydesk sync status names all of it.")


def answers_leave(state: State) -> Verdict:
    outbox = state.records.outbox
    if outbox.overdue_since and state.now - outbox.overdue_since > _LATE:
        why = f": {outbox.problem}" if outbox.problem else "."
        return failed(
            f"An answer has waited for {span(state.now - outbox.overdue_since)} to leave{why}",
            "It leaves by itself once what holds it up is mended; is the daemon well?",
        )
    waiting = f"{outbox.waiting} answer{'s'[: outbox.waiting != 1]} on the way" if outbox.waiting else ""
    return ok(f"{waiting or 'No answer waits to leave'}.")


def no_answer_was_given_up(state: State) -> Verdict:
    failures = state.records.outbox.failed
    if not failures:
        return ok("None that could not be delivered and was not minded.")
    named = ", ".join(f"#{number}" for number in failures[:_NAMED])
    more = f" and {len(failures) - _NAMED} more" if len(failures) > _NAMED else ""
    return warning(
        f"The last answer on {named}{more} could not be sent.",
        f"ttydesk ticket show {failures[0]} says why; answer again, or resolve the ticket.",
    )


def quarantine_is_empty(state: State) -> Verdict:
    count = state.records.quarantine.count
    if not count:
        return ok("Every mail could be read.")
    return warning(
        f"{count} mail{'s'[: count != 1]} could not be read, and became no ticket.",
        "ttydesk mail quarantine list names them.",
    )


def gmail_is_connected(state: State) -> Verdict | None:
    """Only where a client is set: without one nobody wants Gmail."""
    google = state.settings.google
    if not (google.client_id or google.client_file) or isinstance(state.looked_up, DeskError):
        return None
    if any(known.kind == "gmail" for known in state.mailboxes):
        return None
    return warning("A client of Google's is set, but no Gmail mailbox is connected.", "ttydesk gmail connect")


def push_is_complete(state: State) -> Verdict | None:
    """Only where something of Google's push is set; whether Google calls, no setting tells."""
    google = state.settings.google
    if not (google.push_audience or google.push_account):
        return None
    if not (google.push_audience and google.push_account):
        missing = "push_account" if google.push_audience else "push_audience"
        return warning(
            f"google.{missing} is not set, so the web server turns Google's push away.",
            "docs/gmail.md has both, as the push subscription has them.",
        )
    if not google.topic:
        return warning(
            "Google's push is set up, but google.topic is not: Gmail tells no topic of new mail.",
            "Set google.topic, then: ttydesk gmail watch",
        )
    return ok(f"The web server takes what Google pushes for {google.push_audience}.")


def unread_settings(error: DeskError) -> Verdict:
    """Where the settings cannot be read, which is all there is to say then."""
    return failed(f"{error} Nothing else was looked at.", error.hint or "Mend it and look again.")


def _size(bytes: int) -> str:
    return f"{bytes / 1_000_000_000:.1f} GB" if bytes >= 1_000_000_000 else f"{bytes // _MB} MB"


CHECKS: Checks[State] = (
    ("settings", settings_are_private),
    ("home folder", home_is_private),
    ("disk", disk_has_room),
    ("database", database_answers),
    *HOSTED,
    ("agents", somebody_can_answer),
    ("address", customers_can_write),
    ("daemon", daemon_works),
    ("difficulties", daemon_has_no_problem),
    ("outbox", answers_leave),
    ("failed answers", no_answer_was_given_up),
    ("quarantine", quarantine_is_empty),
    ("gmail", gmail_is_connected),
    ("push", push_is_complete),
    ("webhooks", webhooks_come_through),
)
