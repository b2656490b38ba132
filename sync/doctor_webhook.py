"""The doctor's check of webhooks: whether what happens here is told to those who are to hear of it."""

from datetime import timedelta

from sync.doctor_finding import Verdict, ok, span, warning
from sync.doctor_state import State
from sync.webhook_address import host_of

_WHILE = timedelta(minutes=10)


def webhooks_come_through(state: State) -> Verdict | None:
    """None where there are none, or only an admin may know of them."""
    webhooks = state.records.webhooks
    for one in webhooks:
        name = f"The webhook {one.id.hex[:8]} at {host_of(one.url)}"
        again = f"ttydesk webhook update {one.id.hex[:8]} --active"
        if not one.active and one.off_reason:
            return warning(
                f"{name} was switched off. {one.off_reason}",
                f"Once the receiver works: {again}; what it missed: ttydesk webhook replay.",
            )
        if one.active and one.failing_since and state.now - one.failing_since > _WHILE:
            since = span(state.now - one.failing_since)
            return warning(
                f"{name} has taken nothing for {since}: {one.last_error}",
                f"ttydesk webhook deliveries {one.id.hex[:8]} says more; in three days it is switched off.",
            )
    active = sum(one.active for one in webhooks)
    if not active:
        return None
    return ok(f"{active} webhook{'s'[: active != 1]} told of what happens; none is in trouble.")
