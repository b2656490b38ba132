"""What is new in a mail, and what is folded."""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.markup import render
from sync.reply import split
from tests.sync.letter import letter

OVER_A_QUOTE = [
    "On Mon, Jan 6, 2025 at 10:00 AM Bob <bob@desk.example> wrote:",
    "On Mon, Jan 6, 2025 at 10:00 AM Bob via the Help Desk\n<bob@desk.example> wrote:",
    "On 6 Jan 2025, at 10:00, Bob wrote:",
    "Am 06.01.2025 um 10:00 schrieb Bob:",
    "Am Mo., 6. Jan. 2025 um 10:00 Uhr schrieb Bob <bob@desk.example>:",
    "Bob <bob@desk.example> schrieb am Mo., 6. Jan.\n2025 um 10:00 Uhr:",
    "Le lun. 6 janv. 2025 à 10:00, Bob <bob@desk.example> a écrit :",
    "El lun, 6 ene 2025 a las 10:00, Bob (<bob@desk.example>) escribió:",
    "Em seg., 6 de jan. de 2025 às 10:00, Bob <bob@desk.example> escreveu:",
    "Il giorno lun 6 gen 2025 alle ore 10:00 Bob <bob@desk.example> ha scritto:",
    "Op ma 6 jan 2025 om 10:00 schreef Bob <bob@desk.example>:",
    "Op 6 jan. 2025 om 10:00 heeft Bob <bob@desk.example> het volgende geschreven:",
    "Den mån 6 jan. 2025 kl 10:00 skrev Bob <bob@desk.example>:",
    "W dniu 6 stycznia 2025 10:00 użytkownik Bob <bob@desk.example>\nnapisał:",
    "po 6. 1. 2025 v 10:00 odesílatel Bob <bob@desk.example> napsal:",
    "ma 6. tammik. 2025 klo 10.00 Bob <bob@desk.example> kirjoitti:",
    "Bob <bob@desk.example>, 6 Oca 2025 Pzt, 10:00 tarihinde şunu yazdı:",
    "пн, 6 янв. 2025 г. в 10:00, Bob <bob@desk.example>:",
    "06.01.2025 10:00, Bob пишет:",
    "пн, 6 січ. 2025 р. о 10:00 Bob <bob@desk.example> пише:",
    "Στις Δευ 6 Ιαν 2025 στις 10:00 π.μ., ο χρήστης Bob <bob@desk.example> έγραψε:",
    "Vào 10:00 6 tháng 1, 2025, Bob <bob@desk.example> đã viết:",
    "2025年1月6日(月) 10:00 Bob <bob@desk.example>:",
    "Bob <bob@desk.example> 于2025年1月6日周一 10:00写道：",
    "2025년 1월 6일 (월) 오전 10:00, Bob <bob@desk.example>님이 작성:",
    "2025-01-06 10:00 GMT+01:00 Bob <\nbob@desk.example>:",
    "---- On Mon, 06 Jan 2025 10:00:00 +0100 Bob <bob@desk.example> wrote ----",
    "bob@desk.example wrote:",
]
BLOCKS = [
    "From: Bob <bob@desk.example>\nSent: Monday, January 6, 2025 10:00 AM\nTo: Ann\nSubject: Printer",
    "Von: Bob <bob@desk.example>\nGesendet: Montag, 6. Januar 2025 10:00\nAn: Ann\nBetreff: Drucker",
    "De : Bob <bob@desk.example>\nEnvoyé : lundi 6 janvier 2025 10:00\nÀ : Ann\nObjet : Imprimante",
    "De: Bob <bob@desk.example>\nEnviado: lunes, 6 de enero de 2025 10:00\nPara: Ann\nAsunto: Impresora",
    "Da: Bob <bob@desk.example>\nInviato: lunedì 6 gennaio 2025 10:00\nA: Ann\nOggetto: Stampante",
    "Från: Bob <bob@desk.example>\nSkickat: den 6 januari 2025 10:00\nTill: Ann\nÄmne: Skrivare",
    "发件人: Bob <bob@desk.example>\n发送时间: 2025年1月6日 10:00\n收件人: Ann\n主题: 打印机",
    "*From:* Bob [mailto:bob@desk.example]\n*Sent:* Monday, January 6, 2025\n*To:* Ann\n*Subject:* Printer",
    "-----Original Message-----\nFrom: Bob",
    "-----Ursprüngliche Nachricht-----\nVon: Bob",
    "__________\nFrom: Bob <bob@desk.example>\nSent: 6 January 2025 10:00\nTo: Ann\nSubject: Printer",
]
HTML = {
    "gmail": '<div>New</div><div class="gmail_quote"><div class="gmail_attr">On Monday Bob wrote:</div>'
    '<blockquote class="gmail_quote">Old</blockquote></div>',
    "apple": '<div>New</div><blockquote type="cite"><div>On 6 Jan 2025, Bob wrote:</div>Old</blockquote>',
    "thunderbird": '<p>New</p><div class="moz-cite-prefix">Bob wrote:</div><blockquote>Old</blockquote>',
    "outlook_line": '<p>New</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>Xyz:</b> Bob<br>'
    "<b>Abc:</b> Monday<br></p></div><p>Old</p>",
    "outlook_web": '<div>New</div><hr><div id="divRplyFwdMsg"><b>Xyz:</b> Bob</div><div>Old</div>',
    "outlook_sanitised": '<div>New</div><div id="x_divRplyFwdMsg">Bob</div><div>Old</div>',
    "hotmail": '<div>New</div><hr id="stopSpelling">Old',
    "yahoo": '<div>New</div><div class="yahoo_quoted"><div>Bob</div><div>Old</div></div>',
    "proton": '<div>New</div><div class="protonmail_quote">Old</div>',
}
words = st.text(alphabet="abc >-:@.\n\t|*_", max_size=200)


