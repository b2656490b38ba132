"""Bounces as mail servers of all kinds write them, and ordinary mails that only sound like one."""

import pytest

from sync.parse import parse_mail
from tests.sync.letter import MAILS, letter

LOST, GONE = ("lost@customer.example",), ("gone@client.example",)
# What the server tells, of whom, with which codes (RFC 3463).
TOLD: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "apostrophe": ("bounce", ("o'neil@customer.example",), ("5.1.1",)),
    "arf_multi": ("complaint", (*LOST, *GONE), ()),
    "arf_optout": ("complaint", LOST, ()),
    "arf_redacted": ("complaint", ("hdr@customer.example",), ()),
    "barracuda": ("bounce", LOST, ()),
    "biglobe": ("bounce", LOST, ()),
    "courier": ("bounce", LOST, ("5.1.1",)),
    "cox_contactline": ("bounce", LOST, ("5.2.0",)),
    "dma": ("bounce", LOST, ("5.1.1",)),
    "docomo": ("bounce", LOST, ()),
    "domino_old": ("bounce", LOST, ()),
    "dsn_b64": ("bounce", LOST, ("5.1.1",)),
    "dsn_expired": ("bounce", LOST, ("4.4.7",)),
    "dsn_local": ("bounce", LOST, ("5.3.0",)),
    "dsn_mixedactions": ("bounce", LOST, ("5.1.1",)),
    "dsn_nostatus": ("bounce", LOST, ("5.2.2",)),
    "dsn_octet": ("bounce", LOST, ("5.1.1",)),
    "dsn_relayed": ("arrived", LOST, ("2.0.0",)),
    "dsn_unknown_final": ("bounce", LOST, ("5.0.0",)),
    "dsn_utf8": ("bounce", ("jürgen@customer.example",), ("5.1.1",)),
    "dsn_x400": ("bounce", LOST, ("5.1.1",)),
    "exch2003": ("bounce", LOST, ("5.1.1",)),
    "exch2007_de": ("bounce", LOST, ("5.1.1",)),
    "exch55": ("bounce", LOST, ()),
    "exch_it": ("bounce", LOST, ("5.1.1",)),
    "exch_ja": ("bounce", LOST, ("5.1.1",)),
    "exch_sv": ("bounce", LOST, ("5.1.1",)),
    "exch_zh": ("bounce", LOST, ("5.1.1",)),
    "exim_pipe": ("bounce", LOST, ()),
    "exim_warn": ("delay", LOST, ("4.2.1",)),
    "gmx": ("bounce", LOST, ("5.1.1",)),
    "google_delay": ("delay", LOST, ()),
    "google_group": ("bounce", ("our-list@googlegroups.com",), ()),
    "google_html": ("bounce", LOST, ("5.1.1",)),
    "groupwise": ("bounce", LOST, ()),
    "groupwise2": ("bounce", LOST, ()),
    "hmailserver": ("bounce", LOST, ("5.1.1",)),
    "imail": ("bounce", LOST, ("5.1.1",)),
    "interscan": ("bounce", LOST, ("5.1.1",)),
    "james": ("bounce", LOST, ("5.1.1",)),
    "kddi": ("bounce", LOST, ()),
    "ko": ("bounce", LOST, ("5.1.1",)),
    "mailmarshal": ("bounce", LOST, ("5.1.1",)),
    "mailru": ("bounce", LOST, ("5.1.1",)),
    "mcafee": ("bounce", LOST, ()),
    "mdaemon2": ("bounce", LOST, ("5.1.1",)),
    "mdn_deleted": ("bounce", LOST, ()),
    "mercury": ("bounce", LOST, ("5.1.1",)),
    "mfilter": ("bounce", LOST, ("5.1.1",)),
    "mimecast": ("bounce", LOST, ("5.1.1",)),
    "ms_smtp": ("bounce", LOST, ()),
    "no_from": ("bounce", LOST, ()),
    "o365_html": ("bounce", LOST, ("5.1.10",)),
    "opensmtpd": ("bounce", LOST, ("5.2.2",)),
    "opensmtpd_warn": ("delay", LOST, ("4.2.0",)),
    "orange_fr": ("bounce", LOST, ("5.2.2",)),
    "plus_eq": ("bounce", ("a+b=c@customer.example",), ()),
    "powermta": ("bounce", LOST, ()),
    "qmail_es": ("bounce", LOST, ("5.1.1",)),
    "qmail_fr": ("bounce", LOST, ("5.1.1",)),
    "sender_null": ("bounce", LOST, ()),
    "sendmail5": ("bounce", LOST, ()),
    "seznam_cz": ("bounce", LOST, ("5.1.1",)),
    "sina": ("bounce", LOST, ()),
    "smartermail": ("bounce", LOST, ("5.1.1",)),
    "sns": ("bounce", LOST, ("5.1.1",)),
    "sunms": ("bounce", LOST, ("5.1.1",)),
    "surfcontrol": ("bounce", LOST, ()),
    "two_codes": ("bounce", (*LOST, *GONE), ("5.1.1", "5.2.2")),
    "verizon": ("bounce", ("5550101@vtext.example",), ()),
    "x2": ("bounce", LOST, ()),
    "x6": ("bounce", LOST, ("5.1.1",)),
    "zh_163": ("bounce", LOST, ()),
    "zh_qq": ("bounce", LOST, ("5.1.1",)),
    "zoho": ("bounce", LOST, ("5.1.1",)),
}
KINDS = {  # is_bounce, bounce_is_permanent, is_feedback_report, is_delivery_report
    "bounce": (True, True, False, True),
    "delay": (True, False, False, True),
    "arrived": (False, False, False, True),
    "complaint": (False, False, True, False),
}
ORDINARY = sorted(path.stem for path in MAILS.glob("ordinary_*.eml"))


@pytest.mark.parametrize("server", TOLD)
def test_a_server_is_understood(server: str) -> None:
    mail = letter(f"server_{server}")
    kind, recipients, codes = TOLD[server]
    found = (mail.is_bounce, mail.bounce_is_permanent, mail.is_feedback_report, mail.is_delivery_report)
    assert (found, mail.bounced_recipients, mail.bounce_status) == (KINDS[kind], recipients, codes)


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_mail_is_no_report(name: str) -> None:
    mail = letter(name)
    assert not (mail.is_bounce or mail.is_delivery_report or mail.is_feedback_report)


@pytest.mark.parametrize("server", [name for name in TOLD if TOLD[name][0] == "bounce" and name != "sns"])
def test_a_customer_who_sends_us_the_same_text_is_no_bounce(server: str) -> None:
    text = letter(f"server_{server}").text
    head = "From: Ann <ann@customer.example>\nTo: help@desk.example\nSubject: Undelivered mail\n"
    said = parse_mail(f"{head}\nHello, what does this mean?\n\n{text}\n".encode())
    assert not said.is_bounce and said.reply_text
