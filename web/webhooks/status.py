"""POST /api/webhooks/email-status: mail services tell what became of mail that left.

In our own shape there, and at a path below it for each service in its own. One that the settings hold no
secret for is not there. What is told twice, late or in another order is as if it were told once.
"""

import logging

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException

from core.errors import Forbidden
from core.reports import Reported
from core.sections import EmailStatus
from core.text import safe_line
from web.front import Front, front_of
from web.webhooks import mailgun, own, postmark, sendgrid, ses
from web.webhooks.delivery import Delivery, Told
from web.webhooks.document import Documents, documents_of

PATH = "/api/webhooks/email-status"
_AT_ONCE = 200
"""Reports in one transaction."""
_logger = logging.getLogger("ttydesk.web")
router = APIRouter(include_in_schema=False)


@router.post(PATH)
async def email_status(request: Request) -> Reported:
    return await _take(request, "own")


@router.post(PATH + "/{service}")
async def email_status_of(request: Request, service: str) -> Reported:
    return await _take(request, service)


async def _take(request: Request, service: str) -> Reported:
    front, documents = front_of(request), documents_of(request)
    delivery = Delivery(request.headers, await request.body(), front.now())
    try:
        told = await _read(service, delivery, front.settings.email_status, documents)
    except Forbidden as error:
        await _note(front, service, error)
        raise
    if told.confirm:
        await documents.ask(told.confirm)
        _logger.info("Amazon SNS may tell what becomes of mail: %s", front.settings.email_status.ses_topic)
    return await _report(front, told)


async def _read(service: str, delivery: Delivery, given: EmailStatus, documents: Documents) -> Told:
    if service == "own" and given.secret:
        return own.read(delivery, given.secret.get_secret_value())
    if service == "ses" and given.ses_topic:
        return await ses.read(delivery, given.ses_topic, documents)
    if service == "sendgrid" and given.sendgrid_key:
        return sendgrid.read(delivery, given.sendgrid_key)
    if service == "mailgun" and given.mailgun_key:
        return mailgun.read(delivery, given.mailgun_key.get_secret_value())
    if service == "postmark" and given.postmark_secret:
        return postmark.read(delivery, given.postmark_secret.get_secret_value())
    raise HTTPException(404, "There is no such webhook here.")


async def _note(front: Front, service: str, error: Forbidden) -> None:
    """Once a minute: whoever sets a service up sees why it is not believed, and nobody fills the log."""
    if (await front.rates.take("refused webhooks", "1/minute", service)).is_given:
        _logger.warning("A delivery for email-status (%s) was refused: %s", service, safe_line(str(error)))


async def _report(front: Front, told: Told) -> Reported:
    changed, kept, repeated = 0, 0, False
    for begin in range(0, len(told.reports), _AT_ONCE):
        part = await front.desk.report_delivery(told.reports[begin : begin + _AT_ONCE], told.once)
        changed, kept, repeated = changed + part.changed, kept + part.kept, repeated or part.repeated
    return Reported(changed=changed, kept=kept, repeated=repeated)
