"""How long the terminal interface takes to start, and from a key to what it changes on the screen.

    python -m bench.tui [--cache FOLDER] [--sizes 100,100000,1000000] [--starts 7] [--keys 120]

The real `ttydesk` and a bare Textual app run in turn in a real pseudo-terminal. Start: from the
beginning of the process to a list on the screen that moves with `j`. Keys: from writing the key to
the arrival of the output in which the expected cells have changed. `open` shows a ticket that
nobody has looked at yet, so that it has to be fetched; `open next` one that lies beside the cursor.
A filled desk takes minutes to make, so it is kept in the cache folder between runs.
"""

import argparse
import re
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.fill import AGENT, filled
from bench.terminal import Terminal

COLUMNS, LINES = 80, 24
ROOT = Path(__file__).resolve().parent.parent
FIRST = 2
"""The line of the first ticket, below the views and the names of the columns."""
FACTS = 1
"""The line that names the ticket that is open."""
HOME, PAGE_DOWN, ESCAPE = "\x1b[H", "\x1b[6~", "\x1b"

BARE = "bare list"
START_GOAL, STEP_GOAL, OPEN_GOAL = 0.400, 1.5, 0.030

_NUMBER = re.compile(r"#(\d+)")


@dataclass
class Times:
    """Seconds, by what was measured."""

    found: dict[str, list[float]] = field(default_factory=dict)

    def add(self, what: str, seconds: float) -> None:
        self.found.setdefault(what, []).append(seconds)

    def median(self, what: str) -> float:
        return statistics.median(self.found[what])

    def tail(self, what: str) -> float:
        """The 95th percentile."""
        ordered = sorted(self.found[what])
        return ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]


def cursor_line(text: list[str]) -> int:
    """The line the cursor is on; -1 when there is none."""
    return next((y for y, line in enumerate(text) if line.startswith("▌") and "#" in line), -1)


def number_at_cursor(text: list[str]) -> str:
    found = _NUMBER.search(text[cursor_line(text)])
    return found.group(1) if found else ""


def on(line: int) -> Callable[[list[str]], bool]:
    return lambda text: cursor_line(text) == line


def has(*words: str) -> Callable[[list[str]], bool]:
    """One line holds all of the words."""
    return lambda text: any(all(word in line for word in words) for line in text)


def differs(before: list[str]) -> Callable[[list[str]], bool]:
    return lambda text: text != before


def bare(rows: int) -> Terminal:
    return Terminal([sys.executable, "-m", "bench.bare_list", str(rows)], {}, COLUMNS, LINES)


def ours(home: Path, **around: str) -> Terminal:
    program = Path(sys.executable).with_name("ttydesk")
    around = {"TTYDESK_HOME": str(home), "TTYDESK_AGENT": AGENT, **around}
    return Terminal([str(program)], around, COLUMNS, LINES)


def started(terminal: Terminal) -> float:
    """Seconds until there was a list that moved."""
    shown = terminal.until(lambda text: cursor_line(text) >= 0) - terminal.started
    line = cursor_line(terminal.text)
    return shown + terminal.press("j", on(line + 1))


def step(terminal: Terminal, times: Times, keys: int) -> None:
    """`j` down the screen, again and again."""
    for _ in range(keys):
        line = cursor_line(terminal.text)
        if line >= LINES - 4:
            terminal.press(HOME, on(FIRST))
            line = FIRST
        times.add("j", terminal.press("j", on(line + 1)))


def opened(text: list[str]) -> bool:
    """A ticket's head and its newest message stand there."""
    found = _NUMBER.match(text[FACTS].strip())
    return found is not None and has(f"the text of ticket {found.group(1)}.")(text)


def open_tickets(terminal: Terminal, times: Times, keys: int, rest: float = 0.3) -> None:
    """`rest` is how long the cursor rests before what lies beside it is opened."""
    for turn in range(keys):
        line = cursor_line(terminal.text)
        if turn % 2:
            is_last = line >= LINES - 4
            terminal.press("k" if is_last else "j", on(line - 1 if is_last else line + 1))
            terminal.settle(rest)  # the neighbours are fetched when the cursor rests
            times.add("open next", terminal.press("\r", opened))
        else:
            end = re.search(r"(\d+) of \1\b", terminal.text[LINES - 2])
            terminal.press(HOME if end else PAGE_DOWN, differs(terminal.text))
            times.add("open", terminal.press("\r", opened))
        terminal.press(ESCAPE, lambda text: cursor_line(text) >= 0)


def change_status(terminal: Terminal, times: Times, keys: int) -> None:
    """In the view of all tickets, where a changed ticket stays in the list."""
    terminal.press("6", lambda text: text[LINES - 2].startswith(" All"))
    terminal.settle(0.5)
    for _ in range(keys):
        line = cursor_line(terminal.text)
        if line >= LINES - 4:
            terminal.press(HOME, on(FIRST))
            line = FIRST
        terminal.press("j", on(line + 1))
        terminal.settle(0.3)
        number = number_at_cursor(terminal.text)
        pending = "◔p" in terminal.text[cursor_line(terminal.text)]
        key, sign = ("o", "○o") if pending else ("p", "◔p")
        times.add("menu", terminal.press("s", has("Status of")))
        times.add("status", terminal.press(key, has(f"#{number} ", sign)))
        terminal.settle(0.5)


def measure(name: str, begin: Callable[[], Terminal], starts: int, keys: int) -> Times:
    times = Times()
    for _ in range(starts):
        with begin() as terminal:
            times.add("start", started(terminal))
    with begin() as terminal:
        started(terminal)
        terminal.settle(0.5)
        if name == BARE:
            for _ in range(keys):
                line = cursor_line(terminal.text)
                if line >= LINES - 2:
                    terminal.press("k", on(0))
                    line = 0
                times.add("j", terminal.press("j", on(line + 1)))
        else:
            step(terminal, times, keys)
            open_tickets(terminal, times, keys // 2)
            change_status(terminal, times, keys // 4)
    return times


def report(name: str, times: Times) -> None:
    for what in times.found:
        median, tail = 1000 * times.median(what), 1000 * times.tail(what)
        print(f"{name:>18}   {what:10} {median:7.1f} ({tail:7.1f})", flush=True)


def judge(results: dict[str, Times]) -> bool:
    base = results.pop(BARE)
    met = True
    for name, times in results.items():
        late = times.median("start") - base.median("start")
        ratio = times.median("j") / base.median("j")
        tail = times.tail("j") / base.tail("j")
        opened = times.median("open")
        met = met and late <= START_GOAL and ratio <= STEP_GOAL and opened <= OPEN_GOAL
        print(
            f"{name:>18}   start {1000 * late:+.0f} ms (goal +400),"
            f" j {ratio:.2f}x and p95 {tail:.2f}x (goal 1.5), open {1000 * opened:.1f} ms (goal 30)"
        )
    return met


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "ttydesk-bench")
    parser.add_argument("--sizes", default="100,100000,1000000")
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--keys", type=int, default=120)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    homes = {size: filled(options.cache, size) for size in sizes}
    print(f"milliseconds, median (95th percentile), {COLUMNS}x{LINES}, bare app and desks in turn")
    results = {BARE: measure(BARE, partial(bare, max(sizes)), options.starts, options.keys)}
    report(BARE, results[BARE])
    for size, home in homes.items():
        name = f"{size:,} tickets"
        results[name] = measure(name, partial(ours, home), options.starts, options.keys)
        report(name, results[name])
    sys.exit(0 if judge(results) else 1)


if __name__ == "__main__":
    main()
