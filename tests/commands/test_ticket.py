"""Tickets from the command line, on a real desk."""

from pathlib import Path

import pytest

from tests.commands.conftest import Ttydesk


@pytest.fixture
def printer(ttydesk: Ttydesk) -> str:
    """The number of a ticket that bob wrote."""
    created = ttydesk(
        *("ticket", "create", "--from", "bob@example.com", "--name", "Bob", "--subject", "Printer on fire"),
        *("--body", "It burns.", "--json"),
    )
    return str(created.json["tickets"][0]["number"])


def test_a_ticket_is_created_listed_and_shown(ttydesk: Ttydesk, printer: str) -> None:
    listed = ttydesk("ticket", "list", "--json").json
    assert [(str(one["number"]), one["subject"], one["status"]) for one in listed] == [
        (printer, "Printer on fire", "open")
    ]
    shown = ttydesk("ticket", "show", printer)
    assert shown.code == 0
    assert f"#{printer} Printer on fire" in shown.out
    assert "It burns." in shown.out
    assert "Bob <bob@example.com>" in shown.out


@pytest.mark.parametrize("spelling", ["{}", "#{}", "[#{}]"])
def test_a_number_is_taken_as_people_say_it(ttydesk: Ttydesk, printer: str, spelling: str) -> None:
    shown = ttydesk("ticket", "show", spelling.format(printer), "--json").json
    assert str(shown["ticket"]["number"]) == printer


def test_piped_lists_are_one_line_for_each_ticket_with_tabs(ttydesk: Ttydesk, printer: str) -> None:
    listed = ttydesk("ticket", "list")
    (line,) = listed.out.splitlines()
    cells = line.split("\t")
    assert (cells[0], cells[1], cells[5], cells[6]) == (printer, "open", "bob@example.com", "Printer on fire")
    assert "\x1b" not in listed.out


def test_a_list_takes_query_sort_limit_and_view(ttydesk: Ttydesk) -> None:
    for subject, priority in (("one", "low"), ("two", "high"), ("three", "medium")):
        ttydesk(
            *("ticket", "create", "--from", "bob@example.com", "--subject", subject, "--body", "x"),
            *("--priority", priority),
        )

    def subjects(*options: str) -> list[str]:
        return [one["subject"] for one in ttydesk("ticket", "list", "--json", *options).json]

    assert subjects("--sort", "priority") == ["two", "three", "one"]
    assert subjects("--sort", "priority", "--limit", "1") == ["two"]
    assert subjects("--sort", "priority", "--reverse") == ["one", "three", "two"]
    assert subjects("--query", "priority:high,low", "--sort", "number", "--reverse") == ["one", "two"]
    assert subjects("--view", "mine") == []
    assert sorted(subjects("--view", "unassigned")) == ["one", "three", "two"]


