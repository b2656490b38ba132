"""Bounces in prose: what the notices of mail servers that write no RFC 3464 report have in common.

A notice says that something failed, names the addresses (on lines of their own, before a colon, after RCPT
TO), and then copies the mail that came back, which must not be searched.
"""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import re

from sync.report import STATUS

FAILED = re.compile(
    r"undeliver|automatically rejected"
    r"|unable to (?:be )?deliver|(?:could|can|did|was|were|has|have)(?:n't| ?not|n’t)(?: be| been"
    r"| being)? (?:been |be )?"
    r"(?:deliver|reach|sent|receive|accepted|processed|relayed|transferred)|cannot be (?:deliver|sent)"
    r"|delivery (?:to the following|has failed|failed|failure|error|problem|of (?:the|this|your|email)"
    r"|attempt|of the)"
    r"|not (?:able to|yet been|been) deliver|failed (?:recipient|address|permanently|to deliver|to reach)"
    r"|delivery status notification"
    r"|returned (?:mail|message|to)|mail (?:delivery )?fail|permanent (?:fatal )?(?:error|fail|deliver)"
    r"|fatal error|did not reach"
    r"|(?:user|recipient|mailbox|address|account|userid)(?: is| was)? (?:unknown|not found|rejected"
    r"|disabled|full|unavailable|invalid|does not exist)"
    r"|unknown (?:user|recipient|address|host|local)|no such (?:user|recipient|mailbox|person|address)"
    r"|mailbox (?:is )?full|over quota"
    r"|(?:invalid|unknown|undeliverable|bad) (?:final delivery |e-?mail )?(?:address|recipient|userid"
    r"|user)|problem with the e-?mail address"
    r"|rejected recipient|trouble delivering|delivery report|non[- ]?deliver|not listed in|exceed(?:ed"
    r"|ing) (?:its|the|their|his) (?:\w+ )?quota"
    r"|error (?:was detected|occurred|while|during|deliver)|encountered (?:an error|delivery)"
    r"|does not have a final|still undelivered"
    r"|has been (?:delayed|postponed|rejected|returned|blocked)|delayed|unzustellbar|nicht zugestellt"
    r"|konnte nicht|zustellung"
    r"|n'a pas (?:pu )?(?:été|ete|etre|être)|non remis|échec|no (?:pudo|se pudo|ha sido|fue) "
    r"|no se (?:ha podido|puede)|não (?:pôde|foi|pode)"
    r"|non (?:è stato|e' stato|è possibile|recapit)|mancato recapito|niet (?:worden )?(?:afgeleverd"
    r"|bezorgd)|не может быть доставлено"
    r"|не удалось|не доставлено|невозможно доставить|nie (?:może|można|został)|配信できませ|配送できませ"
    r"|届きませ|送信できません"
    r"|无法投递"
    r"|无法送达|退信|無法投遞|無法傳送|전송 ?실패|반송|배달되지|message that you sent|cannot deliver"
    r"|message was not accepted"
    r"|no longer valid"
    r"|unrouteable|host (?:unknown|not found)|mailbox unavailable|group you tried to contact"
    r"|list of recipients|not a valid",
    re.IGNORECASE,
)
DELAYED = re.compile(
    r"not yet been delivered|has been (?:delayed|postponed)|delayed (?:for|\d)|message .{0,80}delayed"
    r"|will (?:be retried|keep trying|continue to (?:try|attempt))"
    r"|delivery attempts will continue|still undelivered|warning (?:message )?only|just a warning"
    r"|advisory-only|no action is required"
    r"|will (?:try again|retry)|delivery status notification \(delay\)|could not send message for past"
    r"|not yet delivered|delivery delay"
    r"|verzögert|retardé|retrasad|ritardat|отложен",
    re.IGNORECASE,
)
FINAL = re.compile(
    r"permanent|given up|gave up|giving up|fatal|returned to sender|could not be delivered for",
    re.IGNORECASE,
)

