"""What each method of the API does."""

from tests.gmail.calls import account, draft, label, message, thread
from tests.gmail.service import Handler

CALLS: dict[str, Handler] = {
    **account.CALLS,
    **draft.CALLS,
    **label.CALLS,
    **message.CALLS,
    **thread.CALLS,
}
