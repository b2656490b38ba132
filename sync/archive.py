"""Taking in an archive: many mails at once, read in other processes, several in one transaction.

The order is that of the entries, so that a mail is there before the answers to it. A batch is in the ledger
or it is not: whoever stops in the middle, or is stopped, imports the same again, and goes on where it
ended.
"""

import asyncio
import os
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.desk import Desk
from core.errors import DeskError, StorageFailed, Unreachable
from core.models import Outcome, Received
from sync.inbound import settle
from sync.reading import Batch, Intake, Prepared, end_with_parent, prepare_batch
from sync.receiving import Origin, Verdict, without_content
from sync.source import Entry, Skipped, Source, find_mails

BATCH = 64
"""Mails in one transaction, at most."""
_MUCH = 32_000_000
"""Bytes of mails that are enough for one: several are held at a time, by several processes."""
_FEW = 96
"""Up to so many, starting processes takes longer than reading the mails here."""
_AHEAD = 3
_FOR_EACH_CORE = 2
"""Readers: about half of the time one of them waits for the disk."""


@dataclass(slots=True)
class Imported:
    counts: Counter[Outcome] = field(default_factory=Counter)
    """They add up to the mails that were read."""
    skipped: list[Skipped] = field(default_factory=list)
    """Files that could not be read after all."""


def find_many(paths: Sequence[Path], progress: Callable[[int], None] | None = None) -> Source:
    """`find_mails`, while what will read the mails starts, if they are many."""
    is_started = False

    def found(count: int) -> None:
        nonlocal is_started
        if count > _FEW and not is_started:
            _forkserver().ensure_running()
            is_started = True
        if progress:
            progress(count)

    return find_mails(paths, found)


async def import_mails(
    desk: Desk,
    intake: Intake,
    entries: Sequence[Entry],
    progress: Callable[[int], None] | None = None,
    processes: int | None = None,
) -> Imported:
    """`progress` is told how many entries are done. Raises what is wrong with the desk or the disk; what was
    done until then stays done."""
    imported = Imported()
    if processes is None:
        processes = 0 if len(entries) <= _FEW else min((os.cpu_count() or 1) * _FOR_EACH_CORE, 8)
    done = 0
    async with aclosing(_Readers(intake, processes).prepare(list(batches(entries)))) as ready:
        async for prepared in ready:
            imported.skipped += [one for one in prepared if isinstance(one, Skipped)]
            mails = [one for one in prepared if not isinstance(one, Skipped)]
            imported.counts.update(received.outcome for received in await _settle_all(desk, mails))
            done += len(prepared)
            if progress:
                progress(done)
    return imported


def batches(entries: Sequence[Entry]) -> Iterator[Batch]:
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == BATCH or sum(one.size for one in batch) >= _MUCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _settle_all(desk: Desk, mails: list[dict[str, Any]]) -> list[Received]:
    try:
        return await desk.receive_mails(mails) if mails else []
    except (Unreachable, StorageFailed):
        raise
    except DeskError:  # one of them makes the whole batch fail: find out which
        return [await settle(desk, mail) for mail in mails]


class _Readers:
    """Processes that read and store batches, some ahead of the one that is waited for."""

    def __init__(self, intake: Intake, processes: int) -> None:
        """With 0 processes the work is done in a thread of this one."""
        self._intake = intake
        self._processes = processes
        self._executor = self._start()

    def _start(self) -> Executor:
        if not self._processes:
            return ThreadPoolExecutor(1)
        import multiprocessing

        # Not fork: this process has threads, and connections that no other may use.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["sync.reading"])
        return ProcessPoolExecutor(self._processes, mp_context=context, initializer=end_with_parent)

    async def prepare(self, batches: Sequence[Batch]) -> AsyncGenerator[Prepared, None]:
        """The batches in their order, stored and understood."""
        waiting = deque(batches)
        ahead: deque[tuple[Batch, asyncio.Future[Prepared]]] = deque()
        try:
            while waiting or ahead:
                while waiting and len(ahead) < max(self._processes, 1) + _AHEAD:
                    batch = waiting.popleft()
                    ahead.append((batch, self._submit(batch)))
                batch, future = ahead.popleft()
                try:
                    prepared = await future
                except BrokenProcessPool:
                    for _, other in ahead:
                        other.cancel()
                    prepared = await self._one_by_one(batch)
                    ahead = deque((batch, self._submit(batch)) for batch, _ in ahead)
                yield prepared
        finally:
            for _, other in ahead:
                other.cancel()
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _submit(self, batch: Batch) -> asyncio.Future[Prepared]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._executor, prepare_batch, self._intake, batch, datetime.now(UTC))

    async def _one_by_one(self, batch: Batch) -> Prepared:
        """A mail that ends the process that reads it is found by reading each alone, and set aside."""
        prepared: Prepared = []
        await self._start_again()
        for entry in batch:
            try:
                prepared += await self._submit([entry])
            except BrokenProcessPool:
                await self._start_again()
                prepared.append(await asyncio.to_thread(_set_aside, self._intake, entry))
        return prepared

    async def _start_again(self) -> None:
        """With other processes; where none can be started at all, with a thread."""
        self._executor = self._start()
        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, int)
        except BrokenProcessPool:
            self._processes = 0
            self._executor = self._start()


def _forkserver() -> Any:
    """Where readers are forked from a process that has loaded what they need, once for all of them.

    Not from this one: it has threads, and connections that no other may use.
    """
    from multiprocessing import forkserver

    forkserver.set_forkserver_preload(["sync.reading"])
    return forkserver


def _set_aside(intake: Intake, entry: Entry) -> dict[str, Any] | Skipped:
    try:
        raw = entry.read()
    except StorageFailed as error:
        return Skipped(entry.path, str(error))
    verdict = Verdict(quarantine="Reading this mail ended the program that read it.")
    return without_content(intake.files.put("raw", raw), len(raw), Origin(is_history=True), verdict)
