"""What Gmail tells a Pub/Sub topic, pulled from a subscription to it, over REST.

Gmail's message holds an address and a history id, and nothing of any mail. It comes again until it is
acknowledged, may come twice, late, in another order, or not at all.
"""

import base64
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import NotFound
from sync.google import Busy, Google, Refused
from sync.lane import Lane

PULL_TIMEOUT = 100.0
"""Seconds: an empty pull is answered after 60 to 90."""
_MOST = 100
_PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """One message of the topic."""

    id: str
    ticket: str
    """What it is acknowledged by; another one each time it comes."""
    address: str = ""
    """The mailbox that changed; empty when the message is not one of Gmail's."""
    history_id: int = 0
    """How far its history goes."""


class Subscription:
    """`pulling` and `answering` are two ways to one account, since a pull waits for something to come."""

    def __init__(self, pulling: Google, answering: Google, name: str) -> None:
        self.name = name
        self._pulling, self._answering = pulling, answering
        self._pull_lane, self._answer_lane = Lane("pubsub-pull"), Lane("pubsub-answer")

    async def pull(self) -> list[Told]:
        """What there is, after a minute or more when there is nothing."""
        return await self._pull_lane.do(self._pull)

    async def acknowledge(self, tickets: Sequence[str]) -> None:
        await self._answer_lane.do(self._acknowledge, tickets)

    def break_off(self) -> None:
        self._pulling.break_off()
        self._answering.break_off()

    async def close(self) -> None:
        """A thread that cannot break off its call is left behind."""
        self.break_off()
        for lane, google in ((self._pull_lane, self._pulling), (self._answer_lane, self._answering)):
            if await lane.close(_PATIENCE):
                google.close()

    def _pull(self) -> list[Told]:
        body = {"maxMessages": _MOST}
        request = self._subscriptions(self._pulling).pull(subscription=self.name, body=body)
        began = time.monotonic()
        try:
            answer = self._pulling.call("pull", request, tries=1)
        except Busy:
            if time.monotonic() - began < PULL_TIMEOUT - 1:
                raise
            return []  # nobody said anything for so long
        except (NotFound, Refused) as error:
            raise self._unusable(error) from None
        return list(_read(answer.get("receivedMessages", ())))

    def _acknowledge(self, tickets: Sequence[str]) -> None:
        body = {"ackIds": list(tickets)}
        request = self._subscriptions(self._answering).acknowledge(subscription=self.name, body=body)
        self._answering.call("acknowledge", request)

    def _subscriptions(self, google: Google) -> Any:
        return google.service.projects().subscriptions()

    def _unusable(self, error: NotFound | Refused) -> NotFound | Refused:
        if isinstance(error, NotFound):
            said = f"Google knows no subscription {self.name}."
            return NotFound(
                said, hint="The setting google.subscription names it; docs/gmail.md shows how to make it."
            )
        return Refused(str(error), hint=f"The account needs the role Pub/Sub Subscriber on {self.name}.")


def _read(received: Iterable[dict[str, Any]]) -> Iterable[Told]:
    for one in received:
        message = one.get("message", {})
        id, ticket = str(message.get("messageId", one["ackId"])), one["ackId"]
        try:
            content = json.loads(base64.b64decode(message.get("data", ""), altchars=b"-_"))
            yield Told(id, ticket, str(content["emailAddress"]).lower(), int(content["historyId"]))
        except (ValueError, KeyError, TypeError):
            yield Told(id, ticket)
