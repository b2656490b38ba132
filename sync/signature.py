"""Lines that sign a mail: the delimiter of RFC 3676, what phones and list servers add, a dash and a name."""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import re

DELIMITER = re.compile(r"^\s*(?:--|—|––|__)\s*$")
# Mailman and its kin end a mail with a long rule and a few lines on the list.
RULE = re.compile(r"^_{20,}\s*$")
RULE_LINES = 12

THING = (
    r"iphone|ipad|ipod|ios|android|blackberry|bb|galaxy|samsung|huawei|xiaomi|oneplus|pixel|nokia|htc|lg"
    r"|sony|xperia|motorola|moto|lumia"
    r"|phone|mobile|mobiltelefon|mobilgerät|handy|smartphone|cell|tablet|telefon|téléphone|teléfono"
    r"|telefoon|device|airmail|mailbox|outlook"
    r"|windows|mail|yahoo|gmail|thunderbird|verizon|t-mobile|at&t|k-9|protonmail|proton|spark|newton|zoho"
    r"|aol|watch|mac|pc|tele2|alcatel|ti-\d+"
)
# "Get Outlook for iOS": the word for it stands before or after.
GET = (
    r"get|holen|hol dir|herunterladen|laden|beziehen|téléchargez?r?|obten(?:ir|ez)|obten(?:er|ga)|obtén"
    r"|descarg(?:ar|a|ue)|obter|obtenha|baixar|scarica|ottieni|download(?:en)?|hämta|skaffa|hent|få|hanki"
    r"|lataa|hae|pobierz|uzyskaj|stáhn\w+|získ\w+|stiahn\w+|szerezze|beszerz\w+|töltse|letölt\w+|edinin"
    r"|indir(?:in)?|obțineți|descărcați|скача\w+|загруз\w+|получить|отримати|завантаж\w+|изтегл\w+|вземете"
    r"|λήψη|αποκτήστε|הורד|קבל|השג|احصل|الحصول|تنزيل|tải|nhận|รับ|dapatkan|unduh|入手|取得|获取|獲取|下载|下載"
    r"|받기|얻기|다운로드"
)
SYSTEM = r"(?<![a-z])(?:ios|android|iphone|ipad)"
LINK = r"(?:\W{0,4}(?:https?:|www\.|mailto:).{0,120})?"
LEADING = re.compile(r"[\W_]*+")
SENT = (
    r"elküldve|küldve|poslano (?:z|s|iz)|poslané z|odesláno|odesílám|odoslané|изпратено от|послато са"
    r"|poslato sa"
    r"|(?:στάλθηκε|εστάλη|απεστάλη) από|נשלח מ|أُ?رسلت? من|مرسل من|تم الإرسال من|(?:đã |được )?gửi từ"
    r"|(?:di|ter)kirim dari|išsiųsta iš"
    r"|nosūtīts no|saadetud|sent fra|invi[aà]t\w* (?:da|dal|con|tramite)|надіслано|відправлено"
    r"|отправлено|ส่งจาก"
    r"|发送自|傳送自|寄自|[来來]自 ?(?=outlook|windows|iphone)|[发發]自 ?(?=outlook|windows|iphone|android)"
    r"|provenance ?: (?=courrier|outlook)"
)
APP = re.compile(
    rf"(?:(?=.{{0,60}}{SYSTEM})(?:(?:{GET}).{{0,30}}(?<![a-z])outlook(?![a-z]).{{0,30}}?{LINK}"
    rf"|.{{0,30}}(?<![a-z])outlook(?![a-z]).{{0,100}}?(?:{GET}).{{0,15}}?{LINK})"
    rf"|(?:get|download) [\w.]+(?: \w+)? for {SYSTEM}{LINK}"
    rf"|yahoo mail ?: [^,.]{{3,25}}, [^,.]{{3,25}}, [^,.]{{3,25}}"
    rf"|(?:{SENT}).{{1,60}}|sent on the go|.{{1,40}}(?:r[óo]l|b[óő]l) küldve|küldés .{{2,40}} alkalmazásból"
    r"|sent (?:from|with|via|using) \w+(?: \w+)?)$",
    re.IGNORECASE,
)
DEVICE = re.compile(
    r"(?:"
    rf"sent (?:from|via|with|by|using) (?:(?:my|a|the|an"
    rf"|mobile) )?(?:[\w.&'-]+ ){{0,6}}?[\[*]*(?:{THING})\b.{{0,160}}"
    r"|sent from my (?:\w+\s*){1,3}[.!]?"
    r"|sent from a (?:\w+\s*){1,6}[.!]?"
    r"|(?:\w+ )?from my (?:iphone|ipad|android|mobile|phone|blackberry).{0,40}|\w+ from mobile"
    r"|(?:envoyé|envoyée|envoye) (?:depuis|de|à partir (?:de |d['’])|avec|via) ?"
    r"(?:mon |ma |mes |l'|l’|un |une )?.{1,80}"
    rf"|(?:diese (?:nachricht|e-?mail) wurde )?(?:von|vom|mit"
    rf"|über) .{{0,30}}(?:{THING}).{{0,80}}(?:gesendet|geschickt|versendet)\W*"
    r"|(?:gesendet|versendet|geschickt) (?:von|mit|über|aus) .{1,80}"
    r"|enviado (?:desde|do|de|a partir|através|con|via) .{1,80}|enviat des .{1,60}"
    r"|inviato (?:da|dal|con) .{1,80}|verzonden (?:met|vanaf|via|vanuit) .{1,80}|verstuurd (?:vanaf|met"
    r"|via) .{1,80}"
    r"|sendt fra .{1,60}|skickat från .{1,60}|skickat med .{1,60}|lähetetty .{1,60}|wysłan[eoy] (?:z"
    r"|ze) .{1,60}|wysłane za pomocą .{1,60}"
    r"|отправлено (?:с|из|от) .{1,60}|надіслано з .{1,60}|odesláno z .{1,60}|odoslané z .{1,60}"
    r"|iphone'umdan gönderildi|.{1,40}[dt][ae]n gönderildi|.{1,30} ile gönderildi"
    r"|.{0,20}(?:iphone|ipad|android|windows).{0,12}から送信|trimis (?:de pe|din) .{1,60}"
    r"|küldve .{1,40}|.{0,30}(?:iphone|ipad"
    r"|android).{0,10}から送信"
    r"|[從从]我的 ?.{1,30}(?:傳送|傳送的|发送|發送|寄出)|发自我的.{0,40}|發自我的.{0,40}"
    r"|나의 .{1,20}에서 보냄|내 .{1,20}에서 보냄|.{1,30}에서 보(?:냄|냈습니다)"
    r")$",
    re.IGNORECASE,
)
NAME = re.compile(r"^(?:[-~]|-- ?|[–—] ?)[^\W\d_][\w.'’]*(?:[ -][^\W\d_][\w.'’]*){0,2}\s*$")
RULER = re.compile(r"^\s*(?:[-=_~*#+ᐧ•·]{2,}|ᐧ|—+)\s*$")
DISCLAIMER = re.compile(
    r"^\W*(?:confidentiality (?:notice|note)|disclaimer\b|this (?:e-?mail|message|communication"
    r"|transmission)(?: message| and| \(|,| contains| is (?:intended|confidential)|"
    r" may contain)|the (?:information|content)s? (?:contained )?(?:in|of) this (?:e-?mail|message)"
    r"|diese (?:e-?mail|nachricht) (?:enthält|ist|kann|und)"
    r"|ce (?:message|courriel|mail) (?:et|est|contient|peut)|este (?:mensaje|correo|e-?mail"
    r"|mensagem)[^.]{0,60}(?:confidencial|destina|contiene|contém)"
    r"|dit bericht|deze e-?mail|questo messaggio|le informazioni contenute|this footnote"
    r"|please consider the environment|scanned by)",
    re.IGNORECASE,
)
CONFIDENTIAL = re.compile(
    r"confiden|intended|privileg|recipient|empfänger|vertraulich|destinat|geadresseerde|virus|disclos"
    r"|unauthori[sz]ed",
    re.IGNORECASE,
)
WIDTH = 200


def is_device(line: str) -> bool:
    """The signs around the words are taken off first: to try every one of them would be slow."""
    if len(line) > WIDTH:
        return False
    start, end = LEADING.match(line).end(), len(line)  # type: ignore[union-attr]
    while end > start and not line[end - 1].isalnum():
        end -= 1
    core = line[start:end]
    return bool(core) and bool(DEVICE.match(core) or APP.match(core))


def is_name(line: str) -> bool:
    """A dash and a name in capitals: what follows "- " in lower case is an item of a list."""
    return len(line) <= 60 and bool(NAME.match(line)) and line.lstrip("-–—~ ")[:1].isupper()


def is_ruler(line: str) -> bool:
    return len(line) <= WIDTH and bool(RULER.match(line))


def is_disclaimer(line: str) -> bool:
    return bool(DISCLAIMER.match(line[:WIDTH])) and bool(CONFIDENTIAL.search(line[:1000]))
