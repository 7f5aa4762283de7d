"""
A process that looks like a Sidekiq to the kernel; started by test_signals.py, not a test.

Arguments: what to do, and at last a long filler that makes room for the title. Sidekiq's title stands in the
memory where the kernel keeps the arguments, so it is written there.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path


def wear(title: str) -> None:
    """Write the title over our own arguments (fields 48 and 49 of /proc/self/stat, proc(5)), padded with NULs as Ruby does it."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    room = end - start
    ctypes.memmove(start, title.encode().ljust(room, b"\0")[:room], room)


def say(word: str) -> None:
    """One line, at once; in the middle of another one too, which a buffered file would not allow a signal handler."""
    os.write(1, f"{word}\n".encode())


def main(role: str, title: str) -> None:
    """
    `ready`: handles what Sidekiq handles, and ends at TERM. `deaf`: does not end at TERM. `booting`: handles only what Ruby
    handles by itself from the start, as a Sidekiq does whose application is still being loaded.

    Each signal that is handled is said aloud.
    """

    def heard(number: int, _: object) -> None:
        say(signal.Signals(number).name)
        if number == signal.SIGTERM and role == "ready":
            sys.exit(0)

    for number in (signal.SIGTERM,) if role == "booting" else (signal.SIGTERM, signal.SIGTSTP, signal.SIGTTIN):
        signal.signal(number, heard)
    wear(title)
    say("here")
    while True:
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
