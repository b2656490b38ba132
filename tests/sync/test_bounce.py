"""Delivery reports: with a machine-readable part, in prose, and mails that only speak of one."""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import pytest

from sync.parse import parse_mail
from sync.report import recipients
from tests.sync.letter import letter

LOST = "lost@customer.example"
COPY = (
    "Received: from a by b\nMessage-ID: <ours-1@desk.example>\nTo: other@customer.example\n\n"
    "Ask third@customer.example."
)
NOTICES = {
    "exim": (
        "Mail delivery failed: returning message to sender",
        "A message that you sent could not be delivered to all of its recipients.\n"
        f"The following address(es) failed:\n\n  {LOST}\n    host mx.example [192.0.2.1]: 550 5.1.1 no\n\n"
        "------ This is a copy of the message ------\n",
    ),
    "exchange_5": (
        "Undeliverable: Printer",
        "Your message\n\n  To:      team@customer.example\n  Subject: Printer\n\n"
        "did not reach the following recipient(s):\n\n"
        f"{LOST} on Mon, 6 Jan 2025 10:00:00 +0100\n    The recipient name is not recognized\n",
    ),
    "exchange_2007": (
        "Undeliverable: Printer",
        "Delivery has failed to these recipients or distribution lists:\n\n"
        f"{LOST}<mailto:{LOST}>\nNot found.\n\n"
        f"Diagnostics for administrators:\n\nServer: mx.example\n\n{LOST}\n#550 5.1.1 not found ##\n",
    ),
    "domino": (
        "DELIVERY FAILURE: User not listed",
        f"Your message\n\n  Subject: Printer\n\nwas not delivered to:\n\n  {LOST}\n",
    ),
    "yahoo": (
        "Failure Notice",
        f"Sorry, we were unable to deliver your message to the following address.\n\n<{LOST}>:\nNo.\n",
    ),
    "sendmail": (
        "Returned mail: User unknown",
        f"   ----- Transcript of session follows -----\n>>> RCPT To:<{LOST}>\n<<< 550 5.1.1 User unknown\n\n"
        "   ----- Unsent message follows -----\n",
    ),
    "imail": ("Undeliverable Mail", f"Unknown user: {LOST}\n\n\nOriginal message follows.\n"),
    "trouble": (
        "There was an error sending your mail",
        f"We had trouble delivering your message.\n\nSMTP Server <mx.example> rejected recipient <{LOST}>\n",
    ),
    "japanese": ("配信不能のお知らせ", f"次の宛先に配信できませんでした。\n\n<{LOST}>\n"),
}


def notice(subject: str, text: str, sender: str = "MAILER-DAEMON@mx.example") -> bytes:
    return f"From: {sender}\nTo: help@desk.example\nSubject: {subject}\n\n{text}\n{COPY}\n".encode()


@pytest.mark.parametrize("server", NOTICES)
def test_prose_names_who_did_not_get_the_mail(server: str) -> None:
    mail = parse_mail(notice(*NOTICES[server]))
    assert (mail.is_bounce, mail.bounced_recipients) == (True, (LOST,))


@pytest.mark.parametrize("server", NOTICES)
def test_the_same_words_from_a_person_are_no_bounce(server: str) -> None:
    subject, text = NOTICES[server]
    assert not parse_mail(notice(f"Re: {subject}", text, "Ann <ann@customer.example>")).is_bounce


def test_a_report_gives_recipient_status_and_the_id_of_our_mail() -> None:
    mail = letter("bounce_dsn")
    found = (mail.bounced_recipients, mail.bounce_status, mail.bounced_message_id, mail.bounce_is_permanent)
    assert found == (("ann@customer.example",), ("5.1.1",), "<ours-17@desk.example>", True)


def test_the_copy_of_our_mail_names_no_recipients() -> None:
    mail = letter("bounce_qmail")
    found = (mail.bounced_recipients, mail.bounce_status, mail.bounced_message_id)
    assert found == (("ann@customer.example",), ("5.1.1",), "<ours-18@desk.example>")


def test_a_delay_is_not_for_good() -> None:
    mail = letter("bounce_delay")
    assert (mail.is_bounce, mail.bounce_is_permanent) == (True, False)


def test_a_receipt_of_delivery_is_a_report_and_no_bounce() -> None:
    mail = letter("bounce_delivered")
    assert (mail.is_delivery_report, mail.is_bounce) == (True, False)


def test_a_complaint_is_no_bounce() -> None:
    mail = letter("bounce_feedback")
    assert (mail.is_feedback_report, mail.is_bounce, mail.bounced_recipients) == (
        True,
        False,
        ("ann@isp.example",),
    )


def test_a_person_who_asks_about_a_bounce_is_none() -> None:
    assert not letter("bounce_told_by_person").is_delivery_report


NAMED_IN = {
    "ro": ("Nelivrabil: Printer", "Livrarea către acești destinatari sau aceste grupuri a eșuat:"),
    "uk": ("Не вдалося доставити: Printer", "Не вдалося виконати доставку таким одержувачам або групам:"),
    "bg": ("Не може да се достави: Printer", "Доставката до тези получатели или групи е неуспешна:"),
    "el": ("Δεν είναι δυνατή η παράδοση: Printer", "Απέτυχε η παράδοση σε αυτούς τους παραλήπτες:"),
    "he": ("לא ניתן למסירה: Printer", "המסירה לנמענים או לקבוצות אלה נכשלה:"),
    "ar": ("غير قابل للتسليم: Printer", "فشل التسليم إلى هؤلاء المستلمين أو هذه المجموعات:"),
}


@pytest.mark.parametrize("language", NAMED_IN)
def test_exchange_is_understood_in_many_languages(language: str) -> None:
    subject, text = NAMED_IN[language]
    mail = parse_mail(notice(subject, f"{text}\n\n{LOST}<mailto:{LOST}>\n", "postmaster@mx.example"))
    assert (mail.is_bounce, mail.bounced_recipients) == (True, (LOST,))


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        (
            "Admin <admin@shop.example>",
            "Error sending mail",
            f"The app says it could not be delivered to {LOST}: 550 5.1.1 rejected",
        ),
        (
            "Shop <noreply@shop.example>",
            "Message blocked",
            f"Your message to {LOST} has been blocked. That is what I see. Help!",
        ),
        (
            "Postmaster <postmaster@isp.example>",
            "Delivery problems with your domain",
            "Messages of yours were rejected. Please fix it and write to bob@isp.example.",
        ),
        (
            "Microsoft Exchange Team <it@customer.example>",
            "Migration",
            f"The mailbox {LOST} moves. Mail could not be delivered meanwhile.",
        ),
    ],
)
def test_people_with_the_names_of_machines_are_people(sender: str, subject: str, text: str) -> None:
    assert not parse_mail(
        f"From: {sender}\nTo: help@desk.example\nSubject: {subject}\n\n{text}\n".encode()
    ).is_bounce


def test_a_recipient_named_after_a_blank_line_is_another() -> None:
    fields = (
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {LOST}\nStatus: 5.1.1\n\n"
        "Original-Recipient: rfc822; two@client.example\nFinal-Recipient: rfc822; inner@client.example\n"
        "Action: failed\nStatus: 5.2.2\n"
    )
    assert [one.email for one in recipients(fields)] == [LOST, "two@client.example"]
