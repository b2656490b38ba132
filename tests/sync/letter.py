"""The mails beside the tests, read."""

from pathlib import Path

from sync.parse import parse_mail
from sync.parsed import ParsedMail

MAILS = Path(__file__).parent / "mails"


def letter(name: str) -> ParsedMail:
    return parse_mail((MAILS / f"{name}.eml").read_bytes())