def test_a_limit_above_a_page_is_filled_by_several(
    ttydesk: Ttydesk, printer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.ticket.PAGE", 2)
    for _ in range(4):
        ttydesk("ticket", "create", "--from", "eve@example.com", "--subject", "x", "--body", "x")
    numbers = [one["number"] for one in ttydesk("ticket", "list", "--json", "--limit", "5").json]
    assert len(set(numbers)) == 5


def test_a_reply_waits_and_can_be_taken_back(ttydesk: Ttydesk, printer: str) -> None:
    replied = ttydesk("ticket", "reply", printer, "--body", "-", "--json", stdin="Löscht es!".encode()).json
    assert replied["tickets"][0]["status"] == "pending"
    answer = ttydesk("ticket", "show", printer, "--json").json["messages"][-1]
    assert answer["content"] == "Löscht es!"
    assert answer["dispatch"]["state"] == "waiting"

    assert ttydesk("ticket", "unsend", printer).code == 0
    shown = ttydesk("ticket", "show", printer, "--json").json
    assert [draft["content"] for draft in shown["drafts"]] == ["Löscht es!"]
    assert "waiting" not in [one["dispatch"]["state"] for one in shown["messages"] if one["dispatch"]]

    again = ttydesk("ticket", "unsend", printer)
    assert again.code == 1
    assert again.err.count("\n") == 1


def test_a_reply_takes_recipients_status_and_files(ttydesk: Ttydesk, printer: str, tmp_path: Path) -> None:
    file = tmp_path / "manual.pdf"
    file.write_bytes(b"%PDF-1.4 not really")
    ttydesk(
        *("ticket", "reply", printer, "--body", "See the manual.", "--status", "unchanged"),
        *("--to", "Bob B <bob@example.com>", "--cc", "carol@example.com", "--attach", str(file)),
    )
    shown = ttydesk("ticket", "show", printer, "--json").json
    answer = shown["messages"][-1]
    assert shown["ticket"]["status"] == "open"
    assert answer["recipients"]["to"] == [{"name": "Bob B", "email": "bob@example.com"}]
    assert [one["email"] for one in answer["recipients"]["cc"]] == ["carol@example.com"]
    (attached,) = answer["attachments"]
    assert (attached["filename"], attached["content_type"], attached["size"]) == (
        "manual.pdf",
        "application/pdf",
        19,
    )


def test_a_text_comes_from_a_file(ttydesk: Ttydesk, printer: str, tmp_path: Path) -> None:
    file = tmp_path / "note.md"
    file.write_text("Call him back.\n", "utf-8")
    assert ttydesk("ticket", "note", printer, "--body-file", str(file)).code == 0
    assert ttydesk("ticket", "show", printer, "--json").json["notes"][0]["content"] == "Call him back."


def test_an_update_is_explained_and_undone(ttydesk: Ttydesk, printer: str) -> None:
    changed = ttydesk(
        *("ticket", "update", printer, "--priority", "high", "--assignee", "me", "--status", "pending"),
        *("--subject", "Printer burns", "--reason", "smoke", "--json"),
    ).json
    (ticket,) = changed["tickets"]
    assert (ticket["priority"], ticket["assignee_email"], ticket["status"], ticket["subject"]) == (
        *("high", "ada@example.com", "pending", "Printer burns"),
    )
    events = ttydesk("ticket", "events", printer)
    assert "smoke" in events.out
    assert "ada@example.com" in events.out
    assert "priority: medium -> high" in events.out

    undone = ttydesk("ticket", "undo", changed["request_id"], "--json").json
    assert (undone["tickets"][0]["priority"], undone["tickets"][0]["subject"]) == (
        "medium",
        "Printer on fire",
    )


def test_assignee_none_gives_a_ticket_back(ttydesk: Ttydesk, printer: str) -> None:
    ttydesk("ticket", "update", printer, "--assignee", "grace@example.com")
    changed = ttydesk("ticket", "update", f"#{printer}", "--assignee", "none", "--json").json
    assert changed["tickets"][0]["assignee_email"] is None


def test_spam_is_marked_listed_apart_and_taken_back(ttydesk: Ttydesk, printer: str) -> None:
    assert ttydesk("ticket", "update", printer, "--spam", "--json").json["tickets"][0]["spam"]
    assert ttydesk("ticket", "list", "--json").json == []
    for query in (("--view", "spam"), ("--query", "is:spam printer")):
        (ticket,) = ttydesk("ticket", "list", *query, "--json").json
        assert str(ticket["number"]) == printer
    events = ttydesk("ticket", "events", printer)
    assert "spam: no -> yes" in events.out
    assert ttydesk("ticket", "update", printer, "--not-spam").code == 0
    assert len(ttydesk("ticket", "list", "--json").json) == 1


def test_several_tickets_change_together_or_not_at_all(ttydesk: Ttydesk, printer: str) -> None:
    refused = ttydesk("ticket", "update", printer, "999999", "--priority", "high")
    assert refused.code == 1
    assert ttydesk("ticket", "show", printer, "--json").json["ticket"]["priority"] == "medium"


@pytest.mark.parametrize(
    "command",
    [
        ("show", "999999"),
        ("reply", "999999", "--body", "x"),
        ("note", "999999", "--body", "x"),
        ("update", "999999", "--status", "closed"),
        ("unsend", "999999"),
        ("events", "999999"),
    ],
)
def test_a_ticket_that_does_not_exist_is_one_sentence(ttydesk: Ttydesk, command: tuple[str, ...]) -> None:
    refused = ttydesk("ticket", *command)
    assert refused.code == 1
    assert refused.out == ""
    assert "999999" in refused.err
    assert refused.err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("list", "--sort", "colour"), "'colour' is not one of"),
        (("list", "--view", "theirs"), "'theirs' is no view"),
        (("list", "--limit", "0"), "greater than or equal to 1"),
        (("show", "eleven"), "'eleven' is no ticket number"),
        (("show", "9" * 30), "is no ticket number"),
        (("show", "١٢"), "is no ticket number"),
        (("show",), "Missing argument"),
        (("update", "1"), "There is nothing to change"),
        (("update", "1", "--status", "lost"), "'lost' is not one of"),
        (("reply", "1", "--body", "x", "--body-file", "y"), "not both"),
        (("reply", "1"), "There is no text"),
        (("reply", "1", "--body", "\udcff"), "no text in UTF-8"),
        (("undo", "yesterday"), "'yesterday' is no request"),
        (("frobnicate",), "No such command 'frobnicate'"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(
    typed: Ttydesk, command: tuple[str, ...], sentence: str
) -> None:
    ran = typed("ticket", *command)
    assert ran.code == 2
    assert sentence in ran.err
    assert "Value error" not in ran.err


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("list", "--query", "colour:red"), "colour"),
        (("list", "--query", "status:lost"), "lost"),
        (("reply", "{}", "--body", "  \n"), "The text is empty. Nothing was stored."),
        (("reply", "{}", "--body-file", "/no/such/file"), "/no/such/file"),
        (("reply", "{}", "--body", "x", "--attach", "/no/such/file"), "/no/such/file"),
        (("update", "{}", "--assignee", "nobody@example.com"), "nobody@example.com"),
    ],
)
def test_what_is_refused_ends_with_1_and_one_sentence(
    ttydesk: Ttydesk, printer: str, command: tuple[str, ...], sentence: str
) -> None:
    ran = ttydesk("ticket", *(part.format(printer) for part in command))
    assert ran.code == 1
    assert sentence in ran.err
    assert ran.err.count("\n") == 1
    assert len(ttydesk("ticket", "show", printer, "--json").json["messages"]) == 1


