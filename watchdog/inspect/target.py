"""
One process, held so that it can't be another one: by pidfd, start time and systemd unit, asked before and after it is read.

While the pidfd says that the process lives, the kernel gives its pid to nobody else; so what was read by pid between two such
looks was read of this process. Never lets anything out of a process that a look does not confirm.
"""

import os
import select
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from watchdog.host import cgroup
from watchdog.inspect import kernel
from watchdog.inspect.refusals import RefusedError

PROC: Final = Path("/proc")
_KERNEL_THREAD: Final = 0x0020_0000  # PF_KTHREAD of include/linux/sched.h, in the flags of stat
_MOST: Final = 2**24  # bytes of one file of /proc; the list of mappings of a process is the longest of them


class Stat(NamedTuple):
    """What /proc/PID/stat tells (proc(5)): start in ticks since boot, whether it is the kernel's, where its environment lies."""

    start_ticks: int
    kernel_thread: bool
    environment: tuple[int, int]


class Target:
    """A process that may be read; use it in `with`. `unit` is the service that it belongs to."""

    def __init__(self, pid: int, start_ticks: int, units: tuple[str, ...]) -> None:
        if pid <= 1 or pid == os.getpid():
            raise RefusedError("protected", str(pid))
        self.pid = pid
        self._start_ticks = start_ticks
        self._units = units
        try:
            self.pidfd = os.pidfd_open(pid)
        except (OSError, OverflowError) as error:
            raise RefusedError("gone", str(pid)) from error
        try:
            self._directory = os.open(PROC / str(pid), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            os.close(self.pidfd)
            raise RefusedError("gone", str(pid)) from error
        try:
            self.unit = self._identify()
            self._must_live("gone")
        except BaseException:
            self.close()
            raise

    def confirm(self) -> None:
        """Raises `RefusedError` unless it still lives, as the same process, in a unit that is named; asked before anything of it is given out."""
        try:
            self._identify()
        except RefusedError as error:
            raise RefusedError("left", str(self.pid)) from error
        self._must_live("left")

    def file(self, name: str) -> bytes:
        """A file of its folder in /proc; raises `RefusedError` where it can't be read any more, or by us."""
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._directory)
            try:
                parts, size = [], 0
                while size < _MOST and (part := os.read(descriptor, 65_536)):
                    parts.append(part)
                    size += len(part)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise kernel.refusal(error.errno or 0, self.pid) from error
        return b"".join(parts)

    def stat(self) -> Stat:
        """Its stat file; raises `RefusedError` if it is gone."""
        # A process names itself and may put brackets into the name; what the kernel writes begins after the last one.
        numbers = self.file("stat").rpartition(b")")[2].split()
        try:
            return Stat(int(numbers[19]), bool(int(numbers[6]) & _KERNEL_THREAD), (int(numbers[47]), int(numbers[48])))
        except (ValueError, IndexError) as error:
            raise RefusedError("gone", str(self.pid)) from error

    def close(self) -> None:
        """Let it go."""
        os.close(self._directory)
        os.close(self.pidfd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _identify(self) -> str:
        stat = self.stat()
        if stat.kernel_thread:
            raise RefusedError("protected", str(self.pid))
        if stat.start_ticks != self._start_ticks:
            raise RefusedError("another", str(self.pid))
        unit = system_service(self.file("cgroup").decode(errors="replace"))
        if not any(fnmatchcase(unit, pattern) for pattern in self._units):
            raise RefusedError("not-named", str(self.pid))
        return unit

    def _must_live(self, otherwise: str) -> None:
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        if poll.poll(0):
            raise RefusedError(otherwise, str(self.pid))


def system_service(listing: str) -> str:
    """
    The service of the system's own systemd that a process belongs to, from its /proc/PID/cgroup; '' if there is none.

    Stricter than what the agent goes by: only slices may lie around it. A service of a user's own systemd, or one in a container, can
    bear any name.
    """
    unit = cgroup.unit(listing)
    found = cgroup.paths(listing)
    outermost = {_outermost(found.get(controllers, "")) for controllers in ("name=systemd", "")} - {""}
    return unit if outermost == {unit} else ""


def _outermost(path: str) -> str:
    """The first part of a control group's path that is no slice; '' if there is none."""
    parts = (part for part in path.removesuffix(" (deleted)").split("/") if part and not part.endswith(".slice"))
    return next(parts, "").removeprefix("_")
