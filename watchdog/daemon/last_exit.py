"""
The end that nothing can hold up.

The orderly end waits for tasks, for the writer of the store, and for threads that ask a name server; any of them may
hang. Whoever stops the agent waits no longer than this, and what was committed is resumed at the next start,
as after a power failure.
"""

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

LOG: Final = logging.getLogger("watchdog")
SAYING: Final = 0.2
"""Seconds for the last line of the log, which may hang as well."""
FAILED: Final = 1
"""The exit code, so that a hanging end does not pass for an orderly one."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class LastExit:
    """Armed when the end begins, disarmed when it is reached; in between it ends the process after `seconds`."""

    def __init__(self, seconds: float, *, still_there: Callable[[], list[str]]) -> None:
        self._still_there = still_there
        self._timer = threading.Timer(seconds, self._leave)
        self._timer.daemon = True

    def arm(self) -> None:
        """From now on the time runs."""
        self._timer.start()

    def disarm(self) -> None:
        """The end was reached, or has not begun."""
        self._timer.cancel()

    def _leave(self) -> None:
        saying = threading.Thread(target=self._say, daemon=True)
        saying.start()
        saying.join(SAYING)
        os._exit(FAILED)

    def _say(self) -> None:
        names = ", ".join(self._still_there()) or "the store"
        LOG.critical("the end takes too long, so the agent just ends; what is open is resumed at the next start. Still there: %s", names)


class UnwaitedThreads(ThreadPoolExecutor):
    """
    Does each piece of work in a thread that the end of the process does not wait for.

    Python waits for the threads of its own executors, which is half a minute if one of them asks a dead name server. It is
    a `ThreadPoolExecutor` only because asyncio takes nothing else.
    """

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Begins at once; there is no queue."""
        future: Future[_T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  (handed to whoever waits: this thread has nobody to raise to)
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=work, daemon=True, name=f"for the loop: {getattr(fn, '__name__', 'work')}").start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  (as it is inherited)
        """Nothing waits in a queue, and what runs is left alone."""
