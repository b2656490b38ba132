"""A stateful Gmail and Google sign-in that speaks HTTP, for tests and benches."""

from tests.gmail.authority import Tokens
from tests.gmail.clock import Clock
from tests.gmail.mailbox import Mailbox, Message
from tests.gmail.notice import Notice
from tests.gmail.server import MODIFY, GmailServer

__all__ = ["MODIFY", "Clock", "GmailServer", "Mailbox", "Message", "Notice", "Tokens"]