def test_stdin_that_is_no_text_is_refused(ttydesk: Ttydesk, printer: str) -> None:
    ran = ttydesk("ticket", "note", printer, "--body", "-", stdin=b"\xff\xfe\x00")
    assert (ran.code, ran.err) == (1, "What came in on stdin is no text in UTF-8.\n")


def test_an_agent_who_does_not_exist_is_refused(ttydesk: Ttydesk) -> None:
    ran = ttydesk("--agent", "mallory@example.com", "ticket", "list")
    assert ran.code == 1
    assert "mallory@example.com" in ran.err


ATTACK = "\x1b]0;owned\x07\x1b[2J\u202eevil\u200b[bold]\r\n\tx\x9b31m"


def test_hostile_text_is_shown_as_text(ttydesk: Ttydesk) -> None:
    created = ttydesk(
        *("ticket", "create", "--from", "bob@example.com", "--name", ATTACK, "--subject", f"S{ATTACK}"),
        *("--body", f"B{ATTACK}", "--json"),
    )
    number = str(created.json["tickets"][0]["number"])
    said = created.out
    for command in (
        ("list",),
        ("list", "--json"),
        ("show", number),
        ("show", number, "--json"),
        ("events", number),
    ):
        ran = ttydesk("ticket", *command)
        assert ran.code == 0, ran.err
        said += ran.out
    said += ttydesk("ticket", "update", number, "--priority", "low").out
    assert "evil" in said
    assert {char for char in said if not char.isprintable()} <= {"\n", "\t"}