# Where the copy of the mail begins. What follows belongs to whoever wrote that mail.
COPY = re.compile(
    r"^[\s\-=_|*>#.:]*(?:below (?:this|the next) line|(?:the )?(?:original|returned|unsent|undelivered"
    r"|rejected|attached|source|failed|bounced|old) (?:mail|message|e-?mail)"
    r"(?: (?:follows|headers?|below|text|header|attached|is attached|content|is included"
    r"|as received))?[\s\-=_|*:.]*(?:$|as received|follows|reads|\(max)"
    r"|original message (?:details|headers)|start of returned|begin(?:ning)? of (?:the )?(?:original"
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

ADDRESS = r"[^\s<>()\[\],;:\"'=|*@]+@(?:[\w-]+\.)*[\w-]+"
MAILBOX = re.compile(rf"(?<![\w.@/]){ADDRESS}", re.ASCII | re.IGNORECASE)
# What stands before the address of a recipient: nothing but decoration, a word or command for it, a refusal.
ALONE = re.compile(r"^[\s>*\-.•<\[\"'(]*(?:\"[^\"]*\"\s*<?|mailto:|rfc822;|smtp:)?$", re.IGNORECASE)
NAMED = re.compile(
    r"(?:^|[\s(>:;])(?:rcpt to|smtp|recipients?|recipient address|original-recipient|final-recipient"
    r"|address(?:es)?|error-for"
    r"|addressed to|email address|undeliverable\s+to|delivered to|deliver\w* (?:\w+ ){0,3}to|user|userid"
    r"|account|mailbox|(?:message|mail) to|sent to|for|is full|not accepted for|gateway for|unknown"
    r"|following|to|group"
    r"|[45]\d\d[ -](?:[45]\.\d+\.\d+)?)(?: is| was| are| name| address)?[\s:=<\[\"'(;\-]+(?:rfc822;\s*<?)?$",
    re.IGNORECASE,
)
FORMERLY = re.compile(r"\b(?:expanded|generated) from", re.IGNORECASE)
AFTER = re.compile(r"^[>\])\"'.]*\s*(?:$|[:;,(]|\.\.\.|on\s|- |=|\s{2}|\S)", re.IGNORECASE)
HEADER_LINE = re.compile(r"^\s*(?:to|cc|from|sent|subject|date|reply-to|sender)\s*:", re.IGNORECASE)
ASIDE = re.compile(
    r"\b(?:contact|postmaster|help(?:desk)?|support|assist|administrator|from|sender|sent by|reply-to"
    r"|return-path|message-id|in-reply-to|subject|mail from|if you|"
    r"questions|please (?:send|write|e-?mail|forward)|believe|errors-to|x-[\w-]+)\b",
    re.IGNORECASE,
)
NOBODY = re.compile(
    r"^(?:postmaster|mailer-daemon|mailerdaemon|abuse|mail-daemon|noreply|no-reply)@", re.IGNORECASE
)
LINES = 400
WIDTH = 1000


def notice(lines: list[str]) -> list[str]:
    """The notice without the copy of the mail it returns."""
    for index, line in enumerate(lines[:LINES]):
        if index and (COPY.match(line[:200]) or _headers(lines, index)):
            return [one[:WIDTH] for one in lines[:index]]
    return [one[:WIDTH] for one in lines[:LINES]]


def copied(lines: list[str]) -> list[str]:
    """The copy, for its Message-ID."""
    return lines[len(notice(lines)) :][:LINES]


def _headers(lines: list[str], index: int) -> bool:
    following = [line for line in lines[index : index + 3] if HEADERS.match(line[:100])]
    return bool(HEADERS.match(lines[index][:100])) and (
        len(following) >= 2 or lines[index].lower().startswith("received:")
    )


def addresses(lines: list[str], own: set[str]) -> list[str]:
    """Who did not get the mail, in order; `own` are addresses that are ours, not theirs."""
    found: list[list[str]] = [[], [], [], []]
    for line in lines:
        if "@" not in line:
            continue
        line = FORMERLY.sub("for", line[:400])
        for match in MAILBOX.finditer(line):
            address = match[0].strip(".-'`").lower()
            if not NOBODY.match(address) and "." in address.rsplit("@", 1)[1]:
                found[_rank(line, match.start(), match.end())].append(address)
    for candidates in found:
        kept = list(dict.fromkeys(candidates))
        others = [one for one in kept if one not in own]
        if others:
            return others
    return list(dict.fromkeys(one for candidates in found[:3] for one in candidates))


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


def status(lines: list[str]) -> str:
    for line in lines:
        found = STATUS.search(line[:1000])
        if found:
            return found[1]
    return ""


def is_delay(text: str) -> bool:
    return bool(DELAYED.search(text)) and not FINAL.search(text)
