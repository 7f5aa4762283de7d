"""What the agent tells systemd (`sd_notify(3)`); outside systemd it tells nobody."""

import os
from typing import Final

from sdnotify import SystemdNotifier

from watchdog.clock import Clock

EVERY: Final = 3
"""The watchdog is answered so many times within its time."""


class Systemd:
    """READY, RELOADING, STOPPING and STATUS when told to; WATCHDOG=1 at most as often as is needed, and only when called."""

    def __init__(self, clock: Clock) -> None:
        self._notifier = SystemdNotifier()
        self._clock = clock
        self._period = int(os.environ.get("WATCHDOG_USEC", "0")) // 1000 // EVERY if self._is_meant() else 0
        self._answered_at = 0
        self._status = ""

    def ready(self) -> None:
        """Everything runs."""
        self._notifier.notify("READY=1")

    def reloading(self) -> None:
        """Rules and config are being read again; ends with `ready`. The monotonic time is demanded by Type=notify-reload."""
        self._notifier.notify(f"RELOADING=1\nMONOTONIC_USEC={self._clock.at() * 1000}")

    def stopping(self) -> None:
        """The end has begun."""
        self._notifier.notify("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`, sent when it changes."""
        if text != self._status:
            self._status = text
            self._notifier.notify(f"STATUS={text}")

    def turned(self) -> None:
        """A turn of the loop is complete."""
        now = self._clock.at()
        if self._period and now - self._answered_at >= self._period:
            self._answered_at = now
            self._notifier.notify("WATCHDOG=1")

    @staticmethod
    def _is_meant() -> bool:
        return os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
