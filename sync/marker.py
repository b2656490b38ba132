"""Lines that say in words that another mail follows, such as "Original Message", in many languages."""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import re

ORIGINAL = (
    "original message|original appointment|original e-?mail|original mail|message original"
    "|message d'origine|message d’origine"
    "|message initial|mail original|e-mail d'origine|ursprüngliche nachricht|ursprüngliche mail"
    "|original-nachricht|originalnachricht"
    "|originaltext|originele bericht|oorspronkelijk bericht|oorspronkelijke bericht|mensaje original"
    "|mensagem original"
    "|messaggio originale|messaggio original|messaggio orig\\.?|originalmeddelande|ursprungligt meddelande"
    "|opprinnelig melding"
    "|original melding|oprindelig meddelelse|original meddelelse|oryginalna wiadomość|wiadomość oryginalna"
    "|wiadomość pierwotna"
    "|исходное сообщение|исходное письмо|оригинальное сообщение|původní zpráva|původní e-?mail"
    "|pôvodná správa|eredeti üzenet"
    "|alkuperäinen viesti|orijinal mesaj|orijinal ileti|özgün ileti|原始邮件|原始郵件|原邮件|元のメッセージ"
    "|回复的原邮件|回覆的原郵件|원본 메일|원본 메시지|원본메일|원본 이메일|원래 메시지|元のメール"
    "|replied message|початкове повідомлення|вихідне повідомлення|оригинално съобщение|mensaje origen"
    "|oprindelig besked|opprinnelig e-?post|oorspronkelijk e-?mailbericht|izvorna poruka|originalna poruka"
    "|thư gốc|mesaj original|izvirno sporočilo|reply message|reply to message|αρχικό μήνυμα|הודעה מקורית"
    "|الرسالة الأصلية"
    "|missatge original|message from .{1,60}|message original --"
    "|[^\\W\\d_][^:@]{1,60} (?:wrote|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|skrev)"
)
FORWARDED = (
    "forwarded message|forwarded by .{1,120}|forwarded e-?mail|forwarded mail|begin forwarded message"
    "|start of forwarded message|weitergeleitete nachricht"
    "|weitergeleitete mail|anfang der weitergeleiteten (?:nachricht|e-?mail)|message transféré"
    "|message transf[ée]r[ée]|mail transféré"
    "|début du message (?:réexpédié|transféré)|message réexpédié|mensaje reenviado"
    "|inicio del mensaje reenviado|mensagem encaminhada"
    "|mensagem reencaminhada|início da mensagem (?:encaminhada|reencaminhada)|messaggio inoltrato"
    "|inizio (?:del )?messaggio inoltrato"
    "|doorgestuurd bericht|begin doorgestuurd bericht|vidarebefordrat meddelande|vidarebefordrat brev"
    "|vidarebefordrat mejl"
    "|videresendt (?:melding|meddelelse|e-?post|besked)|start på videresendt (?:melding|meddelelse"
    "|e-?mail)|begynnelse på videresendt melding"
    "|przekazana wiadomość|treść przekazanej wiadomości|początek przekazywanej wiadomości"
    "|пересылаемое сообщение|перенаправленное сообщение"
    "|пересланное сообщение|начало переадресованного сообщения|переслане повідомлення|přeposlaná zpráva"
    "|preposlaná správa|továbbított üzenet"
    "|továbbított levél|välitetty viesti|edelleenlähetetty viesti|yönlendirilmiş (?:ileti|mesaj)"
    "|yönlendirilen (?:ileti|mesaj)|iletilen mesaj"
    "|başlangıç yönlendirilen|转发的邮件|转发邮件|轉寄的郵件|轉寄郵件|轉寄的信件|転送メッセージ"
    "|転送されたメッセージ|転送メール|전달된 메일|전달된 메시지"
    "|mesaj redirecționat|mesaj redirecţionat|προωθημένο μήνυμα|הודעה שהועברה|الرسالة المعاد توجيهها"
    "|رسالة معاد توجيهها|thư đã chuyển tiếp"
    "|proslijeđena poruka|posredovano sporočilo|início da mensagem reenviada|forwarded message .{1,10}"
    "|start på videresendt (?:besked|e-?post)"
    "|välitetty viesti alkaa|začátek přeposlané zprávy|začiatok preposlanej správy|továbbított levél kezdete"
    "|începutul mesajului redirecționat|початок листа, що пересилається|препратено съобщение"
    "|αρχή προωθημένου μηνύματος|başlangıç yönlendirilen ileti|yönlendirilen iletinin başlangıcı"
    "|開始轉寄郵件|下面是被转发的邮件|转发邮件信息|전달된 메시지 시작|ข้อความที่ส่งต่อ|persiųstas laiškas"
    "|missatge reenviat|pesan terusan|pesan yang diteruskan"
)
# What desks write over the mails they send: below it stands only what they sent.
WALL = re.compile(
    r"above this line|over this line|write below this line|über dieser (?:zeile|linie)"
    r"|oberhalb dieser (?:zeile|linie)"
    r"|au[- ]dessus de cette ligne|(?:por )?encima de esta línea|acima d(?:esta|e esta|essa) linha"
    r"|sopra (?:a )?questa (?:riga|linea)|boven deze (?:regel|lijn)"
    r"|ovanför (?:den )?(?:här )?(?:denna )?(?:rad|linje)"
    r"|over denne (?:linje|linjen)|tämän (?:rivin|viivan) yläpuolelle|(?:выше|над) (?:этой"
    r"|этого) (?:линии|строки"
    r"|черты|линией|строкой)|powyżej tej linii|nad t(?:ento řádek|outo čarou|ímto řádkem)|bu satırın üst"
    r"|この(?:行|線)(?:より|の)上|在此行(?:之上|以上|上方)|이 (?:줄|선) 위",
    re.IGNORECASE,
)
ORIGINAL_WORDS = re.compile(ORIGINAL, re.IGNORECASE)
FORWARDED_WORDS = re.compile(FORWARDED, re.IGNORECASE)
DECORATION = " \t\u00a0>*_|-=\u2010\u2011\u2012\u2013\u2014\u2015"
DASHES = re.compile(r"--|[\u2010-\u2015]{2}")
WIDTH = 200


