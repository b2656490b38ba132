"""How much reading a mail costs beside the least anybody could do with it.

    python bench/parse.py [FOLDER] [--rounds N]

Both readers take turns over every mail of the folder in one process: the standard library's
message_from_bytes (compat32) with all bodies decoded, and parse_mail. Promise: at most twice the time.
"""

import argparse
import email
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sync.parse import parse_mail  # noqa: E402

PROMISE = 2.0
RAISED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def plain(raw: bytes) -> None:
    """Parse and decode every body, nothing else."""
    for part in email.message_from_bytes(raw).walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        if part.get_content_maintype() == "text" and isinstance(content, bytes):
            try:
                content.decode(part.get_content_charset("utf-8"), "replace")
            except (LookupError, UnicodeError):
                content.decode("latin-1")


def seconds(read: Callable[[bytes], object], raw: bytes) -> float:
    start = time.thread_time()
    try:
        read(raw)
    except RAISED:  # by the standard library, on some of these mails; its time still counts
        return time.thread_time() - start
    return time.thread_time() - start


def measure(mails: list[bytes], rounds: int) -> tuple[list[float], list[float], float]:
    """Seconds per round of both, and the slowest single mail of ours."""
    theirs, ours, slowest = [], [], 0.0
    for _ in range(rounds):
        total = [0.0, 0.0]
        for raw in mails:
            total[0] += seconds(plain, raw)
            one = seconds(parse_mail, raw)
            total[1] += one
            slowest = max(slowest, one)
        theirs.append(total[0])
        ours.append(total[1])
    return theirs, ours, slowest


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT.parent / "shared" / "mail")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    mails = [path.read_bytes() for path in sorted(options.folder.rglob("*.eml"))]
    if not mails:
        print(f"No .eml files under {options.folder}.", file=sys.stderr)
        return 1
    measure(mails, 1)
    theirs, ours, slowest = measure(mails, options.rounds)
    ratio = statistics.median(mine / his for mine, his in zip(ours, theirs, strict=True))
    print(f"mails                     {len(mails)}, {sum(map(len, mails)) / 1e6:.1f} MB")
    print(f"message_from_bytes+bodies {len(mails) / min(theirs):8.0f} mails/s")
    print(f"parse_mail                {len(mails) / min(ours):8.0f} mails/s")
    print(f"ratio                     {ratio:8.2f}  (promise: at most {PROMISE})")
    print(f"slowest mail              {slowest * 1000:8.1f} ms")
    return 0 if ratio <= PROMISE else 1


if __name__ == "__main__":
    raise SystemExit(main())
