"""A gateway that sends quick reads by tokens together, when several programs ask at the same moment.

Each read has its answer from the database, after it was asked and with the token looked at anew: nothing is
kept. But a round trip costs more than such a read itself, so those that come while others are under way wait
for these and share the next one, and whoever asks the very same shares the answer too. Who is alone is
sent at once.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from core.errors import from_code
from core.gateway import Gateway

_QUICK = frozenset({"show_ticket", "find_ticket", "whoami"})
"""Whoever waits for these waits for all that was sent with them; a search could take a second."""
_MOST = 32
"""Together in one call."""
_WORTH_IT = 16
"""So many that wait make a further call while others are under way, of which there are few."""
_AT_ONCE = 3

_Key = tuple[object, ...]


class _Call:
    """One read, and all who asked for it."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.arguments = arguments
        self.asking: list[asyncio.Future[object]] = []

    def answer(self, answer: dict[str, object]) -> None:
        for one in self.asking:
            if not one.done():  # else whoever asked has given up
                one.set_result(dict(answer))

    def give_up(self) -> None:
        for one in self.asking:
            one.cancel()

    def refuse(self, error: BaseException) -> None:
        for one in self.asking:
            if not one.done():
                one.set_exception(error)


class GatheredGateway:
    """As the gateway it stands on. What lies in an answer may be shared, so nobody changes that."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._waiting: dict[_Key, _Call] = {}
        self._under_way: set[asyncio.Task[object]] = set()
        self._is_due = False

    async def read(self, function: str, **arguments: Any) -> object:
        if function == "use_token" and arguments["operation"] in _QUICK:
            return await self._gathered(arguments)
        return await self._gateway.read(function, **arguments)

    async def write(self, function: str, **arguments: Any) -> object:
        return await self._gateway.write(function, **arguments)

    def nudges(self) -> AsyncIterator[None]:
        return self._gateway.nudges()

    async def close(self) -> None:
        await self._gateway.close()

    def _gathered(self, arguments: dict[str, Any]) -> asyncio.Future[object]:
        loop = asyncio.get_running_loop()
        inner = arguments["arguments"]
        key = (arguments["token_sha256"], arguments["operation"], *sorted(inner.items()))
        call = self._waiting.get(key) or self._waiting.setdefault(key, _Call(arguments))
        asking: asyncio.Future[object] = loop.create_future()
        call.asking.append(asking)
        if not self._is_due:
            self._is_due = True
            loop.call_soon(self._send)  # after all that arrived in this turn of the loop
        return asking

    def _send(self) -> None:
        self._is_due = False
        while self._is_worth_it():
            calls = [self._waiting.pop(key) for key in list(self._waiting)[:_MOST]]
            sending = asyncio.create_task(self._ask(calls))
            self._under_way.add(sending)
            sending.add_done_callback(partial(self._hand_out, calls))

    def _is_worth_it(self) -> bool:
        under_way = len(self._under_way)
        return bool(self._waiting) and (
            not under_way or (under_way < _AT_ONCE and len(self._waiting) >= _WORTH_IT)
        )

    async def _ask(self, calls: list[_Call]) -> object:
        return await self._gateway.read("use_tokens", calls=[call.arguments for call in calls])

    def _hand_out(self, calls: list[_Call], sent: "asyncio.Task[object]") -> None:
        self._under_way.discard(sent)
        if sent.cancelled():
            for call in calls:
                call.give_up()
        elif error := sent.exception():
            for call in calls:
                call.refuse(error)
        else:
            answers: Any = sent.result()
            for call, found in zip(calls, answers, strict=True):
                if "code" in found:
                    call.refuse(from_code(found["code"], found["message"], found["hint"]))
                else:
                    call.answer(found["answer"])
        self._send()
