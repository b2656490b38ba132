"""Conversations fetched lately, so that opening one of them needs no waiting.

Whatever changed is taken off. An answer that was asked for before the change is not put on.
"""

from collections import OrderedDict
from collections.abc import Collection

from core.models import Conversation

_ROOM = 64


class Shelf:
    def __init__(self) -> None:
        self._conversations: OrderedDict[int, Conversation] = OrderedDict()
        self.age = 0
        """Grows with each change; remember it when asking, hand it to `put`."""

    def get(self, number: int) -> Conversation | None:
        return self._conversations.get(number)

    def put(self, conversation: Conversation, age: int) -> None:
        if age == self.age:
            number = conversation.ticket.number
            self._conversations[number] = conversation
            self._conversations.move_to_end(number)
            while len(self._conversations) > _ROOM:
                self._conversations.popitem(last=False)

    def drop(self, numbers: Collection[int]) -> None:
        """None named: all of them."""
        self.age += 1
        for number in list(numbers or self._conversations):
            self._conversations.pop(number, None)
