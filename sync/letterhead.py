"""The block of header lines that Outlook and others put over what they answer, in many languages."""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import re
from dataclasses import dataclass

# `sent` is a date that only a mail has.
LABELS = {
    "from": "from|von|de|da|van|från|fra|od|от|від|від кого|от кого|发送者|发信人|발신|발신자|lähettäjä"
    "|kimden|gönderen|expéditeur|remitente|mittente|feladó|de la|από|מאת|من|发件人|寄件者|寄件人|差出人"
    "|送信者|보낸 사람|보낸사람|saatja|nuo|no|pošiljatelj|odosielateľ|afzender|dari|จาก|từ|người gửi",
    "date": "date|datum|data|dato|дата|päivämäärä|päiväys|tarih|日期|時間|日時|날짜|fecha|dátum|ημερομηνία"
    "|תאריך|التاريخ|ngày|дата и час|日付|tanggal",
    "sent": "sent|gesendet|gesendet am|envoyé|envoyé le|enviado|enviado el|enviada em|enviada|inviato"
    "|inviato il|verzonden|skickat|sendt|wysłano|wysłane|отправлено|надіслано|lähetetty"
    "|gönderildi|gönderilme|gönderme tarihi|发送时间|发送日期|寄件日期|送信日時|보낸 날짜|odesláno|elküldve"
    "|trimis|data trimiterii|στάλθηκε|נשלח|تاريخ الإرسال|sent on|date sent|date d'envoi"
    "|odoslané|poslano|đã gửi|ส่ง|изпратено|изпратено на|발신 날짜|수신 날짜|dikirim|gesendet um"
    "|wysłano dnia|تم الإرسال|تاريخ الارسال|送信|전송됨|보낸 시간|发送于|寄件時間|传送时间|שנשלח",
    "to": "to|an|à|a|para|aan|till|til|do|кому|до|vastaanottaja|kime|alıcı|收件人|收件者|宛先|받는 사람"
    "|받는사람|받은 사람|수신|saaja|ontvanger|modtager|mottaker|komu|címzett|către|προς|אל|إلى|destinataire"
    "|destinatario|destinatário|dla|za|kepada|đến|ถึง|к|a para|pour",
    "subject": "subject|betreff|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|temat|тема|aihe|konu|主题"
    "|主題|主旨|标题|件名|제목|předmět|predmet|tárgy|subiect|θέμα|נושא|الموضوع|sujet|teema|tema|subjek"
    "|chủ đề|เรื่อง|относно|rubrik|betr|re",
    "cc": "cc|bcc|kopie|copie|copia|kopia|kopi|копия|копія|dw|抄送|副本|参照|참조|ccn|c\\.c\\.|cci|kópia"
    "|másolatot kap|bilgi|עותק|نسخة",
    "other": "reply-to|reply to|répondre à|risposta|rispondi a|antwort an|responder a|importance"
    "|wichtigkeit|importancia|importanza|priority|pièces jointes|allegati|organization|cc to"
    "|to cc|message-id|in-reply-to|mailed-by|signed-by|newsgroups|list-post|list-id"
    "|antworten an|sensitivity|categories|return-path|attachment|attachments|anlage|anlagen",
}
KINDS = {label: kind for kind, labels in LABELS.items() for label in labels.split("|")}
FIELD = re.compile(r"^[\s>*_|]*([^\W\d_][^:：*<>@]{0,24}?)\s?(?:\*|_)*\s?[:：](?:\*|_)*\s*(.*)$")
YEAR_OR_TIME = re.compile(r"(?:19|20)\d\d|\d{1,2}[:.hg]\d\d")
LOOK = 18
GAP = 2


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Lines [start, end) of the block; the fields by kind, continuation lines joined."""

    start: int
    end: int
    fields: dict[str, str]


def kind_of(line: str) -> tuple[str, str] | None:
    """Which header a line is, and its value."""
    if ":" not in line[:40] and "：" not in line[:40]:
        return None
    found = FIELD.match(line[:500])
    if not found:
        return None
    label = found[1].strip().lower()
    kind = KINDS.get(label) or ("other" if label.startswith("resent-") else None)
    return (kind, found[2].strip()) if kind else None


def find(lines: list[str], start: int) -> Letterhead | None:
    """The block that begins exactly at `start`."""
    first = kind_of(lines[start])
    if first is None or first[0] in ("cc", "other"):
        return None
    fields: dict[str, str] = {}
    kind, end, gap, mailed = "", start, 0, False
    for index in range(start, min(len(lines), start + LOOK)):
        line = lines[index]
        named = kind_of(line)
        if named and named[0] == "sent":
            named, mailed = ("date", named[1]), True
        if named and not (named[0] in fields and named[0] in ("from", "date")):
            kind, value = named
            fields.setdefault(kind, value)
            end, gap = index + 1, 0
            continue
        gap += 1
        if named or gap > GAP or (not line.strip(" \t>") and _whole(fields, mailed)):
            break
        if line.strip(" \t>"):
            fields[kind] = f"{fields[kind]} {line.strip(' >')}"
    if first[0] == "to" and not {"from", "subject", "date"} <= fields.keys():
        return None
    return Letterhead(start, end, fields) if _whole(fields, mailed) else None


def _whole(fields: dict[str, str], mailed: bool) -> bool:
    """Enough of a header to be one: three kinds, or two that carry an address or the date of a mail.

    A journey has a from, a to and a date as well; only mail has addresses, a subject, or was sent.
    """
    kinds = [kind for kind in fields if kind != "other"]
    if len(kinds) < 2 or not ({"from", "date"} & fields.keys()):
        return False
    address = any("@" in fields.get(kind, "") for kind in ("from", "to"))
    dated = bool(YEAR_OR_TIME.search(fields.get("date", "")))
    if len(kinds) == 2:
        return "from" in fields and (address or (mailed and dated))
    if not (address or mailed or "subject" in fields):
        return False
    return address or dated or len(kinds) >= 4 or "from" in fields
