"""Faults: what goes wrong between a client and Google, by chance or at one exact call.

The chance is seeded, so a run can be had again. The interesting fault is `cut_after`: the mail has left, and
nobody was told; `cut_late` is worse, for then it leaves only after somebody has looked whether it had.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from tests.gmail.problem import Problem, failed_precondition, rate_limited, server_error, unauthenticated

Kind = Literal[
    "400", "401", "403", "429", "500", "503", "cut_before", "cut_during", "cut_after", "cut_late", "delay",
    "malformed",
]  # fmt: skip
"""`delay`, `malformed`, `cut_during` (half of the answer comes) and `cut_after` strike after the effect;
`cut_late` ends the connection at once, and the effect comes some time later."""
KINDS: tuple[Kind, ...] = get_args(Kind)
CUTS: tuple[Kind, ...] = ("cut_before", "cut_during", "cut_after")


class Cut(Exception):
    """The connection ends here."""


@dataclass(frozen=True, slots=True)
class _Share:
    kind: Kind
    share: float
    methods: frozenset[str] | None

    def concerns(self, method: str) -> bool:
        if self.methods is None:
            return not method.startswith("upload.")  # parts of a call that has its own chance
        return method in self.methods


class Faults:
    """Methods are named as Google does, without `gmail.users.`; besides them there are `batch` for a whole
    batch, `upload.start` and `upload.chunk` of a resumable upload, and `oauth.token`, `oauth.revoke`.
    """

    def __init__(self, seed: int = 0) -> None:
        self.delay_seconds = 120.0
        """How long `delay` keeps an answer."""
        self.late_seconds: float | None = None
        """When the effect of `cut_late` comes; None: when `arrive` says so."""
        self.retry_after: float | None = None
        """Seconds that 429, 403 and 503 name."""
        self.struck: Counter[tuple[str, Kind]] = Counter()
        self._random = random.Random(seed)
        self._shares: list[_Share] = []
        self._calls: Counter[str] = Counter()
        self._planned: dict[tuple[str, int], Kind] = {}
        self._late: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def share(self, kind: Kind, share: float, methods: Iterable[str] | None = None) -> None:
        """From now on this share of calls, of these methods or of all."""
        assert kind in KINDS, kind
        assert not isinstance(methods, str), "several methods are wanted"
        with self._lock:
            self._shares.append(_Share(kind, share, None if methods is None else frozenset(methods)))

    def nth(self, method: str, kind: Kind, n: int = 1) -> None:
        """The nth call of a method from now; 1 is the next. The others are as they were."""
        assert kind in KINDS, kind
        with self._lock:
            self._planned[method, self._calls[method] + n] = kind

    def clear(self) -> None:
        with self._lock:
            self._shares.clear()
            self._planned.clear()

    def draw(self, method: str) -> Kind | None:
        """What happens to this call of the method."""
        with self._lock:
            self._calls[method] += 1
            kind = self._planned.pop((method, self._calls[method]), None) or self._by_chance(method)
            if kind is not None:
                self.struck[method, kind] += 1
            return kind

    def _by_chance(self, method: str) -> Kind | None:
        for rule in self._shares:
            if rule.concerns(method) and self._random.random() < rule.share:
                return rule.kind
        return None

    def hold(self, effect: Callable[[], object]) -> None:
        """Of a call whose caller has gone."""
        if self.late_seconds is None:
            self._late.append(effect)
        else:
            timer = threading.Timer(self.late_seconds, effect)
            timer.daemon = True
            timer.start()

    def arrive(self) -> None:
        while self._late:
            self._late.pop(0)()

    def problem(self, kind: Kind | None) -> Problem | None:
        """The answer instead of the call, for those kinds that are one."""
        if kind in ("500", "503"):
            problem = server_error(int(kind))
            if kind == "503" and self.retry_after is not None:
                problem.headers["Retry-After"] = str(round(self.retry_after))
            return problem
        if kind in ("429", "403"):
            return rate_limited(int(kind), self.retry_after)
        if kind == "401":
            return unauthenticated()
        return failed_precondition("Precondition check failed.") if kind == "400" else None
