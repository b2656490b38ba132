"""The line over a quote, "On Monday Ann wrote:", in the languages of the usual mail clients.

Found from its end (a colon, a verb) backwards to a line it can begin with, over at most LINES lines: so
ordinary sentences that begin with "On" cost nothing and swallow nothing.
"""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import re

LINES = 6
WIDTH = 300

VERBS = (
    r"wrote|writes|schrieb|schrieb am|schreibt|geschrieben|a écrit|a ecrit|écrit|escribi[oó]|escribe"
    r"|va escriure"
    r"|escreveu|ha scritto|scrisse|schreef|geschreven|skrev|skrifaði|kirjoitti|kirjutas|napisa[lł]\(a\)"
    r"|napisa[lł]a?"
    r"|napsala?|napsal\(a\)|napísala?|napísal\(a\)|je napisa[ol]|je napisala|írta|a scris|yazdı|yazmış"
    r"|đã viết"
    r"|написал\(а\)|написала?|пишет|пише|писал|написав|написа|је написао/ла|έγραψε|rašė|parašė|rakstīja"
    r"|menulis"
    r"|写道|寫道|來信|来信|のメール|さんは書きました|書きました|님이 작성|작성|כתב|كتب|เขียน|said|skribis"
    r"|pisze|ezt írta|писали|님의 메시지|thus spake|쓴 글|님이 쓴 글|napísal/-a|napisal/-a|napisao/la"
)
VERB = re.compile(rf"(?:^|(?<=[\W\d_]))(?:{VERBS})(?=[\W\d_]|$)|写道|寫道|님이 작성|のメール", re.IGNORECASE)
VERB_LAST = re.compile(
    rf"(?:^|[\W\d_])(?:{VERBS})(?: het volgende| ?на?| următoarele"
    rf"| ما يلي)?[\s\])}}>*_\"'»”]*[:：]?[\s*_>-]*$|[写寫]道\s*[:：]?\s*$",
    re.IGNORECASE,
)
STARTS = (
    r"On|At|In|A|Às|Le|El|Em|Am|Op|Den|Il|Dnia|W dniu|W|Dne|V[àa]o|På|Στις|Την|На|В|Във?|Дня|Într?-?|În"
    r"|Pe(?: data)?"
    r"|Вы писали"
    r"|La|Pada"
    r"|Missatge de|Quoting|Zitat von|Citando|Citat|Selon|Il giorno|Am|Vom|Von|Em|No dia|El día|Kuupäev"
    r"|Dana|Pondělí"
    r"|в|у|بتاريخ|في|בתאריך|ב|ในวันที่|Ngày|Tarih|Dňa|Dňa|Po|V|Í|Þann|Ann|Ons|Tors|Fre|Lör|Sön|Mån|Tis|在|於"
    r"|于"
)
START = re.compile(
    rf"(?:{STARTS})[\s,:]+(?=\S)|\d{{4}}[-/.년年] ?\d|\d{{4}}\. [^\W\d]|ב-\d"
    rf"|\d{{1,2}}[./-]\s?\d{{1,2}}[./-]|\d{{1,2}}\.? [^\W\d]{{2,}}"
    r"|[^\W\d]{2,14}[.,]{1,2} ?(?:den )?\d|(?:po|út|st|čt|pá|so|ne|ma|ti|ke|to|pe|la|su) \d"
    r"|在|於|于|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b",
)
# What makes a start a date or a person, and not the beginning of a sentence.
EVIDENCE = re.compile(
    r"\d|@|<|\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b|article|yesterday"
    r"|you\b",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"@|\d[^\n]*\d")
