"""What the agent tells systemd (`sd_notify(3)`); outside systemd it tells nobody."""

import os
import time
from typing import Final

from sdnotify import SystemdNotifier

EVERY: Final = 3
"""The watchdog is answered so many times within its time."""
PATIENCE: Final = 2.0
"""Seconds for which systemd may keep us waiting, where it must hear us."""


class Systemd:
    """
    READY, RELOADING, STOPPING and STATUS when told to; WATCHDOG=1 at most as often as is needed, and only when called.

    All times are the machine's own monotonic clock: systemd compares them with its own. `period` is the seconds within
    which `turned` must be called, None where systemd does not wait for it (`sd_watchdog_enabled(3)`).
    """

    def __init__(self) -> None:
        self._notifier = SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None
        self.period: float | None = _watchdog() / EVERY / 1e6 if self._notifier is not None and _watchdog() else None
        self._answered_at = -float("inf")
        self._status = ""

    def ready(self) -> None:
        """Everything runs."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Rules and config are being read again; ends with `ready`."""
        # Type=notify-reload takes it for the answer to an older SIGHUP if this is a microsecond before its own.
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={-(-time.monotonic_ns() // 1000)}")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`, sent when it changes."""
        if text != self._status:
            self._status = text
            self._mention(f"STATUS={text}")

    def turned(self) -> None:
        """A turn of the loop is complete."""
        now = time.monotonic()
        if self.period is not None and now - self._answered_at >= self.period:
            self._answered_at = now
            self._mention("WATCHDOG=1")

    def close(self) -> None:
        """Nothing is told any more."""
        if self._notifier is not None and self._notifier.socket is not None:
            self._notifier.socket.close()
        self._notifier = None

    def _tell(self, message: str) -> None:
        self._send(message, PATIENCE)

    def _mention(self, message: str) -> None:
        # Where systemd is busy with itself for a while, its socket is soon full: the agent must not stand still with it.
        self._send(message, 0)

    def _send(self, message: str, seconds: float) -> None:
        if self._notifier is not None and self._notifier.socket is not None:
            self._notifier.socket.settimeout(seconds)
            self._notifier.notify(message)


def _watchdog() -> int:
    """Microseconds after which systemd takes this process for hung; 0 if it does not watch, or watches another process."""
    wanted, meant = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if meant and meant != str(os.getpid()):
        return 0
    return int(wanted) if wanted.isascii() and wanted.isdigit() else 0
