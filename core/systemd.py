"""What systemd wants to hear of a service of `Type=notify` (sd_notify(3)): that it is ready, that it lives,
that it ends.

The protocol is one datagram to a socket that the environment names. It takes fewer lines here than the
smallest package for it has, none of which is kept any more, and without systemd nothing is said.
"""

import os
import socket


class Systemd:
    def __init__(self, address: str | None = None, watchdog_seconds: float | None = None) -> None:
        self._address = address
        self.watchdog_seconds = watchdog_seconds
        """How soon it takes a silent service for dead; None where it does not mind."""
        self._said = ""
        self._is_ready = False

    @classmethod
    def of_environment(cls) -> "Systemd":
        """The one that started this very process; its variables are not handed down to others."""
        address = os.environ.pop("NOTIFY_SOCKET", None)
        microseconds = os.environ.pop("WATCHDOG_USEC", "")
        is_ours = os.environ.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        minds = address and microseconds.isdigit() and is_ours
        return cls(address, int(microseconds) / 1_000_000 if minds else None)

    def ready(self) -> None:
        """Said once."""
        if not self._is_ready:
            self._is_ready = True
            self._tell("READY=1")

    def lives(self) -> None:
        self._tell("WATCHDOG=1")

    def ends(self) -> None:
        self._tell("STOPPING=1")

    def starts_later(self, seconds: float) -> None:
        """The start is not given up for so much longer."""
        self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def status(self, sentence: str) -> None:
        """What `systemctl status` shows; said once."""
        if sentence != self._said:
            self._said = sentence
            self._tell("STATUS=" + sentence.replace("\n", " "))

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.setblocking(False)
            try:
                line.sendto(state.encode(), address)
            except OSError:
                return  # it is being restarted itself, or reads slowly: the next time it hears us