COLONS = (":", "：", "wrote")
MAILBOX = re.compile(r"[^\s<>@]{1,256}@[^\s<>@]{1,256}")
MAIL_AND_VERB = re.compile(
    rf"^[^:\n]{{0,120}}?<[^<>\s]{{1,256}}>,? [^\n]{{0,80}}\d[^\n]{{0,80}}\s(?:{VERBS})\s*:$"
    rf"|^[^:\n]{{0,120}}?\S+@\S+[>)\]\"']*,?\s+(?:{VERBS})(?:\W|$)",
    re.IGNORECASE,
)
# In whatever language: who, by address, and when; then a colon.
DAY = re.compile(r"(?=\d)(?:(?:19|20)\d\d|\d{1,2}[./-] ?\d{1,2}[./-] ?\d\d|\d{4}年|٢٠\d\d)")
CLOCK = re.compile(r"(?=\d)(?:\d{1,2}[:hg]\d\d|(?<![\d./-])\d{1,2}\.\d\d(?![\d./-]))")
BRACKETED = re.compile(
    r"[<(\[][^\s<>()@]{1,256}@[^\s<>()@]{1,256}[>)\]]"
    r"|\s(?:by|von|par|da|de|door|av|af|przez|от|від) [^\s<>()@]{1,256}@[^\s<>()@:]{1,256}[:：]$"
)
PARTICLES = frozenset(["de", "van", "von", "der", "den", "da", "di", "del", "dos", "la", "le", "al", "via"])
# Gmail's oldest form has no verb: 2016-03-03 17:21 GMT+01:00 Name <address>:
DATED = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?: \d{1,2}:\d\d)? (?:GMT[+-]\d|UTC|\S.{0,120}<[^<>]+@[^<>]+>:?$)"
)
NAMED = re.compile(rf"^[^\d:.!?<>]{{1,60}}\s(?:{VERBS})\s*:?\s*$", re.IGNORECASE)
# Of people and machines alike: no client writes it but over a marked quote.
TOLD = re.compile(r"\bsaid:$", re.IGNORECASE)
ENDS = re.compile(r"[:：]$|\bwrote$|写道|寫道", re.IGNORECASE)
DECORATION = " \t\u00a0*_-–—|\u200e\u200f\u202a\u202b\u202c\ufeff"
LONE_CLOSE = re.compile(r"^>+\s*(?:>\s*)?(?:(?:" + VERBS + r")\s*)?[:：]\s*$", re.IGNORECASE)


def find(lines: list[str], end: int, floor: int, next_is_quote: bool) -> int:
    """Where the attribution begins whose last line is `end`, not above `floor`; -1 if it ends none."""
    if len(lines[end]) > WIDTH:
        return -1
    last = lines[end].strip(DECORATION)
    if DATED.match(last):
        return end
    if not ENDS.search(last[-60:]) or (not next_is_quote and TOLD.search(last[-60:])):
        return -1
    start = _begin(lines, end, floor, next_is_quote)
    if (
        start < 0
        and next_is_quote
        and (NAMED.match(last) or (NUMBERED.search(last) and last.endswith(COLONS)))
    ):
        return end
    return start


def _begin(lines: list[str], end: int, floor: int, next_is_quote: bool) -> int:
    joined, nearest = "", -1
    for start in range(end, max(floor, end - LINES) - 1, -1):
        line = lines[start][:WIDTH].strip(DECORATION)
        if not line:
            # Some clients leave a blank line before the bracket of the address.
            if start == end or not joined.lstrip("> ").startswith(("<", "mailto:", "wrote")):
                break
            continue
        if start < end and lines[start].lstrip().startswith(">") and not LONE_CLOSE.match(lines[end]):
            break
        joined = f"{line} {joined}".strip()
        if (
            START.match(line)
            and EVIDENCE.search(line)
            and (next_is_quote or _tells(joined))
            and _complete(joined)
        ):
            return start
        if nearest < 0 and (MAIL_AND_VERB.match(joined) or _who_and_when(joined)):
            nearest = start
    return nearest


def _tells(joined: str) -> bool:
    """Where no mark of a quote follows, only an address or the minute makes an attribution of a sentence."""
    return "@" in joined or bool(DAY.search(joined) and CLOCK.search(joined))


def _who_and_when(joined: str) -> bool:
    """In whatever language: an address, or a name and a verb, and when."""
    if len(joined) > WIDTH or not joined.endswith((":", "：")) or not DAY.search(joined):
        return False
    if MAILBOX.search(joined) and VERB.search(joined):
        return True
    if not CLOCK.search(joined):
        return False
    return bool(BRACKETED.search(joined)) or _is_named(joined)


def _is_named(joined: str) -> bool:
    """ "Maria Lopez wrote on 12/03/2026 09:14:", and not "your colleague wrote"."""
    found = VERB.search(joined)
    words = joined[: found.start()].split() if found else []
    return 0 < len(words) <= 6 and all(word[:1].isupper() or word in PARTICLES for word in words)


def _complete(joined: str) -> bool:
    """Whether a start and an end make an attribution: by a verb at the end, or a verb or a mailbox."""
    if len(joined) > 2 * WIDTH:
        return False
    if VERB_LAST.search(joined):
        return True
    if not joined.endswith((":", "：")):
        return False
    return bool(VERB.search(joined)) or (
        joined.rstrip(":： ").endswith((">", ")")) and bool(MAILBOX.search(joined))
    )
