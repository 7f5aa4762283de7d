"""
A handle on one process that the kernel never gives to another (pidfd_open(2)).

The only place where signals leave this program. It holds, waits and sends; whether the process is the right one,
and whether it may be signalled, was asked before (`signals.py`).
"""

import asyncio
import errno
import os
import select
import signal
from types import TracebackType
from typing import Final, Self

from watchdog.model.targets import Signal

_NO_PROCESS: Final = {errno.ESRCH, errno.ENOENT, errno.EINVAL}  # the last two: the number is that of a thread (from and before Linux 6.9)


class Pidfd:
    """An open handle; close it, or use it in `with`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def open(cls, pid: int) -> Self | None:
        """
        A handle on the process that has this pid now, living or zombie; None where there is none.

        Raises `OSError` where the kernel can't give one: too many open files, or older than Linux 5.3.
        """
        try:
            return cls(os.pidfd_open(pid))
        except OSError as error:
            if error.errno in _NO_PROCESS:
                return None
            raise
        except OverflowError:
            return None

    def fileno(self) -> int:
        """The descriptor: readable as soon as the process has ended."""
        return self._descriptor

    def has_ended(self) -> bool:
        """Whether the process is dead; a zombie is, even if nobody has waited for it."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(0))

    def send(self, one: Signal) -> None:
        """Send; raises `ProcessLookupError` if it is dead and `PermissionError` if we may not."""
        signal.pidfd_send_signal(self._descriptor, signal.Signals[f"SIG{one}"])

    def may_be_signalled(self) -> bool:
        """Whether the kernel would take a signal from us; one that is dead would."""
        try:
            signal.pidfd_send_signal(self._descriptor, 0)
        except PermissionError:
            return False
        except ProcessLookupError:
            return True
        return True

    async def wait(self, *, milliseconds: int) -> bool:
        """Whether the process has ended, as soon as it has, else after that time."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(self._descriptor, ended.set)
        try:
            async with asyncio.timeout(max(0, milliseconds) / 1000):
                await ended.wait()
        except TimeoutError:
            return self.has_ended()
        finally:
            loop.remove_reader(self._descriptor)
        return True

    def close(self) -> None:
        """Give the handle back; nothing may be asked of it afterwards."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
