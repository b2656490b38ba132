"""The block of header lines that Outlook and others put over what they answer, in many languages."""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import re
from dataclasses import dataclass

LABELS = {
    "from": "from|von|de|da|van|från|fra|od|от|від|від кого|от кого|lähettäjä|kimden|gönderen|expéditeur"
    "|remitente|mittente|feladó"
    "|de la|από|מאת|من|发件人|寄件者|寄件人|差出人|送信者|보낸 사람|보낸사람|saatja|nuo|no|pošiljatelj"
    "|odosielateľ|afzender|från"
    "|från|dari|จาก|từ|người gửi",
    "date": "sent|date|gesendet|gesendet am|datum|envoyé|envoyé le|enviado|enviado el|enviada em|enviada"
    "|data|inviato|inviato il"
    "|verzonden|skickat|sendt|dato|wysłano|wysłane|отправлено|дата|надіслано|lähetetty|päivämäärä|päiväys"
    "|gönderildi"
    "|gönderilme|tarih|gönderme tarihi|发送时间|发送日期|日期|時間|寄件日期|送信日時|日時|보낸 날짜|날짜"
    "|odesláno|fecha|elküldve|dátum"
    "|trimis|data trimiterii|ημερομηνία|στάλθηκε|נשלח|תאריך|تاريخ الإرسال|التاريخ|sent on|date sent"
    "|date d'envoi|odoslané|poslano|đã gửi|ngày"
    "|tanggal|dikirim",
    "to": "to|an|à|a|para|aan|till|til|do|кому|до|vastaanottaja|kime|alıcı|收件人|收件者|宛先|받는 사람"
    "|받는사람|komu"
    "|címzett|către"
    "|προς|אל|إلى|destinataire|destinatario|destinatário|dla|za|kepada|đến|ถึง|к|a para|pour",
    "subject": "subject|betreff|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|temat|тема|aihe|konu|主题"
    "|主題|主旨|标题|件名|제목"
    "|předmět|predmet|tárgy|subiect|θέμα|נושא|الموضوع|sujet|teema|tema|subjek|chủ đề|เรื่อง|betr|re",
    "cc": "cc|bcc|kopie|copie|copia|kopia|kopi|копия|копія|dw|抄送|副本|参照|참조|ccn|c\\.c\\.|cci|kópia"
    "|másolatot kap|bilgi|עותק|نسخة",
    "other": "reply-to|reply to|répondre à|risposta|rispondi a|antwort an|responder a|importance"
    "|wichtigkeit|importancia|importanza|priority"
    "|attachments?|anlagen?|pièces jointes|allegati|organization|cc to|to cc|message-id|in-reply-to"
    "|resent-.{2,8}|mailed-by|signed-by"
    "|newsgroups|list-post|list-id|antworten an|sensitivity|categories|return-path",
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
    if first is None or first[0] in ("cc", "other", "to"):
        return None
    fields = {first[0]: first[1]}
    kind, end, gap = first[0], start + 1, 0
    for index in range(start + 1, min(len(lines), start + LOOK)):
        line = lines[index]
        named = kind_of(line)
        if named and not (named[0] in fields and named[0] in ("from", "date")):
            kind, value = named
            fields.setdefault(kind, value)
            end, gap = index + 1, 0
            continue
        gap += 1
        if named or gap > GAP or (not line.strip(" \t>") and _whole(fields)):
            break
        if line.strip(" \t>"):
            fields[kind] = f"{fields[kind]} {line.strip(' >')}"
    return Letterhead(start, end, fields) if _whole(fields) else None


def _whole(fields: dict[str, str]) -> bool:
    """Enough of a header to be one: three kinds, or two that carry an address or a date."""
    kinds = [kind for kind in fields if kind != "other"]
    if len(kinds) < 2 or not ({"from", "date"} & fields.keys()):
        return False
    address = any("@" in fields.get(kind, "") for kind in ("from", "to"))
    dated = bool(YEAR_OR_TIME.search(fields.get("date", "")))
    if len(kinds) == 2:
        return "from" in fields and (address or dated)
    return address or dated or len(kinds) >= 4 or "from" in fields
