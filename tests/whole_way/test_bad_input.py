"""What nobody wished for: each gets one clear sentence, and nothing is lost."""

import base64
import os
import re
from pathlib import Path

import pytest

from tests.whole_way.programs import MAIL, Programs, ended, shows

MEGABYTE = 1024 * 1024
HARMFUL = re.compile(r"[^\n\t\x20-\x7e\u00a0-\U0010ffff]|[\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and what turns the direction of writing."""
ATTACKS = Path(__file__).parents[1] / "attacks"


def test_what_is_no_mail_is_set_aside_and_the_next_one_is_taken(programs: Programs, tmp_path: Path) -> None:
    contents = [b"", b"\r\n \n", b"no mail at all\n", os.urandom(5000), b"\0" * 5000, MAIL % (b"one", b"one")]
    files = [tmp_path / f"{number}.eml" for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)

    counts = programs.json("mail", "import", *files)
    assert (counts["quarantined"], counts["created"], sum(counts.values())) == (5, 1, 6)
    again = programs.run("mail", "ingest", stdin=b"")
    assert (again.code, again.out) == (0, b"duplicate: This very mail was taken in before.\n")

    held = programs.json("mail", "quarantine", "list")
    reasons = {each["reason"] for each in held}
    assert len(held) == 5
    assert reasons == {
        "The mail is empty.",
        "This is not a mail: it does not begin with the fields of one.",
    }
    shown = programs.run("mail", "quarantine", "show", str(held[0]["id"]))
    assert held[0]["reason"].encode() in shown.out
    assert programs.nothing_is_lost() == 6


def big_mail(name: str, megabytes: int) -> tuple[bytes, bytes]:
    """A mail with one attachment of that size, and the attachment."""
    content = os.urandom(megabytes * MEGABYTE)
    head = MAIL % (name.encode(), name.encode())
    head = head.partition(b"\n\n")[0] + b"\nContent-Type: multipart/mixed; boundary=border\n"
    parts = (
        b"\n--border\nContent-Type: text/plain\n\nSee the film.\n--border\nContent-Type: video/mp4\n"
        b"Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=film.mp4\n\n"
    )
    return head + parts + base64.encodebytes(content) + b"--border--\n", content


def test_mails_of_50_mb_are_taken_in_by_every_way(programs: Programs, tmp_path: Path) -> None:
    ingested, film = big_mail("ingested", 36)
    imported, _ = big_mail("imported", 36)
    too_large, _ = big_mail("too-large", 45)  # 61 MB as a mail; the limit is 50
    (tmp_path / "imported.eml").write_bytes(imported)

    assert programs.run("mail", "ingest", stdin=ingested).code == 0
    assert programs.json("mail", "import", tmp_path / "imported.eml")["created"] == 1
    assert programs.run("sync", "--once").code == 0  # makes the Maildir
    programs.deliver("large", too_large)
    assert programs.run("sync", "--once").code == 0

    kept = {}
    for ticket in programs.json("ticket", "list"):
        (message,) = programs.json("ticket", "show", str(ticket["number"]))["messages"]
        assert message["content"] == "See the film."
        (kept[ticket["subject"]],) = message["attachments"]
    assert {name: one["size"] for name, one in kept.items()} == {
        "Lamp ingested": 36 * MEGABYTE,
        "Lamp imported": 36 * MEGABYTE,
        "Lamp too-large": 45 * MEGABYTE,
    }  # fmt: skip
    assert kept["Lamp too-large"]["filename"] == "film.mp4"
    assert kept["Lamp too-large"]["sha256"] is None
    sha256 = kept["Lamp ingested"]["sha256"]
    assert (programs.home / "files/attachments" / sha256[:2] / sha256[2:]).read_bytes() == film
    assert programs.nothing_is_lost() == 3


def test_a_maildir_that_vanishes_is_named_and_waited_for(programs: Programs) -> None:
    maildir, hidden = programs.home / "mail", programs.home / "hidden"
    with programs.daemon() as daemon:
        maildir.rename(hidden)
        daemon.until_said(f"The Maildir {maildir} cannot be read: no such file or directory.")
        assert str(maildir) in programs.run("mail", "verify").refusal
        (hidden / "new/one").write_bytes(MAIL % (b"one", b"one"))
        assert not maildir.exists()  # none is made in its place: it may be a disk that comes back
        hidden.rename(maildir)
        daemon.until_said("Mail 1: created.")
        daemon.until_said("The intake works again.")
        assert daemon.said.count("cannot be read") == 1
    assert programs.nothing_is_lost() == 1
    maildir.rename(hidden)
    once = programs.run("sync", "--once")
    assert (once.code, once.said.count(str(maildir) + " cannot be read")) == (1, 1)


def test_a_second_daemon_is_refused(programs: Programs) -> None:
    with programs.daemon() as daemon:
        for words in (("sync",), ("sync", "--once")):
            assert programs.run(*words).refusal == (
                f"A daemon works in {programs.home} already (process {daemon.process.pid}). "
                "One is enough: it takes mail in and sends what is due."
            )


UNKNOWN = [
    (("--agent", "nix@lamps.example", "ticket", "list"), "There is no active agent nix@lamps.example."),
    (("agent", "update", "nix@lamps.example", "--name", "Nix"), "There is no agent nix@lamps.example."),
    (("ticket", "show", "4711"), "There is no ticket #4711."),
    (("ticket", "reply", "4711", "--body", "Hello"), "There is no ticket #4711."),
    (("ticket", "note", "4711", "--body", "Hello"), "There is no ticket #4711."),
    (("ticket", "update", "4711", "--status", "closed"), "There is no ticket #4711."),
    (("ticket", "unsend", "4711"), "There is no ticket #4711."),
    (("mail", "quarantine", "retry", "4711"), "The ledger has no mail 4711."),
    (("mail", "why", "<nix@example.com>"), 'No mail is known by "<nix@example.com>".'),
    (("mail", "import", "/nix"), "There is no file or folder /nix."),
]


def test_what_does_not_exist_is_named(programs: Programs) -> None:
    programs.json("mail", "ingest", stdin=MAIL % (b"one", b"one"))
    for words, sentence in UNKNOWN:
        assert programs.run(*words).refusal.startswith(sentence), words
    (ticket,) = programs.json("ticket", "list")
    assert (ticket["status"], ticket["message_count"]) == ("open", 1)


def test_an_agent_who_does_not_exist_is_told_so_on_the_screen(programs: Programs) -> None:
    programs.variables["TTYDESK_AGENT"] = "ada@lamps.example"
    assert programs.run("agent", "list").code == 0
    programs.variables["TTYDESK_AGENT"] = "nix@lamps.example"
    with programs.terminal() as terminal:
        terminal.until(shows("There is no active agent nix@lamps.example.", "NOT CONNECTED"))


CONFIGS = [
    ('agnet = "ada@lamps.example"', "there is no setting 'agnet'. Did you mean agent?"),
    (
        '[mailbox]\nadress = "a@b.example"',
        "there is no setting 'mailbox.adress'. Did you mean mailbox.address?",
    ),
    ("grace_seconds = -1", "grace_seconds should be greater than or equal to 0."),
    ('agent = "ada"', "agent should be an e-mail address."),
    ("mailbox = 3", "mailbox should be a section with settings of its own."),
]


@pytest.mark.parametrize(("config", "sentence"), CONFIGS)
def test_a_wrong_key_in_the_config_file(programs: Programs, config: str, sentence: str) -> None:
    file = programs.home / "config.toml"
    file.write_text(config)
    assert programs.run("ticket", "list").refusal == f"{file}: {sentence}"


ON_THE_SCREEN = [
    ('agnet = "ada@lamps.example"', "there is no setting 'agnet'."),
    ('theme = "nix"', "There is no theme 'nix'. There are dark, light,"),
    ('[keys]\n"ticket.replay" = "R"', "keys names 'ticket.replay', but there is no such action."),
]


@pytest.mark.parametrize(("config", "sentence"), ON_THE_SCREEN)
def test_a_wrong_key_in_the_config_file_before_the_screen_opens(
    programs: Programs, config: str, sentence: str
) -> None:
    (programs.home / "config.toml").write_text(config)
    with programs.terminal(columns=200) as terminal:
        terminal.until(shows(sentence))
        assert not any("Unassigned" in row for row in terminal.text)


def test_a_database_that_is_none(programs: Programs) -> None:
    """No sentence holds the password."""
    programs.variables["TTYDESK_DATABASE_URL"] = "postgresql:/ada:secret@host"
    for words in (("ticket", "list"), ("db", "migrate"), ("sync", "--once")):
        said = programs.run(*words).refusal
        assert said.startswith("database_url is not the address of a Postgres. One looks like")
        assert "secret" not in said
    programs.variables["TTYDESK_DATABASE_URL"] = "postgresql://ada:secret@127.0.0.1:1/desk"
    said = programs.run("ticket", "list").refusal
    assert said.startswith("The database cannot be reached: ") and "secret" not in said
    assert "Is the server running" not in said


def test_an_empty_home_is_not_the_current_folder(programs: Programs) -> None:
    ran = programs.run("--home", "", "ticket", "list")
    assert (ran.code, "Invalid value for '--home': This is no folder." in ran.said) == (2, True)


def test_streams_that_are_full_closed_or_without_letters(programs: Programs) -> None:
    programs.json("mail", "ingest", stdin="From: Jörg <j@example.com>\nSubject: Größe\n\nx\n".encode())
    for words in (("ticket", "list"), ("ticket", "list", "--json")):
        with open("/dev/full", "wb") as full:
            ran = ended(programs.start(*words, stdout=full))
        assert ran.refusal == "The output cannot be written: No space left on device."

    for streams in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        shell = Programs(programs.home, prefix=["/bin/sh", "-c", f'exec "$@" {streams}', "sh"])
        ran = shell.run("ticket", "list")
        assert (ran.code, ran.said) == (0, ""), streams

    programs.variables |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    (ticket,) = programs.json("ticket", "list")
    assert ticket["subject"] == "Größe"
    assert b"Gr??e" in programs.run("ticket", "list").out


def test_attack_mails_reach_no_terminal(programs: Programs) -> None:
    attacks = sorted(ATTACKS.glob("*.eml"))
    assert attacks
    programs.json("mail", "import", *attacks)
    tickets = [str(ticket["number"]) for ticket in programs.json("ticket", "list", "--limit", "500")]
    assert tickets
    for words in (("ticket", "list"), ("ticket", "show", tickets[0]), ("mail", "why", "1")):
        for json in ((), ("--json",)):
            ran = programs.run(*words, *json)
            assert not HARMFUL.search(ran.out.decode() + ran.said)


def test_a_terminal_of_almost_no_size(programs: Programs) -> None:
    programs.json("mail", "ingest", stdin=MAIL % (b"one", b"one"))
    with programs.terminal(20, 5) as terminal:
        terminal.until(shows("#1001"))
        terminal.press("\r", shows("Lamp one"))
