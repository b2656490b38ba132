"""What docs/web.md says of how often somebody may ask is what is counted."""

from pathlib import Path

from web import form, portal, portal_door

DOCUMENT = Path(__file__).parents[2] / "docs/web.md"


def test_the_document_says_what_is_counted() -> None:
    text = DOCUMENT.read_text("utf-8")
    for what, rate in (
        ("sending the form", form.RATE),
        ("asking for a link to the portal, or using one", portal_door.RATE),
        ("links to one address", portal_door.ADDRESS_RATE.replace("/", " an ")),
        ("answering in the portal", portal.RATE),
    ):
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {what} |")]
        assert rate in row
