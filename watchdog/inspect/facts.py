"""What else the agent wants to know of a process and may not read itself: memory that it shares with others, open files, named environment variables."""

import os
import re
import socket
import stat
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from watchdog.inspect import kernel
from watchdog.inspect.deadline import Deadline
from watchdog.inspect.sockets import copied, descriptors, peer
from watchdog.inspect.target import Target

PEERS: Final = 256
"""Peers that are told, those with most connections first."""
_SIZES: Final = re.compile(rb"^(Rss|Pss|Private_Clean|Private_Dirty|SwapPss): +([0-9]{1,15}) kB$", re.MULTILINE)
_KINDS: Final = (
    (stat.S_ISSOCK, "socket"), (stat.S_ISFIFO, "pipe"), (stat.S_ISREG, "file"), (stat.S_ISDIR, "directory"),
    (stat.S_ISCHR, "device"), (stat.S_ISBLK, "device"),
)  # fmt: skip
_ENVIRONMENT: Final = 2**20  # bytes that are read of it
_VALUE: Final = 4096  # bytes of one value
_ENTRY: Final = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*=")


class Facts(NamedTuple):
    """
    One process. Sizes in bytes: `pss` with its share of what is shared, `uss` what would be free without it, `swap` its share of swap.

    `files` by kind, `peers` by address as `sockets.peer` writes it. `environment` holds the variables that were asked for and are set;
    `overwritten` if the process has written its title over the first of them, so that one that is missing may have been set.
    """

    rss: int
    pss: int
    uss: int
    swap: int
    files: dict[str, int]
    peers: dict[str, int]
    environment: dict[str, str]
    overwritten: bool
    partial: str


def facts(target: Target, names: tuple[str, ...], deadline: Deadline, *, between: Callable[[], None] = lambda: None) -> Facts:
    """What the kernel says, and these variables. Raises `RefusedError`."""
    sizes = {found[1]: int(found[2]) * 1024 for found in _SIZES.finditer(target.file("smaps_rollup"))}
    between()
    kinds: Counter[str] = Counter()
    peers: Counter[str] = Counter()
    partial = ""
    for number in descriptors(target):
        if number % 256 == 0 and deadline.passed():
            partial = "time"
            break
        with copied(target, number) as copy:
            if copy is None:
                continue
            kind = _kind(copy)
            kinds[kind] += 1
            if kind == "socket":
                with socket.socket(fileno=os.dup(copy)) as connection:
                    peers[peer(connection)] += 1
    del peers[""]
    environment, overwritten = _environment(target, names)
    return Facts(
        sizes.get(b"Rss", 0),
        sizes.get(b"Pss", 0),
        sizes.get(b"Private_Clean", 0) + sizes.get(b"Private_Dirty", 0),
        sizes.get(b"SwapPss", 0),
        dict(kinds),
        dict(peers.most_common(PEERS)),
        environment,
        overwritten,
        partial,
    )


def _kind(descriptor: int) -> str:
    mode = os.fstat(descriptor).st_mode
    return next((name for matches, name in _KINDS if matches(mode)), "other")


def _environment(target: Target, names: tuple[str, ...]) -> tuple[dict[str, str], bool]:
    """Read where the kernel keeps it: /proc/PID/environ is closed to CAP_SYS_PTRACE by file mode."""
    start, end = target.stat().environment
    if not names or end <= start:
        return {}, False
    entries = bytes(kernel.read(target.pid, start, min(end - start, _ENVIRONMENT))).split(b"\0")
    said = dict(reversed([(name, value) for name, equals, value in (entry.partition(b"=") for entry in entries) if equals]))
    wanted = {name: said[name.encode()] for name in names if name.encode() in said}
    return {name: value[:_VALUE].decode(errors="replace") for name, value in wanted.items()}, not _ENTRY.match(entries[0])
