"""Mail in by hand, on a real desk and on real files."""

import json
import mailbox
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path

import pytest

from core.files import LocalFiles
from tests.commands.conftest import Ran, Ttydesk

ATTACKS = Path(__file__).parent.parent / "attacks"


def mail(number: int, subject: str = "Lamp", references: str = "", sender: str = "bob@example.com") -> bytes:
    message = EmailMessage()
    message["From"] = f"Bob <{sender}>"
    message["To"] = "support@example.com"
    message["Date"] = f"Tue, 04 Mar 2025 10:{number:02}:00 +0000"
    message["Message-ID"] = f"<{number}@example.com>"
    message["Subject"] = subject
    if references:
        message["In-Reply-To"] = references
    message.set_content(f"The text of mail {number}.\n")
    return message.as_bytes()


def write_all(folder: Path, mails: Sequence[bytes]) -> Path:
    folder.mkdir(parents=True)
    for number, raw in enumerate(mails):
        (folder / f"{number}.eml").write_bytes(raw)
    return folder


def counts(ran: Ran) -> dict[str, int]:
    return {outcome: count for outcome, count in ran.json.items() if count}


KEYS = ["created", "appended", "duplicate", "bounced", "ignored", "quarantined"]


def test_a_folder_is_imported_and_again_changes_nothing(ttydesk: Ttydesk, tmp_path: Path) -> None:
    mails = [mail(1), mail(2, "Re: Lamp", "<1@example.com>"), mail(3, "Other"), mail(3, "Other"), b"\n\n"]
    folder = write_all(tmp_path / "mails", mails)
    first = ttydesk("mail", "import", str(folder), "--json")
    assert list(first.json) == KEYS
    assert counts(first) == {"created": 2, "appended": 1, "duplicate": 1, "quarantined": 1}
    before = ttydesk("ticket", "list", "--json").json
    assert counts(ttydesk("mail", "import", str(folder), "--json")) == {"duplicate": 5}
    assert ttydesk("ticket", "list", "--json").json == before
    assert ttydesk("mail", "import", str(folder)).out == "5 duplicate\n"


def test_an_mbox_and_a_maildir_are_imported(ttydesk: Ttydesk, tmp_path: Path) -> None:
    box = mailbox.mbox(str(tmp_path / "archive.mbox"))
    box.add(mail(1))
    box.add(mail(2))
    box.close()
    maildir = mailbox.Maildir(str(tmp_path / "maildir"))
    maildir.add(mail(3))
    imported = ttydesk("mail", "import", str(tmp_path / "archive.mbox"), str(tmp_path / "maildir"), "--json")
    assert counts(imported) == {"created": 3}


def test_what_is_no_mail_is_named_and_not_counted(ttydesk: Ttydesk, tmp_path: Path) -> None:
    folder = write_all(tmp_path / "mails", [mail(1)])
    (folder / "LICENSE").write_text("All rights reserved.\n")
    ran = ttydesk("mail", "import", str(folder), "--json")
    assert counts(ran) == {"created": 1}
    assert "LICENSE" in ran.err


