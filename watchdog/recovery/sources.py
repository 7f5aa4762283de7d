"""What a source of findings beside the work hash looks like: the log, the memory and the sockets of the process, the probe."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from watchdog.model.effects import When
from watchdog.model.findings import Finding, Origin
from watchdog.model.targets import ProcessRef
from watchdog.sidekiq.flight import Noted


class Told(msgspec.Struct, frozen=True):
    """
    What a source told.

    `names_running` says that it names every job that was running, `names_waiting` that it names every job that was taken and not begun. `gave_back` says that it is proven that
    the process had given everything back at its end; `hasty` that it did so while one of its own threads could take it again: those jobs are the findings. What one of the origins in `overrules` has named, and this source does not, is over.
    `threads` is how many jobs the process can run at a time, 0 where the source does not tell.
    """

    findings: tuple[Finding, ...] = ()
    names_running: bool = False
    names_waiting: bool = False
    gave_back: bool = False
    hasty: bool = False
    overrules: tuple[Origin, ...] = ()
    threads: int = 0


Source = Callable[[ProcessRef, When, Noted | None, Sequence[Finding]], Awaitable[Told]]
"""
Asks one source about a process, of which Redis showed that last; it is told what others have found before it. It tells nothing where it can't read, and never raises for that.
"""
