"""
What a process has not yet read from its connections: jobs that Redis has given away and nobody has begun.

Each descriptor is copied (pidfd_getfd(2)), looked at with MSG_PEEK and closed again: the process would still read every byte. Nothing
about the copy may be changed, non-blocking mode included, for it would change for the process as well.
"""

import array
import contextlib
import fcntl
import os
import re
import socket
import stat
import termios
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from watchdog.inspect import kernel
from watchdog.inspect.deadline import Deadline
from watchdog.inspect.memory import LARGEST_ALL
from watchdog.inspect.resp import Fetched, Rest, fetched
from watchdog.inspect.target import Target

LARGEST: Final = 16 * 2**20
"""Bytes that are looked at in one connection."""
_SIZE: Final = re.compile(rb"^FDSize:\t([0-9]{1,8})$", re.MULTILINE)
_EVERY: Final = 256  # descriptors between two looks at the clock


class Unread(NamedTuple):
    """
    What came of a look into the connections of a process.

    `connections` were looked at, `waiting` of them hold unread bytes, and of these `encrypted` can't be told, `cut` hold a reply to a fetch of
    which a part is missing, `foreign` something else. `partial` is '' if all were seen, else what ended it: time or size.
    """

    jobs: tuple[Fetched, ...]
    connections: int
    waiting: int
    encrypted: int
    cut: int
    foreign: int
    partial: str


def unread(target: Target, peers: tuple[str, ...], deadline: Deadline, *, between: Callable[[], None] = lambda: None) -> Unread:
    """Look into all connections, or only into those with these peers (see `peer`). Raises `RefusedError`."""
    jobs: list[Fetched] = []
    rests: list[Rest] = []
    connections = size = 0
    partial = ""
    for number in descriptors(target):
        if number % _EVERY == 0:
            between()
            if deadline.passed():
                partial = "time"
                break
        with copied(target, number) as copy:
            if copy is None or not stat.S_ISSOCK(os.fstat(copy).st_mode):
                continue
            with socket.socket(fileno=os.dup(copy)) as connection:
                if not (name := peer(connection)) or (peers and name not in peers):
                    continue
                connections += 1
                data = _peek(connection)
        if not data:
            continue
        found, rest = fetched(data)
        rests.append(rest)
        size += sum(len(job.payload) for job in found)
        if size > LARGEST_ALL:
            partial = "size"
            break
        jobs.extend(found)
    return Unread(
        tuple(jobs),
        connections,
        len(rests),
        rests.count(Rest.ENCRYPTED),
        rests.count(Rest.CUT_FETCH),
        rests.count(Rest.CUT) + rests.count(Rest.FOREIGN),
        partial,
    )


def descriptors(target: Target) -> range:
    """The numbers that its open files may have: the folder that lists them is closed to CAP_SYS_PTRACE by file mode, the size of their table is not."""
    found = _SIZE.search(target.file("status"))
    return range(int(found[1]) if found else 0)


@contextlib.contextmanager
def copied(target: Target, number: int) -> Iterator[int | None]:
    """A copy of an open file of the process, for as long as the block; None if there is none."""
    copy = kernel.copy_descriptor(target.pidfd, number, target.pid)
    try:
        yield copy
    finally:
        if copy is not None:
            os.close(copy)


def peer(connection: socket.socket) -> str:
    """To whom a stream is connected: `127.0.0.1:6379`, `[::1]:6379`, `unix:/run/redis.sock`, `unix:` without a name; '' if to nobody."""
    if connection.type != socket.SOCK_STREAM:
        return ""
    try:
        address = connection.getpeername()
    except OSError:
        return ""
    match connection.family:
        case socket.AF_INET:
            return f"{address[0]}:{address[1]}"
        case socket.AF_INET6:
            host = str(address[0])
            return f"{host.removeprefix('::ffff:')}:{address[1]}" if host.startswith("::ffff:") else f"[{host}]:{address[1]}"
        case socket.AF_UNIX:
            return f"unix:{os.fsdecode(address)}"
    return ""


def _peek(connection: socket.socket) -> bytes:
    waiting = array.array("i", [0])
    try:
        fcntl.ioctl(connection, termios.FIONREAD, waiting)
        if waiting[0] <= 0:
            return b""
        return connection.recv(min(waiting[0], LARGEST), socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        # The other end has gone, with all that it had sent.
        return b""
