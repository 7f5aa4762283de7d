"""
A process that burdens the machine in one way; started by test_looking.py and bench_host.py, not a test.

`threads N`: N threads that wait, one of which beats as Sidekiq's does, but each tenth of a second. `burn`: a thread that computes for ever. `child`: a child
that does nothing, and one that works a little all the time. `reading`: a child that gets a byte each two seconds, and one that never gets any.
"""

import ctypes
import subprocess
import sys
import threading
from typing import IO

_PR_SET_NAME = 15
_PR_SET_PDEATHSIG = 1


def called(name: str) -> None:
    """Give the thread that calls a name that the kernel shows (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def beat() -> None:
    """Wakes up now and then."""
    called("heartbeat")
    pause = threading.Event()
    while True:
        pause.wait(0.1)


def wait() -> None:
    """Runs no job."""
    called("processor")
    threading.Event().wait()


def burn() -> None:
    """Computes."""
    called("foo) Z ")
    while True:
        pass


def feed(pipe: IO[bytes]) -> None:
    """A byte now and then."""
    pause = threading.Event()
    while True:
        pipe.write(b"x")
        pipe.flush()
        pause.wait(2)


def main(role: str, number: str = "1") -> None:
    """Says `here` when all of it goes on, and goes on for as long as its standard input is open."""
    children: list[subprocess.Popen[bytes]] = []
    threading.Thread(target=beat, daemon=True).start()
    for _ in range(int(number)):
        threading.Thread(target={"threads": wait, "burn": burn, "child": wait, "reading": wait}[role], daemon=True).start()
    if role == "child":
        children.append(subprocess.Popen(["sleep", "600"]))
        children.append(subprocess.Popen(["sh", "-c", "while :; do sleep 0.05; done"]))
    if role == "reading":
        children += [subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in range(2)]
        assert children[0].stdin is not None
        threading.Thread(target=feed, args=(children[0].stdin,), daemon=True).start()
    print("here", flush=True)
    sys.stdin.read()
    for child in children:
        child.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
