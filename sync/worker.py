"""The name under which a daemon holds mailboxes and answers.

It is the same when the daemon of a home is started again, so that the next life takes up at once what the
last one held: the lock on the home (sync/lock.py) says that the last one is gone. It must never be that of
another daemon, and neither a host's name nor a path says so: machines are cloned, and homes are copied.
"""

import os
import socket
import time
import uuid
from hashlib import sha256
from pathlib import Path


def worker_name(home: Path) -> str:
    """The host, for people, and what no other home has while this system runs."""
    status = os.stat(home)
    system = _boot() or str(uuid.getnode())
    unique = sha256(f"{system} {status.st_dev} {status.st_ino}".encode()).hexdigest()[:12]
    return f"{socket.gethostname()} {unique}"


def _boot() -> str:
    """Linux gives each of its starts a name; a machine that was started anew holds nothing any more."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def elapsed() -> float:
    """Seconds of a clock that nobody sets and that goes on while the machine sleeps, as leases do."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
