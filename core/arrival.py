"""How far an answer has come at those it was sent to, in words: the same ones on every screen.

Addresses and details are made safe here.
"""

from core.models import Delivery, Dispatch, RecipientState
from core.text import safe_line

TROUBLES = (Delivery.COMPLAINED, Delivery.BOUNCED, Delivery.DELAYED, Delivery.FAILED)
"""What somebody should see, the worst first."""

_WORDS = {Delivery.COMPLAINED: "marked it as spam"}


def standing(dispatch: Dispatch) -> Delivery:
    """How far the whole has come; once it has left, what is worst for one recipient, or true of all."""
    if dispatch.state is not Delivery.SENT:
        return dispatch.state
    states = {one.state for one in dispatch.recipients}
    worst = next((state for state in TROUBLES if state in states), None)
    return worst or (Delivery.DELIVERED if states == {Delivery.DELIVERED} else Delivery.SENT)


def worth_telling(dispatch: Dispatch) -> list[RecipientState]:
    """Those of whom more is to be said than of all together."""
    differ = len({one.state for one in dispatch.recipients}) > 1
    return [one for one in dispatch.recipients if one.state in TROUBLES or one.detail or differ]


def recipient_words(one: RecipientState) -> str:
    """As in "kim@example.com: delayed: mailbox full"."""
    detail = "" if one.state is Delivery.DELIVERED else one.detail
    state = "" if one.state is Delivery.FAILED and detail else _WORDS.get(one.state, one.state)
    return safe_line(": ".join(filter(None, (one.email, state, detail))))
