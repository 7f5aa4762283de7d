"""
The threads of one process, by the names that Sidekiq gives them, and what each has used.

Names, not job data: a thread is called after its part in Sidekiq. Which job it runs is not to be seen here.
"""

import os
from typing import Final

import msgspec

from watchdog.host.files import number, open_directory, read_whole, stat, table

MOST: Final = 1024
"""A process with more threads is not looked at by thread: it is no Sidekiq, and the look must not take long."""
MAIN: Final = "main"
HEARTBEAT: Final = "heartbeat"
_KINDS: Final = {
    # Names are cut off after 15 letters by the kernel. The short ones are those of Sidekiq 6.
    "heartbeat": HEARTBEAT,
    "sidekiq.heartbe": HEARTBEAT,
    "scheduler": "scheduler",
    "sidekiq.schedul": "scheduler",
    "processor": "processor",
}
_CAPSULE: Final = "sidekiq."  # and the name of the capsule, from Sidekiq 7 on


class Thread(msgspec.Struct, frozen=True):
    """
    One thread at one moment.

    `born` is its start in ticks, which tells it from a later one with the same number; `ticks` the processor time that it has used; `state` the letter of stat.
    """

    id: int
    born: int
    name: str
    kind: str
    state: str
    ticks: int


def read_threads(directory: int, pid: int) -> tuple[Thread, ...]:
    """
    The threads of the process whose directory is open, in the order of their numbers; those that end meanwhile are left out.

    Raises `OSError`, `ValueError` or `LookupError` where they can't be read, or are too many.
    """
    task = open_directory("task", directory)
    try:
        numbers = numbers_in(task)
        if len(numbers) > MOST:
            raise ValueError
        found = (_read(task, one, pid) for one in numbers)
        return tuple(thread for thread in found if thread is not None)
    finally:
        os.close(task)


def heart(directory: int, threads: tuple[Thread, ...]) -> tuple[tuple[int, int], ...]:
    """
    How often each heartbeat thread has given the processor away of its own accord; empty where there is none.

    A thread that beats does so a few times each beat. One that waits for the interpreter lock that somebody holds never does.
    """
    return tuple((thread.id, _switches(directory, thread.id)) for thread in threads if thread.kind == HEARTBEAT)


def numbers_in(directory: int) -> list[int]:
    """The names in an open directory that are numbers, in order: of threads in that called task, of open files in that called fd."""
    return sorted(int(name) for name in os.listdir(directory) if name.isdecimal())


def kind_of(name: str, *, is_main: bool) -> str:
    """What a thread of that name does in Sidekiq: `main`, `heartbeat`, `scheduler`, `processor`, or `other`."""
    if is_main:
        return MAIN
    return _KINDS.get(name) or ("processor" if name.startswith(_CAPSULE) else "other")


def _read(task: int, thread: int, pid: int) -> Thread | None:
    try:
        text = read_whole(f"{thread}/stat", task)
    except (FileNotFoundError, ProcessLookupError):
        return None
    name, numbers = stat(text)
    return Thread(
        id=thread,
        born=number(numbers[19]),
        name=name,
        kind=kind_of(name, is_main=thread == pid),
        state=numbers[0].decode("ascii"),
        ticks=number(numbers[11]) + number(numbers[12]),
    )


def _switches(directory: int, thread: int) -> int:
    return number(table(read_whole(f"task/{thread}/status", directory))[b"voluntary_ctxt_switches"])