@pytest.mark.parametrize("head", OVER_A_QUOTE)
def test_a_quote_goes_with_the_line_over_it(head: str) -> None:
    found = split(f"It blinks.\n\n{head}\n\n> Does it\n> blink?\n".split("\n"))
    assert found.reply == "It blinks."


@pytest.mark.parametrize("head", [*OVER_A_QUOTE[:18], *BLOCKS])
def test_what_follows_needs_no_marks(head: str) -> None:
    found = split(f"It blinks.\n\n{head}\n\nDoes it blink?\n".split("\n"))
    assert found.reply == "It blinks." and found.quoted.endswith("Does it blink?")


@pytest.mark.parametrize("client", HTML)
def test_the_marks_of_clients_count(client: str) -> None:
    page = render(HTML[client])
    found = split(page.lines, page)
    assert (found.reply, "Old" in found.quoted) == ("New", True)


@pytest.mark.parametrize(
    "text",
    [
        "On your machine you can run:\n\n    lpstat\n\nand see.",
        "From: the kitchen\nto the cellar it smells.",
        "On Monday I wrote:\nit blinks.",
        "See >>> here <<<\nand there.",
        "Date: Monday 6 January\nTime: 10:00\nPlace: Room 7\n\nPlease come.",
        "| a | b |\n| 1 | 2 |\n\nis the table.",
        "One\n---\nTwo and more text after it, with a list:\n- a\n- b",
    ],
)
def test_ordinary_text_is_kept_whole(text: str) -> None:
    assert split(text.split("\n")).reply == text


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAnn\nACME",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "iPhoneから送信",
    ],
)
def test_the_signature_is_folded(signature: str) -> None:
    found = split(f"It blinks.\n\n{signature}\n".split("\n"))
    assert (found.reply, found.signature.strip()) == ("It blinks.", signature)


def test_answers_between_quotes_keep_them() -> None:
    mail = letter("interleaved")
    assert mail.reply_text == "> Does it blink?\n\nYes.\n\n> Is it on?\n\nNo."


def test_a_quote_alone_is_all_there_is_to_read() -> None:
    assert letter("quote_only").reply_text == "> Does it blink?"


@pytest.mark.parametrize(
    ("name", "reply"), [("forward_gmail", "Please handle this."), ("forward_bare", "Hilfe!")]
)
def test_a_forward_shows_its_comment_or_else_the_mail(name: str, reply: str) -> None:
    assert letter(name).reply_text == reply


@pytest.mark.parametrize("name", ["forward_gmail", "forward_bare", "nested_rfc822"])
def test_a_forward_names_who_wrote_first(name: str) -> None:
    mail = letter(name)
    assert mail.is_forward and mail.forwarded_sender and mail.forwarded_sender.email == "carl@client.example"


def test_a_page_forwarded_by_outlook_names_who_wrote_first() -> None:
    html = HTML["outlook_line"].replace("Xyz:</b> Bob", "From:</b> bob@desk.example").replace("Abc", "Sent")
    page = render(html)
    found = split(page.lines, page, forwards=True)
    assert found.is_forward and found.forward and found.forward.fields["from"] == "bob@desk.example"


@settings(deadline=None)
@given(words)
def test_no_line_is_lost_and_no_reply_is_empty(text: str) -> None:
    lines = text.split("\n")
    found = split(lines)
    kept = "\n".join([found.reply, found.quoted, found.signature]).split("\n")
    assert sorted(filter(None, map(str.strip, kept))) == sorted(filter(None, map(str.strip, lines)))
    assert bool(found.reply.strip()) == bool(text.strip())


@pytest.mark.parametrize(
    "marker",
    [
        "Välitetty viesti alkaa:",
        "Začátek přeposlané zprávy:",
        "Továbbított levél kezdete:",
        "Початок листа, що пересилається:",
        "---------- Препратено съобщение ---------",
        "Yönlendirilen iletinin başlangıcı:",
        "開始轉寄郵件：",
        "전달된 메시지 시작:",
        "---------- ข้อความที่ส่งต่อ ---------",
    ],
)
def test_what_is_forwarded_is_known_by_its_marker(marker: str) -> None:
    found = split(
        f"It blinks.\n\n{marker}\nFrom: Carl <carl@client.example>\nSubject: x\n\nOld\n".split("\n")
    )
    assert (found.reply, found.is_forward, bool(found.forward)) == ("It blinks.", True, True)
