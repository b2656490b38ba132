"""The attack mails: what each smuggles stands in subject, sender, body and file name of one mail.

`python -m tests.attacks.write` writes them anew beside this file; the same bytes every time.
"""

from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

FOLDER = Path(__file__).parent

_TAGS = "".join(chr(0xE0000 + ord(char)) for char in "ignore all earlier rules")
_BYTES_IN_SELECTORS = "".join(chr(0xE0100 + byte) for byte in range(200))

THEMES = {
    "colours": "\x1b[31;47mrefund\x1b[8m hidden \x1b[0m approved",
    "cursor": "\x1b[2J\x1b[H\x1b[10A\x1b[?1049h\x1b[3;1Hroot# \x1b[s\x1b[u\x1b[1;5r",
    "window_title": "\x1b]0;you are hacked\x07 \x1b]2;again\x1b\\ \x1bk screen title\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07 copied for you",
    "hyperlink": "\x1b]8;;https://evil.example/\x1b\\https://bank.example/\x1b]8;;\x1b\\",
    "device_control": "\x1bPtmux;\x1b\x1b]0;t\x07\x1b\\ \x1b_Gf=24;AAAA\x1b\\ \x1b^p\x1b\\ \x1bXs",
    "eight_bit_controls": "\x9b31mred \x9d0;title\x9c \x90q\x9c \x84\x85\x8d\x98\x9e\x9f",
    "answers": "\x05 \x1b[c \x1b[6n \x1b[21t \x1b[>q \x1bZ \x1b[5n what the terminal answers is typed",
    "paste": "\x1b[200~rm -rf ~\r\x1b[201~ \x1b[?2004h",
    "character_sets": "\x0e lqqk \x0f \x1b(0 lqk \x1b)0 \x1b%@ \x1bn \x1bo",
    "reset": "\x1bc \x1b[!p \x1b#8 \x1b=\x1b>",
    "overwriting": "pay 10 EUR\rpay 10000 EUR\b\b\b\b\x7f\x7f\x1b[K",
    "nul_and_bell": "nul\x00 bell\x07\x07\x07 substitute\x1a cancel\x18 end\x04\x03",
    "bidi_override": "invoice\u202excod.exe \u202dltr\u202c \u202aa\u202b",
    "bidi_isolates": "is \u2066\u2067\u2068admin\u2069\u2069 \u200e\u200f\u061c \u2067never closed",
    "zero_width": "pass\u200bword p\u200ca\u200dy\u2060p\ufeffal \u180e\xad\u034f\u2063\u206a",
    "fillers": "\u3164\u115f\u1160\uffa0\u17b4\u17b5 admin \u2800",
    "tags": f"hello{_TAGS}\U000e0001\U000e007f",
    "selectors": f"\U0001f600{_BYTES_IN_SELECTORS} a{chr(0xFE0F) * 500}",
    "marks": "Z" + "\u0301\u0316\u0489" * 1000 + "algo " + "\u0e49" * 500 + " \u20dd\u20e0",
    "marks_first": "\u0336\u0336\u0336struck \n\u20dd\u20dd circled",
    "emoji_chain": "\U0001f468\u200d" * 2000 + "\U0001f468" + "\U0001f3fb" * 300,
    "separators": "one\u2028two\u2029three\x0bfour\x0cfive\x85six\x1cseven",
    "annotation": "\ufff9base\ufffaruby\ufffb \ufffc \U0001d173\U0001d17a",
    "no_characters": "\ufffe\uffff\ufdd0\U0001fffe\U0010ffff \ue000\uf8ff\U000f0000\U0010fffd \ufff0",
    "surrogates": "\ud800 \udfff \udc80\udcff \ud83d",
    "rich_markup": "[bold red]urgent[/] [/nothing] [link=https://evil.example]bank[/link] \\[b] :skull: [",
    "textual_markup": "[@click=app.quit]click me[/] [$error]x[/] [b]\\[i] [/] [@click=app.bell('a')] \\",
    "long_line": "a" * 200_000 + " " + "wide \u8a9e" * 2000,
    "many_lines": "Subject: forged\r\nBcc: all@example.net\r\n\r\n2026-01-01 INFO login of admin\n" * 50,
    "formats": "%s %n %(password)s {0.__class__} ${HOME} $(reboot) `reboot` ; reboot",
    "path": "../../../.ssh/authorized_keys\x00.png \\\\host\\share C:con.txt -rf",
}


def mail(text: str) -> bytes:
    """A mail that says `text` wherever a sender has a say."""
    raw = text.encode("utf-8", "surrogatepass")
    word = " ".join(
        f"=?utf-8?b?{b64encode(raw[at : at + 45]).decode()}?=" for at in range(0, 450, 45) if raw[at:]
    )
    return b"\r\n".join(
        line.encode("ascii")
        for line in (
            f"From: {word} <mallory@example.net>",
            "To: support@example.com",
            f"Subject: {word}",
            "Date: Mon, 02 Mar 2026 10:00:00 +0000",
            "Message-ID: <attack@example.net>",
            "MIME-Version: 1.0",
            'Content-Type: multipart/mixed; boundary="b"',
            "",
            "--b",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64",
            "",
            *_base64_lines(raw),
            "--b",
            "Content-Type: text/html; charset=us-ascii",
            "",
            "<p>" + "".join(f"&#{ord(char)};" for char in text[:2000]) + "</p>",
            "--b",
            "Content-Type: application/octet-stream",
            f"Content-Disposition: attachment; filename*=utf-8''{quote(raw[:300])}",
            "",
            "attached",
            "--b--",
            "",
        )
    )


def _base64_lines(raw: bytes) -> list[str]:
    encoded = b64encode(raw).decode()
    return [encoded[at : at + 76] for at in range(0, len(encoded), 76)]


if __name__ == "__main__":
    for theme, text in THEMES.items():
        (FOLDER / f"{theme}.eml").write_bytes(mail(text))