def test_an_empty_folder_holds_no_mails(ttydesk: Ttydesk, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert ttydesk("mail", "import", str(tmp_path / "empty")).out == "no mails\n"
    assert counts(ttydesk("mail", "import", str(tmp_path / "empty"), "--json")) == {}


def test_one_mail_is_piped_in(ttydesk: Ttydesk) -> None:
    first = ttydesk("mail", "ingest", "--json", stdin=mail(1))
    assert list(first.json) == KEYS
    assert counts(first) == {"created": 1}
    number = ttydesk("ticket", "list", "--json").json[0]["number"]
    assert (
        ttydesk("mail", "ingest", stdin=mail(2, "Re: Lamp", "<1@example.com>")).out == f"appended #{number}\n"
    )


def test_an_empty_mail_is_set_aside_and_the_next_one_is_taken(ttydesk: Ttydesk) -> None:
    assert counts(ttydesk("mail", "ingest", "--json", stdin=b"")) == {"quarantined": 1}
    assert counts(ttydesk("mail", "ingest", "--json", stdin=mail(1))) == {"created": 1}


def test_a_mail_is_parsed_without_a_desk(typed: Ttydesk, tmp_path: Path, home: Path) -> None:
    message = EmailMessage()
    message["From"] = "Bob <bob@example.com>"
    message["Subject"] = "Gruß"
    message.set_content("New.\n\nOn Tue, 4 Mar 2025 at 10:00, Ada wrote:\n> Old.\n")
    message.add_attachment(b"\x00\x01", maintype="application", subtype="pdf", filename="a.pdf")
    file = tmp_path / "one.eml"
    file.write_bytes(message.as_bytes())
    parsed = typed("mail", "parse", str(file), "--json").json
    assert (parsed["subject"], parsed["reply_text"].strip()) == ("Gruß", "New.")
    assert "Old." in parsed["quoted_text"]
    (attachment,) = parsed["attachments"]
    assert (attachment["filename"], attachment["size"], "content" in attachment) == ("a.pdf", 2, False)
    said = typed("mail", "parse", "-", stdin=file.read_bytes()).out
    assert "from: Bob <bob@example.com>" in said
    assert "attachments: a.pdf (2 bytes)" in said
    assert not home.exists()


def test_why_names_the_rule_and_its_evidence(ttydesk: Ttydesk) -> None:
    ttydesk("mail", "ingest", stdin=mail(1))
    ttydesk("mail", "ingest", stdin=mail(2, "Re: Lamp", "<1@example.com>"))
    found = ttydesk("mail", "why", "<2@example.com>", "--json").json
    assert (found["rule"], found["outcome"]) == ("in_reply_to", "appended")
    assert "<1@example.com>" in found["evidence"]
    said = ttydesk("mail", "why", found["message"]).out
    assert "rule: in_reply_to" in said
    assert f"#{found['number']}" in said


def test_quarantine_is_listed_shown_and_tried_again(
    ttydesk: Ttydesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(raw: bytes) -> None:
        raise ZeroDivisionError("a bug in reading")

    with monkeypatch.context() as broken:
        broken.setattr("sync.reading.parse_mail", fail)
        assert counts(ttydesk("mail", "ingest", "--json", stdin=mail(1))) == {"quarantined": 1}
        (held,) = ttydesk("mail", "quarantine", "list", "--json").json
        assert ttydesk("mail", "quarantine", "retry", "--all", "--json").json[0]["outcome"] == "quarantined"

    shown = ttydesk("mail", "quarantine", "show", str(held["id"])).out
    assert "ZeroDivisionError: a bug in reading" in shown
    assert "The text of mail 1." in shown
    assert ttydesk("mail", "quarantine", "show", str(held["id"]), "--raw").out.encode() == mail(1)

    assert ttydesk("mail", "quarantine", "retry", str(held["id"]), "--json").json[0]["outcome"] == "created"
    assert ttydesk("mail", "quarantine", "list", "--json").json == []
    assert len(ttydesk("ticket", "list", "--json").json) == 1


def test_a_huge_mail_in_quarantine_is_shown_in_part(ttydesk: Ttydesk) -> None:
    ttydesk("mail", "ingest", stdin=b"no mail" + b"x" * 1_000_000)
    (held,) = ttydesk("mail", "quarantine", "list", "--json").json
    shown = ttydesk("mail", "quarantine", "show", str(held["id"])).out
    assert len(shown) < 110_000
    assert "(900,007 more bytes; --raw has them all)" in shown
    assert len(ttydesk("mail", "quarantine", "show", str(held["id"]), "--raw").out) == 1_000_007


def test_verify_finds_what_is_missing_damaged_or_left_over(ttydesk: Ttydesk, home: Path) -> None:
    for number in (1, 2):
        ttydesk("mail", "ingest", stdin=mail(number))
    assert ttydesk("mail", "verify").code == 0

    files = LocalFiles(home / "files")
    first, second = files.listing("raw")
    files.path("raw", first).unlink()
    files.path("raw", second).chmod(0o600)
    files.path("raw", second).write_bytes(b"something else")
    files.put("raw", mail(3))
    ran = ttydesk("mail", "verify")
    assert ran.code == 1
    assert first in ran.out
    assert second in ran.out
    assert "1 stored but never entered" in ran.out
    assert ran.err == (
        "Not every mail is accounted for. ttydesk mail verify --repair takes in what was never entered.\n"
    )
    report = json.loads(ttydesk("mail", "verify", "--json").out)
    assert [len(report[kind]) for kind in ("lost", "damaged", "unentered", "mailboxes")] == [1, 1, 1, 0]

    files.put("raw", mail(1))
    mended = json.loads(ttydesk("mail", "verify", "--repair", "--json").out)
    assert mended["unentered"] == []
    assert len(ttydesk("ticket", "list", "--json").json) == 3


@pytest.mark.parametrize(
    ("command", "code", "sentence"),
    [
        (("import", "/no/such/mails"), 1, "There is no file or folder /no/such/mails."),
        (("import",), 2, "Missing argument"),
        (("parse", "/no/such.eml"), 1, "There is no file /no/such.eml."),
        (("parse", "/"), 1, "cannot be read"),
        (("why", "<never@seen>"), 1, "<never@seen>"),
        (("quarantine", "show", "4711"), 1, "4711"),
        (("quarantine", "show", "x"), 2, "ID"),
        (("quarantine", "retry"), 2, "--all"),
        (("quarantine", "retry", "1", "--all"), 2, "--all"),
        (("quarantine", "retry", "4711"), 1, "4711"),
    ],
)
def test_what_is_wrong_is_said(ttydesk: Ttydesk, command: tuple[str, ...], code: int, sentence: str) -> None:
    ran = ttydesk("mail", *command)
    assert (ran.code, ran.out) == (code, "")
    assert sentence in ran.err
    assert code == 2 or ran.err.count("\n") == 1


def test_attack_mails_stay_text_in_every_command(ttydesk: Ttydesk) -> None:
    imported = ttydesk("mail", "import", str(ATTACKS))
    said = imported.out + ttydesk("ticket", "list", "--limit", "200").out
    said += (
        ttydesk("ticket", "list", "--json", "--limit", "200").out + ttydesk("mail", "quarantine", "list").out
    )
    tickets = ttydesk("ticket", "list", "--json", "--limit", "200").json
    assert sum(ticket["message_count"] for ticket in tickets) >= 20
    for ticket in tickets:
        number = str(ticket["number"])
        said += (
            ttydesk("ticket", "show", number, "--quotes").out
            + ttydesk("ticket", "show", number, "--json").out
        )
    for file in ATTACKS.glob("*.eml"):
        said += ttydesk("mail", "parse", str(file)).out + ttydesk("mail", "parse", str(file), "--json").out
    acting = {char for char in said if not char.isprintable()} - {"\n", "\t"}
    assert acting <= {"\u200c", "\u200d"}  # which scripts and emoji need
