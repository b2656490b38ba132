"""Asking Gmail to tell a Pub/Sub topic of new mail, for a week at a time, and to stop it."""

from datetime import UTC, datetime

from core.errors import Invalid
from sync.google import Google, Refused

PUBLISHER = "gmail-api-push@system.gserviceaccount.com"
"""In whose name Gmail tells the topic."""
_HINT = f"On the topic {{}}, {PUBLISHER} needs the role Pub/Sub Publisher; docs/gmail.md shows where."


def begin_watch(google: Google, topic: str) -> datetime:
    """Until when Gmail tells the topic (projects/NAME/topics/NAME); once more makes it longer.

    Of the whole mailbox: spam is wanted too. Raises what `Google.call` does, with what to do about a topic
    that Gmail cannot reach.
    """
    request = google.service.users().watch(userId="me", body={"topicName": topic})
    try:
        answer = google.call("watch", request)
    except (Refused, Invalid) as error:
        raise type(error)(str(error), hint=_HINT.format(topic)) from None
    return datetime.fromtimestamp(int(answer["expiration"]) / 1000, UTC)


def end_watch(google: Google) -> None:
    """Gmail tells nobody of this mailbox any more."""
    google.call("stop", google.service.users().stop(userId="me"))
