"""Other processes of this program that play a part of a trace: how many there may be, and how one is begun."""

import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Any, Final

MOST: Final = 8
"""Processes: each holds the picture of a server."""
_GIVE_WAY: Final = 10
"""By how much a process is nicer than whoever began it: whoever looks back must not slow down those who work."""


def allowed() -> int:
    """How many may be at work at a time: one for each core that may be used."""
    # What a thread holds at this moment would be held for ever in the copy of the process.
    return min(MOST, len(os.sched_getaffinity(0))) if threading.active_count() == 1 else 1


def begun(work: Callable[..., None], *arguments: Any) -> tuple[ForkProcess, Connection]:
    """A process that does that with its end of a connection and these arguments, and the other end. Raises `OSError`."""
    context = get_context("fork")
    mine, others = context.Pipe()
    process = context.Process(target=_at_work, args=(work, mine, others, arguments), daemon=True)
    try:
        process.start()
    except OSError:
        mine.close()
        raise
    finally:
        others.close()
    return process, mine


def is_orphan() -> bool:
    """Asked by one of them: whether whoever began it is gone without having ended it."""
    parent = parent_process()
    return parent is None or parent.pid != os.getppid()


def _at_work(work: Callable[..., None], theirs: Connection, mine: Connection, arguments: tuple[Any, ...]) -> None:
    theirs.close()
    # Whoever began it ends it, and says what is to be said when somebody has had enough.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(_GIVE_WAY)
    work(mine, *arguments)
