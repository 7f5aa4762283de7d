"""
What one process may use, and how many files it has open: read once, for people.

The counterpart of `sample.py`, which reads what it uses again and again. Its open files are shown to its own user and to root only (ptrace(2)); its limits to everybody.
"""

import os
from typing import Final

import msgspec

from watchdog.host.boot import Here
from watchdog.host.files import kibibytes, number, open_directory, read, read_whole, stat, table
from watchdog.host.threads import numbers_in

_WIDTH: Final = 26  # of a name in limits
_MOST: Final = 64


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """`files` is how many are open, None where this user may not know; `limits` the soft limits by name, as the kernel writes them; `peak` the most memory that it ever used, in bytes."""

    files: int | None
    limits: dict[str, str]
    peak: int | None


def read_allowance(pid: int, start_ticks: int, here: Here) -> Allowance | None:
    """The process with this pid and start, or None where it can't be read: it is gone, or its pid has been given to another. Never raises for anything that is in /proc."""
    try:
        directory = open_directory(f"{here.proc}/{pid}")
    except OSError:
        return None
    try:
        _, numbers = stat(read_whole("stat", directory))
        if number(numbers[19]) != start_ticks:
            return None
        peak = table(read_whole("status", directory)).get(b"VmHWM")
        return Allowance(files=_files(directory), limits=_limits(directory), peak=None if peak is None else kibibytes(peak))
    except (OSError, ValueError, LookupError):
        return None
    finally:
        os.close(directory)


def _files(directory: int) -> int | None:
    try:
        descriptors = open_directory("fd", directory)
    except OSError:
        return None
    try:
        return len(numbers_in(descriptors))
    except OSError:
        return None
    finally:
        os.close(descriptors)


def _limits(directory: int) -> dict[str, str]:
    try:
        lines = read("limits", directory).decode("ascii", "replace").splitlines()[1 : _MOST + 1]
    except OSError:
        return {}
    return {line[:_WIDTH].strip(): line[_WIDTH:].split()[0] for line in lines if line[_WIDTH:].split()}
