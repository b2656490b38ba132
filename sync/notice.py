"""Bounces in prose: what the notices of mail servers that write no RFC 3464 report have in common.

A notice says that something failed, names the addresses (on lines of their own, before a colon, after RCPT
TO), and then copies the mail that came back, which must not be searched.
"""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import re

from sync.failure import DELAYED, FINAL
from sync.report import STATUS

# Where the copy of the mail begins. What follows belongs to whoever wrote that mail.
COPY = re.compile(
    r"^[\s\-=_|*>#.:]*(?:below (?:this|the next) line|(?:the )?(?:original|returned|unsent|undelivered"
    r"|rejected|attached|source|failed|bounced|old) (?:mail|message|e-?mail)"
    r"(?: (?:follows|headers?|below|text|header|attached|is attached|content|is included"
    r"|as received))?[\s\-=_|*:.]*(?:$|as received|follows|reads|\(max)"
    r"|original message headers|start of returned|begin(?:ning)? of (?:the )?(?:original"
    r"|returned)|end of (?:original|message|error)|message (?:text|headers?"
    r"|body)(?: and body)?(?: follows?| suppressed)?[\s:|\-=.]*$"
    r"|(?:here|this|included|attached|following) (?:is|are) (?:a|the) copy|(?:this is |here is "
    r"|a )?(?:a )?copy of (?:the|your|this) (?:original |undelivered |returned )?(?:message|mail)"
    r"|(?:the )?header(?:s)? (?:of|from|and) (?:the )?|the first \d+ (?:lines|bytes|kb)|(?:your"
    r"|the) (?:original )?message (?:reads|follows|headers|began)"
    r"|a summary of the undelivered|non-delivered information|received message"
    r"|.{0,20}message headers? follow|original headers|return(?:ed)? message(?:s)? (?:header|follow)"
    r"|attachment is a copy|mensaje original|mensagem original|ursprüngliche nachricht|message d'origine"
    r"|texte du message|----- ?original)",
    re.IGNORECASE,
)
HEADERS = re.compile(
    r"^>? ?(?:received|return-path|delivered-to|x-[\w-]+|message-id|mime-version|dkim-signature"
    r"|content-type): ?\S",
    re.IGNORECASE,
)

# Chinese, Japanese and Korean text runs into an address without a space.
ADDRESS = r"[^\s<>()\[\],;:\"'=|*@\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]+@(?:[\w-]+\.)*[\w-]+"
# In brackets it may have any character; without, those that end or surround one in prose are no part of it.
MAILBOX = re.compile(
    rf"(?<=<)[^\s<>:@]{{1,128}}@[\w.-]+(?=>)|(?<![\w.@/]){ADDRESS}", re.ASCII | re.IGNORECASE
)
# What stands before the address of a recipient: nothing but decoration, a word or command for it, a refusal.
ALONE = re.compile(r"^[\s>*\-.•<\[\"'(]*(?:\"[^\"]*\"\s*<?|mailto:|rfc822;|smtp:)?$", re.IGNORECASE)
NAMED = re.compile(
    r"(?:^|[\s(>:;])(?:rcpt to|smtp|recipients?|recipient address|original-recipient|final-recipient"
    r"|address(?:es)?|error-for"
    r"|addressed to|email address|undeliverable\s+to|delivered to|deliver\w* (?:\w+ ){0,3}to|user|userid"
    r"|account|mailbox|(?:message|mail) to|sent to|for|is full|not accepted for|gateway for|unknown"
    r"|following|to|group|empfänger|adresse|destinataires?|destinatari[oa]s?|destinatário|dirección"
    r"|endereço|indirizzo"
    r"|ontvanger|geadresseerde|mottagare|modtager|mottaker|vastaanottaja|adresat|adresát|címzett|alıcı"
    r"|αποδέκτη"
    r"|получател[ьюя]|адресат[уа]?|адрес[ау]?|宛先|あて先|受信者|收件人(?:邮件地址)?|收信人|地址"
    r"|받는 사람|수신자"
    r"|[45]\d\d[ -](?:[45]\.\d+\.\d+)?)(?: is| was| are| name"
    r"| address)?[\s:=<\[\"'(;\-：（「]+(?:rfc822;\s*<?)?$",
    re.IGNORECASE,
)
FORMERLY = re.compile(r"\b(?:expanded|generated) from", re.IGNORECASE)
AFTER = re.compile(r"^[>\])\"'.]*\s*(?:$|[:;,(]|\.\.\.|on\s|- |=|\s{2}|\S)", re.IGNORECASE)
HEADER_LINE = re.compile(r"^\s*(?:to|cc|from|sent|subject|date|reply-to|sender)\s*:", re.IGNORECASE)
ASIDE = re.compile(
    r"\b(?:contact|postmaster|help(?:desk)?|support|assist|administrator|from|sender|sent by|reply-to"
    r"|return-path|message-id|in-reply-to|subject|mail from|if you|"
    r"questions|write to|please (?:send|write|e-?mail|forward)|believe|errors-to|x-[\w-]+)\b",
    re.IGNORECASE,
)
# A sentence that goes on with an address on the next line.
ASKING = re.compile(
    r"\b(?:contact|contacting|ask|write to|e-?mail|mail|send(?: \w+){0,4} to|notify|call|kontaktieren"
    r"|contacter"
    r"|contacte|contatt\w+)\s*$",
    re.IGNORECASE,
)
NOBODY = re.compile(
    r"^(?:postmaster|mailer-daemon|mailerdaemon|abuse|mail-daemon|noreply|no-reply)@", re.IGNORECASE
)
# Ranks of _rank.
SURE, LIKELY = 1, 2
LINES = 400
WIDTH = 1000
# More than any server lists in one notice.
ADDRESSES = 500


