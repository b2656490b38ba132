"""One key after the other, however fast they come.

Textual hands a key to the widget with the focus and goes on to the next, while the first still
bubbles up to its binding. So of `s r` typed quickly both would find the screen as it was before
the first: not a status of "resolved", but a reply. Here a key waits until the one before it has done
its work, and what that opened (a menu, a field) gets the next one.
"""

import asyncio
import contextlib
from collections import deque

from textual import events
from textual.app import App
from textual.dom import DOMNode

_PATIENCE = 5
"""Seconds after which the next key goes on, even if the last one is still at work."""


class TypeAheadApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key] = deque()
        self._settling: asyncio.Task[None] | None = None

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._typed.append(event)
            if len(self._typed) == 1:
                await self._type()
        else:
            await super().on_event(event)

    async def _type(self) -> None:
        target: DOMNode = self.focused or self.screen
        await super().on_event(self._typed[0])
        self._settling = asyncio.create_task(self._settle(target))

    async def _settle(self, target: DOMNode) -> None:
        """Follow the key on its way up: each node comes to our mark after it came to the key."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                for node in target.ancestors_with_self:
                    passed = asyncio.Event()
                    if node.call_later(passed.set):
                        await passed.wait()
        await asyncio.sleep(0)  # a command that opens a menu does so in its first step
        self._typed.popleft()
        if self._typed:
            self.call_later(self._type)
