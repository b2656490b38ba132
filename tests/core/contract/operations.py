"""What a desk can be asked for."""

import inspect

from core.desk import Desk

NOT_OPERATIONS = {"close", "follow", "follow_mailboxes", "follow_webhooks"}
"""These ask for operations that have tests of their own."""

OPERATIONS = {
    name
    for name, _ in inspect.getmembers(Desk, inspect.isfunction)
    if not name.startswith("_") and name not in NOT_OPERATIONS
}
