"""Subjects of automatic replies, in the languages of the usual mail programs.

A title such as "Out of office" counts only where it ends there or a sign, a date or the subject that is
answered follows: people ask for office chairs, and how an automatic reply is set up.
"""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import re

REPLY_MARK = re.compile(
    r"^\s*(?:\[[^\]]{1,40}\]\s*)?(?:re|aw|sv|vs|antw|odp|fwd?|wg|tr|rv)\s*(?:\[\d+\])?\s*:", re.IGNORECASE
)
TITLES = (
    r"auto(?:matic|mated|matisch[a-z]*)?[- ]?(?:reply|response|respon[sd]er|re|antwort|answer|antwoord|svar)"
    r"|automatic replay|out[- ]of[- ](?:the[- ])?office(?:[- ]?(?:auto)?[- ]?(?:reply|response|message"
    r"|notification|notice|antwoord))?|ooo|ooto|away(?: from (?:my|the) (?:mail|desk|office)| from office)?"
    r"|(?:vacation|holiday) (?:reply|response|message|notice)|vacation(?=\s*$|\s*:\s*(?:re|aw)\b)"
    r"|on (?:vacation|holiday|annual leave)"
    r"|(?:leave|absence) (?:notice|message)"
    r"|automatische (?:antwort|rückmeldung|e-?mail|abwesenheits\w+)|abwesenheits?(?:notiz|meldung|nachricht"
    r"|info\w*|benachrichtigung|assistent)?|abwesend|nicht im (?:büro|haus)|urlaubs(?:meldung|notiz"
    r"|vertretung)|urlaub(?=\s*:\s*(?:re|aw)\b)|eingangsbestätigung"
    r"|automatische? (?:antwoord|reactie|beantwoording)|afwezig(?:heid\w*)?|niet (?:op kantoor|aanwezig)"
    r"|r[ée]ponse automatique|absence du bureau|absent(?:e|\(e\))?(?: du bureau)?|absence"
    r"|(?:message|notification|avis) d['’ ]absence|accusé de réception automatique"
    r"|respuesta autom[áa]tica|fuera de (?:la )?oficina"
    r"|ausente(?: (?:de la|del?|do) (?:oficina|escrit[óo]rio))?"
    r"|ausencia(?: de (?:la )?oficina)?|contestaci[óo]n autom[áa]tica|resposta autom[áàa]tica"
    r"|fora d[oe] escrit[óo]rio|fora da empresa|aus[êe]ncia(?: tempor[áa]ria| do escrit[óo]rio)?"
    r"|risposta automatica|fuori (?:sede|ufficio)|assente(?: dall['’]ufficio)?|assenza|messaggio automatico"
    r"|automatiskt? svar|autosvar|frånvaro(?:meddelande)?|ikke (?:på kontoret|til stede)"
    r"|fravær(?:s?(?:melding|besked))?|(?:ej|inte) på kontoret|automaattinen vastaus|poissa(?: toimistolta)?"
    r"|lomalla|poissaolo(?:viesti|ilmoitus)?|automatvastus|automaatvastus|automaatne vastus|sjálfvirkt svar"
    r"|automatyczna odpowied[źz]|odpowied[źz] automatyczna|autoodpowied[źz]|nieobecno[śs][ćc]|poza biurem"
    r"|automatick[áa] (?:odpov[ěe][ďd]|odpoveď)|mimo kancelář|nepřítomnost|automatikus válasz"
    r"|(?:irodán|házon) kívül|r[ăa]spuns automat|automatski odgovor|samodejni odgovor"
    r"|автоответ(?:чик)?|автоматический ответ|автоматическая отправка ответа|автоматична відповідь"
    r"|автоматичен отговор|аутоматски одговор|вне офиса|в отпуске|отсутствие|отсутствую"
    r"|нет на (?:рабочем )?месте|автоматическое уведомление|αυτόματη απάντηση|εκτός γραφείου"
    r"|otomatik (?:yanıt|cevap)|ofis dışında|תשובה אוטומטית|מענה (?:אוטומטי|['\"״])|מחוץ למשרד"
    r"|(?:ال)?رد (?:ال)?تلقائي|خارج المكتب|پاسخ خودکار|自动(?:回复|答复)|自動(?:回覆|回信|答覆|返信|応答)"
    r"|不在(?:办公室|通知|のお知らせ)|外出|休假|자동 ?(?:회신|응답|답장)|부재 ?중|(?:การ)?ตอบกลับอัตโนมัติ"
    r"|(?:thư )?trả lời tự động|balasan otomatis|jawapan automatik|automatinis atsakymas"
    r"|automātisk[āa] atbilde"
)
AWAY = (
    r"(?:out of|away from) (?:the |my )?office|on (?:annual |parental |sick )?leave|on (?:vacation|holiday)"
)
HOME = r"(?:außer|ausser) haus|im urlaub|abwesend|nicht im (?:büro|haus|dienst)"
# Whole sentences, of the writer or of somebody who is named.
SENTENCES = (
    rf"(?:i(?: am| will be|['’]m|['’]ll be)|[^\s?][^?]{{1,60}}? (?:is|will be)) (?:currently |now )?"
    rf"(?:{AWAY})"
    rf"|(?:ich bin|[^\s?][^?]{{1,60}}? ist) (?:[^?]{{1,40}} )??(?:{HOME})"
    r"|je (?:suis|serai) (?:actuellement )?(?:absente?|absent\(e\)|en congés?|en vacances)"
    r"|estoy (?:fuera de la oficina|de vacaciones|ausente)|estou (?:fora do escrit[óo]rio|de férias|ausente)"
    r"|sono (?:fuori ufficio|assente|in ferie)|ik ben (?:afwezig|niet op kantoor|met vakantie|op vakantie)"
    r"|jestem (?:poza biurem|nieobecn[ya]|na urlopie)|nejsem v kanceláři"
)
ANSWERED = r"(?:re|aw|sv|vs|antw|odp|fwd?|wg|tr|rv|res|ref|r)\s{0,3}[:：]"
UNTIL = (
    r"(?:(?:until|till?|through|back|returning|bis|jusqu|hasta|até|fino|tot|do|до)\b"
    r"|(?:from|since|vom|ab|du|dal|van|fra|från|od|с|desde)\b.{0,12}\d)"
)
TAIL = rf"(?:メール|邮件|郵件|通知| ?메일| ?메시지| ?알림)?\s{{0,9}}(?:$|[^\w\s'’&+]|{ANSWERED}|{UNTIL}|\d)"
SUBJECT = re.compile(rf"^[\s\W]*(?:\[[^\]]{{1,40}}\]\s*)?(?:{TITLES}|{SENTENCES}){TAIL}", re.IGNORECASE)
BOX = re.compile(r"\s*\[([^\]]{1,40})\]")
# Notes writes it in capitals; in small letters it is also a car.
AUTO = re.compile(rf"^\s*(?:AUTO\s?:|[Aa]uto\s?:\s?(?i:{ANSWERED}|ooo\b|out of))")
ANSWERING_AUTO = re.compile(r"^\s*auto\s?:", re.IGNORECASE)


def says_so(subject: str, answers: bool = False) -> bool:
    """Whether the subject is that of an automatic reply; `answers`: the mail says which mail it answers.

    A person who answers an automatic reply writes Re: before its subject.
    """
    subject = subject[:200]
    boxed = BOX.match(subject)
    if boxed and SUBJECT.match(boxed[1]):
        return True
    if REPLY_MARK.match(subject):
        return False
    return bool(SUBJECT.match(subject) or (ANSWERING_AUTO if answers else AUTO).match(subject))
