"""
Running the argument list: no shell, nothing on its standard input, and of what it says the beginning and the end.

Its timeout is that of its unit: systemd ends everything in it, and this program writes down in the few seconds before it is
killed itself that this was so.
"""

import contextlib
import os
import pwd
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Final

from watchdog.model.named.definitions import Definition
from watchdog.model.named.handing_over import HEAD, Ended

_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_PART: Final = 65_536
_LAST_PARTS: Final = 64
"""No more are taken once the command has ended: what it left behind may go on writing."""
_GRACE: Final = 5.0
"""Seconds that the command has to end after systemd has told it to; the unit has 10 s for both."""


class _Output:
    """The beginning and the end of what is said, however much it is."""

    def __init__(self) -> None:
        self.head = self.tail = b""
        self.size = 0

    def add(self, part: bytes) -> None:
        self.size += len(part)
        room = HEAD - len(self.head)
        self.head += part[:room]
        self.tail = (self.tail + part[room:])[-HEAD:]


def run(definition: Definition, argv: list[str]) -> Ended:
    """Run it to its end, which `Ended` tells; it never raises for what the command does."""
    output = _Output()
    with _told_to_end() as told:
        try:
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=definition.directory,
                env=environment(definition),
            )  # fmt: skip
        except OSError as error:
            return Ended(None, f"it could not be started: {error.strerror}")
        with child:
            assert child.stdout is not None
            cut = _follow(child, child.stdout.fileno(), told, output)
            status = child.wait()
    return Ended(status, "", cut, output.size, output.head, output.tail)


def environment(definition: Definition) -> dict[str, str]:
    """All that the command finds in its environment; nothing of ours gets there."""
    about = pwd.getpwuid(os.getuid())
    own = {"HOME": about.pw_dir, "USER": about.pw_name, "LOGNAME": about.pw_name, "PATH": _PATH, "LANG": "C.UTF-8"}
    return own | definition.environment


def _follow(child: "subprocess.Popen[bytes]", pipe: int, told: int, output: _Output) -> bool:
    """Take what it says until it has ended, whoever else still holds its output open; whether it was ended by force."""
    os.set_blocking(pipe, False)
    poll, kill_at = select.poll(), 0.0
    with _pidfd(child.pid) as end:
        for descriptor in (pipe, told, end):
            poll.register(descriptor, select.POLLIN)
        while True:
            left = max(0.0, kill_at - time.monotonic()) * 1000 if kill_at else None
            ready = [descriptor for descriptor, _ in poll.poll(left)]
            if told in ready:
                poll.unregister(told)
                child.terminate()
                kill_at = time.monotonic() + _GRACE
            elif kill_at and time.monotonic() >= kill_at:
                child.kill()
            if end in ready:
                for _ in range(_LAST_PARTS):
                    if not _take(pipe, output):
                        break
                # systemd tells this program before the command; that may have been heard only after this look at both.
                return kill_at > 0 or bool(select.select((told,), (), (), 0)[0])
            if pipe in ready and not _take(pipe, output):
                poll.unregister(pipe)


def _take(pipe: int, output: _Output) -> bool:
    """One part; False where there is none, or none now."""
    try:
        part = os.read(pipe, _PART)
    except BlockingIOError:
        return False
    output.add(part)
    return bool(part)


@contextlib.contextmanager
def _pidfd(pid: int) -> Iterator[int]:
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _told_to_end() -> Iterator[int]:
    """A descriptor that can be read once SIGTERM has come."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    before = signal.signal(signal.SIGTERM, lambda *_: os.write(writer, b"\0"))
    try:
        yield reader
    finally:
        signal.signal(signal.SIGTERM, before)
        os.close(reader)
        os.close(writer)
