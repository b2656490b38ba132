"""Replies as mail clients of all kinds and languages write them: what is new in them, and what is folded.

mails/replies.json holds them: `heads` that stand over a quote, `pages` of HTML and `texts` with what is new
in each, `devices` that sign, and texts to be `kept` whole, which only look like a quote or a header.
"""

import json

import pytest

from sync.markup import render
from sync.reply import Split, split
from tests.sync.letter import MAILS

SAID = json.loads((MAILS / "replies.json").read_text("utf-8"))
HEADS: dict[str, str] = SAID["heads"]
PAGES: dict[str, list[str]] = SAID["pages"]
TEXTS: dict[str, list[str]] = SAID["texts"]


def flat(text: str) -> str:
    return " ".join(text.split())


def page(html: str) -> Split:
    rendered = render(html)
    return split(rendered.lines, rendered)


@pytest.mark.parametrize("head", HEADS)
def test_what_stands_over_a_quote_goes_with_it(head: str) -> None:
    assert split(f"It blinks.\n\n{HEADS[head]}\n\n> Does it\n> blink?\n".split("\n")).reply == "It blinks."


@pytest.mark.parametrize("head", [head for head in HEADS if not HEADS[head].startswith(">")])
def test_nothing_below_it_needs_a_mark(head: str) -> None:
    found = split(f"It blinks.\n\n{HEADS[head]}\n\nDoes it blink?\n\nBob\n".split("\n"))
    assert (found.reply, found.quoted.endswith("Bob")) == ("It blinks.", True)


@pytest.mark.parametrize("client", PAGES)
def test_the_page_of_a_client_is_split(client: str) -> None:
    html, reply = PAGES[client]
    found = page(html)
    # A signature without a delimiter may go to either.
    assert reply in (flat(found.reply), flat(f"{found.reply} {found.signature}"))


@pytest.mark.parametrize("client", ["gmail_fwd", "gmail_fwd_bare"])
def test_a_forwarded_page_stays_readable(client: str) -> None:
    found = page(PAGES[client][0])
    assert found.is_forward and "Printer is dead." in f"{found.reply}\n{found.quoted}"


@pytest.mark.parametrize("line", SAID["devices"])
def test_what_a_device_adds_is_its_signature(line: str) -> None:
    found = split(f"It blinks.\n\n{line}\n".split("\n"))
    assert (found.reply, found.signature.strip()) == ("It blinks.", line)


@pytest.mark.parametrize("text", SAID["kept"])
def test_ordinary_text_survives(text: str) -> None:
    assert split(text.split("\n")).reply == text


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_split(name: str) -> None:
    text, reply = TEXTS[name]
    assert flat(split(text.split("\n")).reply) == reply
