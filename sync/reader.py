"""Reading a mail, which must not take for ever, whatever is in it.

Most are read where they come, on the daemon's own thread: that costs least, and takes a few milliseconds. But
nothing else goes on meanwhile, and there is no end to what can be written into a mail. So an alarm ends it,
after CPU time that no honest mail comes near; it reaches the innermost loop of a regular expression, too.
Then, and when a mail is large, a process of its own reads it, which ends at its own alarm. A mail that ends
the process, or is not read within a minute, goes to quarantine, and the next one is taken.
"""

import asyncio
import hashlib
import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import datetime
from types import FrameType
from typing import Any

from sync.reading import Intake, end_with_parent, understand
from sync.receiving import Origin, Verdict, without_content

LARGE = 1_000_000
"""Bytes of a mail that is read in a process of its own at once."""
HERE_SECONDS = 2.0
"""CPU time; the worst mails that are known take 1.2 s."""
APART_SECONDS = 60.0
_TOO_LONG = "Reading this mail took too long."
_ENDED = "Reading this mail ended the program that read it."


class _TooLong(BaseException):
    """Nothing that reads a mail catches it, as an Exception would be."""


class Reader:
    """`here_seconds` and `apart_seconds`: how long a mail may take on this thread, and in a process."""

    def __init__(self, here_seconds: float = HERE_SECONDS, apart_seconds: float = APART_SECONDS) -> None:
        self._here_seconds = here_seconds
        self._apart_seconds = apart_seconds
        self._executor: ProcessPoolExecutor | None = None

    async def read(self, intake: Intake, raw: bytes, origin: Origin, now: datetime) -> dict[str, Any]:
        """The mail for the desk; its raw bytes are stored already, and its attachments are when this ends."""
        if len(raw) <= LARGE:
            try:
                with _alarm(self._here_seconds):
                    mail, attachments = understand(intake, raw, origin, now)
            except _TooLong:
                return await self._read_apart(intake, raw, origin, now)
            if attachments:
                await asyncio.to_thread(intake.files.put_many, "attachments", attachments)
            return mail
        return await self._read_apart(intake, raw, origin, now)

    def close(self) -> None:
        """What is being read is given up."""
        if self._executor is not None:
            for process in list((self._executor._processes or {}).values()):
                process.kill()
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    async def _read_apart(self, intake: Intake, raw: bytes, origin: Origin, now: datetime) -> dict[str, Any]:
        loop, sha256 = asyncio.get_running_loop(), hashlib.sha256(raw).hexdigest()
        for _ in range(2):  # that it ended may have had another reason than the mail
            began = time.monotonic()
            try:
                return await loop.run_in_executor(
                    self._processes(), read_stored, intake, sha256, origin, now, self._apart_seconds
                )
            except BrokenProcessPool:
                took = time.monotonic() - began
                self.close()
            if took >= self._apart_seconds:
                return without_content(sha256, len(raw), origin, Verdict(quarantine=_TOO_LONG))
            if not await self._can_start():  # then it is read here, as there is no other way
                return await asyncio.to_thread(_read_and_store, intake, raw, origin, now)
        return without_content(sha256, len(raw), origin, Verdict(quarantine=_ENDED))

    def _processes(self) -> ProcessPoolExecutor:
        """One, started when it is first needed; not by a fork of this one, which has threads."""
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(1, mp_context=context, initializer=end_with_parent)
        return self._executor

    async def _can_start(self) -> bool:
        try:
            await asyncio.get_running_loop().run_in_executor(self._processes(), int)
        except BrokenProcessPool:
            self._executor = None
            return False
        return True


def read_stored(intake: Intake, sha256: str, origin: Origin, now: datetime, seconds: float) -> dict[str, Any]:
    """In a process of its own, which ends when it takes longer."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return _read_and_store(intake, intake.files.get("raw", sha256), origin, now)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _read_and_store(intake: Intake, raw: bytes, origin: Origin, now: datetime) -> dict[str, Any]:
    mail, attachments = understand(intake, raw, origin, now)
    intake.files.put_many("attachments", attachments)
    return mail


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raises _TooLong after so much CPU time. Only the main thread can be alarmed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    is_on = True

    def ring(number: int, frame: FrameType | None) -> None:
        if is_on:
            raise _TooLong

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, seconds)  # again and again, should a callback swallow it
    try:
        yield
    finally:
        is_on = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