def notice(lines: list[str]) -> list[str]:
    """The notice without the copy of the mail it returns."""
    for index, line in enumerate(lines[:LINES]):
        if index and (COPY.match(line[:200]) or _headers(lines, index)):
            return [one[:WIDTH] for one in lines[:index]]
    return [one[:WIDTH] for one in lines[:LINES]]


def _headers(lines: list[str], index: int) -> bool:
    following = [line for line in lines[index : index + 3] if HEADERS.match(line[:100])]
    return bool(HEADERS.match(lines[index][:100])) and (
        len(following) >= 2 or lines[index].lower().startswith("received:")
    )


def addresses(lines: list[str], own: set[str], most: int = 3) -> list[str]:
    """Who did not get the mail, in order; `own` are addresses that are ours, not theirs.

    Of the best rank that is there, up to `most`.
    """
    found: list[list[str]] = [[], [], [], []]
    for index, line in enumerate(lines):
        if "@" not in line:
            continue
        if sum(map(len, found)) > ADDRESSES:
            break
        asks = index > 0 and bool(ASKING.search(lines[index - 1][-80:]))
        line = FORMERLY.sub("for", line[:400])
        for match in MAILBOX.finditer(line):
            address = match[0].strip(".-'`").lower()
            if not NOBODY.match(address) and "." in address.rsplit("@", 1)[1]:
                rank = _rank(line, match.start(), match.end())
                found[3 if asks and not rank else rank].append(address)
    for candidates in found[: most + 1]:
        others = [one for one in dict.fromkeys(candidates) if one not in own]
        if others:
            return others
    return list(dict.fromkeys(one for candidates in found[:3] for one in candidates)) if most > SURE else []


def _rank(line: str, start: int, end: int) -> int:
    """0: a recipient on a line of its own, 1: named as one, 2: may be one, 3: such as whom to ask."""
    before = line[:start]
    if HEADER_LINE.match(line) or ASIDE.search(before):
        return 3
    if ALONE.match(before) and AFTER.match(line[end:]):
        return 0
    if NAMED.search(before[-80:]):
        return 0 if "(for" in before[-8:] else 1
    return 3 if ASIDE.search(line) else 2


def statuses(lines: list[str], people: list[str]) -> tuple[str, ...]:
    """The first code said of each of them; where none follows a name, the first code at all."""
    codes: dict[str, str] = {}
    first, who = "", ""
    for line in lines:
        low = line[:WIDTH].lower()
        if "@" in low:
            who = next((one for one in people if one in low), who)
        found = STATUS.search(low)
        if found:
            first = first or found[1]
            if who:
                codes.setdefault(who, found[1])
    return tuple(dict.fromkeys(codes.values())) or ((first,) if first else ())


def is_delay(text: str) -> bool:
    return bool(DELAYED.search(text)) and not FINAL.search(text)