def is_original(line: str) -> bool:
    """Dashes before the words; after them some clients write none."""
    if not DASHES.search(line[:20]) or len(line) > WIDTH:
        return False
    return bool(ORIGINAL_WORDS.fullmatch(line.strip(DECORATION + ":")))


def is_original_bare(line: str) -> bool:
    """Without dashes the words count only over a block of header lines."""
    return len(line) <= WIDTH and bool(ORIGINAL_WORDS.fullmatch(line.strip(DECORATION + ":")))


def is_wall(line: str) -> bool:
    """The words in a line of their own: dashes, hashes or equal signs around them."""
    stripped = line.strip()
    ruled = stripped[:1] in "-#=_*~—–[(" and stripped[-1:] in "-#=_*~—–.])"
    return ruled and len(stripped) <= WIDTH and bool(WALL.search(stripped))


def is_forward(line: str) -> bool:
    """Dashes before the words, or a colon after them."""
    if len(line) > WIDTH:
        return False
    core = line.strip(DECORATION)
    ruled = line.lstrip(" \t\u00a0>*|").startswith(("--", "==", "__"))
    if not core or not (ruled or core.endswith((":", "："))):
        return False
    return bool(FORWARDED_WORDS.fullmatch(core.rstrip(":： ")))


# GroupWise: who and when between arrows; what it quotes has no marks.
ARROWED = re.compile(r"^>>> ?[^>\n]{3,150}(?:>[^>\n]{0,40})?\d[^>\n]{0,40}>>> ?$")


def is_arrowed(line: str) -> bool:
    return line.startswith(">>>") and len(line) <= WIDTH and bool(ARROWED.match(line.rstrip()))


# Notes draws the names of the writer and of the fields into boxes of dashes.
BOX = re.compile(r"^\s*\|-{5,}\+-{5,}>?\s*$")


def is_box(line: str) -> bool:
    return len(line) <= WIDTH and bool(BOX.match(line))


def is_ruled(line: str) -> bool:
    """Dashes around a few words: a marker only with a block of header lines under it."""
    stripped = line.strip(" \t>*")
    return stripped.startswith("---") and stripped.endswith("---") and 0 < len(stripped.strip("- ")) <= 60


FORWARD_SUBJECT = re.compile(
    r"^\s*(?:(?:re|aw|sv|vs|antw|odp)\s*:\s*)*(?:fwd?|wg|tr|rv|enc|i|doorst|vb|vl|pd|fs|rvs|reenv|転送|转发"
    r"|轉寄"
    r"|전달|İlt|ilt|ynt|továbbítás|προωθ|πρθ|הועבר|videresend|trs|пересл)\s*(?:\[\d+\])?\s*[:：]",
    re.IGNORECASE,
)
