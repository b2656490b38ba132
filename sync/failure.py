"""What mail servers say when they give a mail back: the words of subjects, of notices and of delays, by
language.

Words alone make no bounce (a customer writes "delivery failed" of a parcel): bounce.py asks first whether a
mail server speaks.
"""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import re


def _any(table: dict[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(table.values()), re.IGNORECASE)


SUBJECT = _any(
    {
        "en": (
            r"undeliver|delivery (?:status|fail|problem|error|report|notification|has failed|warning|delay"
            r"|incomplete|unsuccess)|deliver(?:y)? (?:failed|failure)|failure (?:notice|delivery)"
            r"|fail(?:ed)? (?:notice|delivery|mail)|(?:mail|message) (?:system |transfer )?fail|frozen"
            r"|returned (?:mail|message|e-?mail|to sender)"
            r"|mail (?:delivery )?(?:error|problem|not deliver|undeliver|returned|system error|status)"
            r"|non[- ]?deliver|not delivered|(?:message|mail) (?:could not|not|can(?:no|')t)"
            r"|processing error|(?:could not|couldn't be|can't be|unable to|cannot) (?:be )?deliver"
            r"|user unknown|warning: (?:message|could not|.{0,60}(?:delayed|undelivered|unknown))"
            r"|message (?:delayed|undeliver|status - undeliver|delivery|you sent (?:was )?blocked)"
            r"|sorry, (?:we )?(?:unable|your)|bounced? |(?:mail|message) (?:rejected|refused|blocked)"
            r"|unknown (?:user|recipient)|address (?:unknown|change)|error(?:\(s\)|s)? (?:sending|in forward)"
            r"|error sending your"
        ),
        "de": r"nicht zugestellt|unzustellbar|mail konnte nicht|zustellung|nicht übermittelt|fehlermeldung",
        "fr": r"non[- ](?:remis|distribu|délivr)|échec d|echec d|notification d.état|avis d.[ée]chec"
        r"|retour à l.expéditeur",
        "es": r"devuelto|no (?:se (?:puede|pudo|ha podido) )?entreg|error de entrega|aviso de fallo"
        r"|fallo (?:de|en la) entrega|rechazado",
        "pt": r"não (?:foi |é possível )?entreg|devolução|falha na entrega|devolvid|não entregue",
        "it": r"mancat[oa] |non (?:recapit|consegnat)|recapito|errore di consegna|mancata consegna",
        "nl": r"onbestelbaar|niet (?:afgeleverd|bezorgd|bestelbaar)|bezorgingsfout",
        "nordic": r"ikke (?:leveret|levert|leveres)|kan inte levereras|ei voi(?:da)? toimittaa"
        r"|kunne inte levereras|inte att leverera|olevererbar"
        r"|kan ikke leveres|uleverbar|ei voitu toimittaa|toimittaminen epäonnistui|oleveres",
        "slavic": r"niedostarcz|nie dostarcz|nie można dostarczyć|nedoručiteln|nedoruč|не доставлен"
        r"|возвращен|возврат|ошибка доставки|недоставлен|не може бути доставлен",
        "others": r"kézbesíthetetlen|nem kézbesíthető|teslim edilemedi|iletilemedi|μη παραδοτέο"
        r"|nu a fost livrat|nelivra[bt]|не вдалося доставити|не удалось доставить|не може да се достави"
        r"|δεν είναι δυνατή η παράδοση|לא ניתן למסירה|غير قابل للتسليم|gagal (?:di)?kirim"
        r"|neįmanoma pristatyti|nepiegādājam|kättetoimetamatu|isporuč|nedostavljiv|không (?:thể )?gửi được",
        "ja": r"配信不能|配信失敗|送信できません|配信できません|送信エラー|送信失敗|メール配信エラー"
        r"|未達|不達|エラーメール",
        "zh": r"退信|退回|未送达|未送達|未傳遞|無法傳遞|无法送达|无法传递|无法投递|投递失败|傳遞失敗"
        r"|发送失败",
        "ko": r"전송 ?실패|반송|배달 ?(?:실패|되지)|수신 ?실패",
    }
)
FAILED = _any(
    {
        "en": (
            r"undeliver|automatically rejected|unable to (?:be )?deliver"
            r"|(?:could|can|did|was|were|has|have)(?:n't| ?not|n’t)(?: be| been| being)? (?:been |be )?"
            r"(?:deliver|reach|sent|receive|accepted|processed|relayed|transferred)"
            r"|cannot be (?:deliver|sent)"
            r"|delivery (?:to the following|has failed|failed|failure|error|problem|of (?:the|this|your"
            r"|email)"
            r"|attempt|of the)|not (?:able to|yet been|been) deliver"
            r"|failed (?:recipient|address|permanently|to deliver|to reach)|delivery status notification"
            r"|returned (?:mail|message|to)|mail (?:delivery )?fail|permanent (?:fatal )?(?:error|fail"
            r"|deliver)"
            r"|fatal error|did not reach"
            r"|(?:user|recipient|mailbox|address|account|userid)(?: is| was)? (?:unknown|not found|rejected"
            r"|disabled|full|unavailable|invalid|does not exist)"
            r"|unknown (?:user|recipient|address|host|local)"
            r"|no such (?:user|recipient|mailbox|person|address)|mailbox (?:is )?full|over quota"
            r"|(?:invalid|unknown|undeliverable|bad) (?:final delivery |e-?mail )?(?:address|recipient|userid"
            r"|user)|problem with the e-?mail address|rejected recipient|trouble delivering|delivery report"
            r"|non[- ]?deliver|not listed in|exceed(?:ed|ing|s) (?:its|the|their|his"
            r"|allowed) (?:\w+ )?(?:quota"
            r"|size)|error (?:was detected|occurred|while|during|deliver)|encountered (?:an error|delivery)"
            r"|does not have a final|still undelivered|have yet to be delivered"
            r"|(?:has been|was) (?:delayed|postponed|rejected|returned|blocked|refused|not delivered)|delayed"
            r"|message that you sent|cannot deliver|message was not accepted|no longer valid|unrouteable"
            r"|host (?:unknown|not found)|mailbox unavailable|group you tried to contact|list of recipients"
            r"|not a valid|delivery failed|did not receive this"
        ),
        "de": r"unzustellbar|nicht (?:zugestellt|zustellbar|übermittelt)|konnten? nicht|zustellung",
        "fr": r"n'a pas (?:pu )?(?:été|ete|etre|être)|non remis|[ée]chec|n'ai pas pu|n'a pu être"
        r"|(?:impossible|pas été possible) de (?:remettre|distribuer|délivrer)",
        "es": r"no (?:pudo|se pudo|ha sido|fue|he podido) |no se (?:ha podido|ha entregado|puede)"
        r"|no entregad",
        "pt": r"não (?:pôde|foi|pode)|falha na entrega|impossível entregar",
        "it": r"non (?:è stato|e' stato|è possibile|recapit|è stata|può essere)|mancat[oa] (?:recapito"
        r"|consegna)"
        r"|impossibile (?:recapitare|consegnare)|recapito non riuscito",
        "nl": r"niet (?:worden )?(?:afgeleverd|bezorgd)|is mislukt",
        "nordic": r"kunne ikke (?:leveres|sendes)|kunde inte levereras|misslyckades|mislyktes|mislykkedes"
        r"|ei voitu toimittaa|epäonnistui",
        "slavic": r"не может быть (?:доставлено|отправлено)|не удалось|не доставлено|не было доставлено"
        r"|невозможно доставить|nie (?:może|można|został|powiodło)|nelze doručit|nebylo doručeno",
        "others": r"nem (?:sikerült )?kézbesít|teslim edilemedi|δεν (?:ήταν δυνατή|παραδόθηκε)"
        r"|không thể gửi|nu a putut fi livrat|a eșuat|meghiúsult|не вдалося|неуспешна|απέτυχε|נכשלה?"
        r"|فشل التسليم|nezdařilo|zlyhalo|gagal (?:di)?kirim",
        "ja": r"配信できませ|配送できませ|届きませ|送信できませ|(?:配信|送信|配送)に失敗|存在しません"
        r"|お届けできませ"
        r"|送信されませ",
        "zh": r"无法投递|无法送达|无法发送|无法传递|未能送达|退信|退回|無法投遞|無法傳送|無法傳遞|不存在",
        "ko": r"전송 ?실패|전송되지|반송|배달되지|전달되지",
    }
)
DELAYED = _any(
    {
        "en": (
            r"not yet been delivered|has been (?:delayed|postponed)|delayed (?:for|\d)|message .{0,80}delayed"
            r"|will (?:be retried|keep trying|continue to (?:try|attempt))|delivery attempts will continue"
            r"|still undelivered|warning (?:message )?only|just a warning|advisory-only|no action is required"
            r"|will (?:try again|retry)|delivery status notification \(delay\)"
            r"|could not send message for past|not yet delivered|delivery delay"
            r"|temporary failure report|transient,? non-fatal|will remain in (?:the )?queue|will keep trying"
            r"|have yet to be delivered"
        ),
        "others": r"verzögert|retardé|retrasad|ritardat|отложен|задерж|遅延|延迟|延遲|opóźni|vertraagd"
        r"|försen|forsink",
    }
)
FINAL = re.compile(
    r"permanent|given up|gave up|giving up|(?<!non-)(?<!non )fatal|returned to sender"
    r"|could not be delivered for"
    r"|has been frozen",
    re.IGNORECASE,
)
# How a mail program introduces itself, or the one sentence it has: said of a mail, never of a parcel.
VOICE = re.compile(
    r"could not be delivered to:?\s*<?[^\s<>]*@|unable to deliver (?:message|your (?:mail|message)|mail)"
    r"|did not reach the following|undeliverable\s+to|was not delivered to:?(?:\s|$)"
    r"|\*+ message from interscan|the following address(?:es|\(es\))? (?:had|failed)|failed recipients"
    r"|delivery (?:to (?:the following|these) |has failed)|does not like recipient"
    r"|this is (?:the|a) .{0,40}(?:mail|postfix|program|mailer|delivery status)"
    r"|created automatically by (?:the )?mail|(?:message|mail) (?:that )?you sent (?:could|has|was)"
    r"|(?:your|this) (?:e-?mail |mail |message )(?:message )?(?:to .{1,80} )?(?:was|has been|could not"
    r"|couldn't)"
    r" (?:be )?(?:been )?(?:not )?(?:delivered|blocked|rejected|returned)|non-delivery report"
    r"|could not be delivered to (?:one or more|some|all|the following)"
    r"|votre message n'a pas pu|ihre (?:nachricht|e-?mail) (?:konnte|wurde) nicht",
    re.IGNORECASE,
)
# The answer of an SMTP server: a reply code with an enhanced one (RFC 3463), or with the word of a refusal.
DIALOGUE = re.compile(
    r"\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b|[#(][45]\.\d{1,3}\.\d{1,3}\b|<<< [45]\d\d|>>> (?:rcpt"
    r"|data|mail)"
    r"|\b(?:said|response|reply|error)[^\n]{0,40}?: ?\"?[45]\d\d\b|after (?:rcpt|end of data|mail from)"
    r"|\b55[0-4] |failed; ?[45]\.\d|in reply to (?:rcpt|mail|end|data)",
    re.IGNORECASE,
)
