"""
Searching a process of 2 GB for the payloads of 25 jobs: full of other jobs, of noise, and of nothing.

Beside it stands the mere copying of that memory, piece by piece, by the same system call: what any search has to do. Then what the searching adds to
the memory of who searches, and the same in a request made to take long.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

from tests.bench.rows import Row
from watchdog.inspect import kernel
from watchdog.inspect.deadline import Deadline
from watchdog.inspect.memory import PIECE, regions, search
from watchdog.inspect.target import Target

SIZE = 2 * 2**30
WANTED = [f"{number:024x}" for number in range(25)]
HOLDS = """
import os, random, sys
size, kind, wanted = int(sys.argv[1]), sys.argv[2], sys.argv[3].split(",")
def job(jid, args="1"):
    return b'{"retry":true,"queue":"push","class":"ActivityPub::DeliveryWorker","args":[%s],"jid":"%s","created_at":1.5}\\0\\0\\0' % (args.encode(), jid.encode())
jobs = b"".join(job("f%023x" % number, '"' + "x" * (number % 900) + '"') for number in range(2000))
unit = {"jobs": jobs, "noise": random.Random(5).randbytes(2**20), "nothing": bytes(2**20), "traps": b'x{"a":"' + b'"jid":"' + wanted[0].encode() + b'"'}[kind]
unit = unit * (2**20 // len(unit) + 1)
held = bytearray(size)
for start in range(0, size, len(unit)):
    held[start : start + len(unit)] = unit[: size - start]
if kind != "traps":
    for number, jid in enumerate(wanted):
        one = job(jid)
        place = (number + 1) * (size // 27)
        held[place - 1 : place + len(one)] = b"\\0" + one
os.write(1, b"here")
sys.stdin.read()
"""


class Held:
    """A process that holds so much; it stands in for a `Target`, whose unit a bench can't give it."""

    def __init__(self, kind: str) -> None:
        arguments = [sys.executable, "-ISc", HOLDS, str(SIZE), kind, ",".join(WANTED)]
        self._child = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._child.stdout is not None
        assert self._child.stdout.read(4) == b"here"
        self.pid = self._child.pid

    def file(self, name: str) -> bytes:
        """As `Target.file`."""
        return Path(f"/proc/{self.pid}/{name}").read_bytes()

    def close(self) -> None:
        """It ends with its input."""
        self._child.communicate()


def copying(held: Held) -> float:
    """Seconds for reading all of it once."""
    buffer = bytearray(PIECE)
    began = time.perf_counter()
    for start, end in regions(held.file("maps")):
        for address in range(start, end, PIECE):
            kernel.read_into(buffer, held.pid, address, min(PIECE, end - address))
    return time.perf_counter() - began


def peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> list[Row]:
    """Each kind of memory."""
    rows = []
    before = peak()
    for kind, what in (("jobs", "other jobs"), ("noise", "noise"), ("nothing", "zeros")):
        held = Held(kind)
        try:
            deadline = Deadline(60)
            result = search(cast("Target", held), WANTED, deadline)
            took = deadline.elapsed()
            assert sorted(one.jid for one in result.found) == WANTED
            rows.append(
                Row(
                    what=f"2 GB of {what}, 25 of 25 found",
                    value=took,
                    unit="s",
                    beside=copying(held),
                    beside_what="copying alone",
                    goal="≤ 3 s",
                )
            )
        finally:
            held.close()
    rows.append(
        Row(what="memory that the search adds", value=peak() - before, unit="MB", beside=64.0, beside_what="allowed", goal="≤ 64 MB")
    )
    held = Held("traps")
    try:
        deadline = Deadline(3.0)
        result = search(cast("Target", held), WANTED, deadline)
        assert result.partial
        rows.append(
            Row(
                what="2 GB of beginnings of the wanted job",
                value=deadline.elapsed(),
                unit="s",
                beside=3.0,
                beside_what="allowed",
                goal="≤ 3.5 s",
            )
        )
    finally:
        held.close()
    rows.append(Row(what="memory with these", value=peak() - before, unit="MB", beside=64.0, beside_what="allowed", goal="≤ 64 MB"))
    return rows
