"""What the program gives out and takes at most, whatever lies in the process that it reads."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.inspect.conftest import UNIT, ref
from watchdog.inspect.copies import LARGEST
from watchdog.inspect.memory import LARGEST_ALL

pytestmark = [pytest.mark.needs("ptrace", "root"), pytest.mark.timeout(180)]

HOLDS = """
import os, sys
kept = []
for number, size in enumerate(map(int, sys.argv[1:])):
    kept.append(bytearray(b'{"class":"C","args":["' + b"x" * size + b'"],"ji'))
    kept[-1] += b'd":"%024x"}' % number
os.write(1, b"here")
sys.stdin.read()
"""
"""Holds payloads of these sizes, each of them once."""


async def test_payloads(unit, program):
    """Large ones are given out up to a sum, one that is too large is not; what was left out makes the answer partial; and the program stays small."""
    sizes = [LARGEST - 200] * 3 + [LARGEST + 1, 500_000]
    child = subprocess.Popen([sys.executable, "-ISc", HOLDS, *map(str, sizes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout.read(4) == b"here"
        unit(child.pid)
        program.start(f'units = ["{UNIT}"]\nallow = [0]\n')
        jids = [f"{number:024x}" for number in range(len(sizes))]
        told = await program.client.memory(ref(child.pid), jids)
        few = await program.client.memory(ref(child.pid), jids[3:])
        status = Path(f"/proc/{program.child.pid}/status").read_text()
    finally:
        child.kill()
        child.communicate()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(f"{peak:.0f} MB at most")

    # On a machine that is busy with other things the time is over first.
    assert (told.partial, 2 <= len(told.findings) <= 4) in {("size", True), ("time", True), ("time", False)}
    assert sum(len(one.payload) for one in told.findings) <= LARGEST_ALL
    assert (few.partial, [one.jid for one in few.findings]) == ("", jids[4:])
    assert peak < 100
