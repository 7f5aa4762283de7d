"""A handle on a process."""

import asyncio
import os
import subprocess
from collections.abc import Iterator

import pytest

from watchdog.host.pidfd import Pidfd
from watchdog.model.targets import Signal


def _open(pid: int) -> Pidfd:
    pidfd = Pidfd.open(pid)
    assert pidfd is not None
    return pidfd


@pytest.fixture
def dead() -> Iterator[subprocess.Popen[bytes]]:
    """A child that is a zombie."""
    with subprocess.Popen(["/bin/true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        yield child


async def test_living_process():
    """A process that lives has not ended, and waiting for it leaves no reader in the loop."""
    with _open(os.getpid()) as pidfd:
        assert not pidfd.has_ended()
        assert await pidfd.wait(milliseconds=1) is False
        assert not asyncio.get_running_loop().remove_reader(pidfd.fileno())


@pytest.mark.parametrize("milliseconds", [-1, 0, 60_000])
async def test_dead_process(dead, milliseconds):
    """A zombie has ended, however long somebody meant to wait; a signal to it, which the kernel takes, changes nothing."""
    with _open(dead.pid) as pidfd:
        assert pidfd.has_ended()
        assert await pidfd.wait(milliseconds=milliseconds) is True
        pidfd.send(Signal.KILL)


def test_buried_process(dead):
    """A process whose pid is free again has ended, and can't be signalled by its handle any more."""
    with _open(dead.pid) as pidfd:
        dead.wait()

        assert pidfd.has_ended()
        with pytest.raises(ProcessLookupError):
            pidfd.send(Signal.KILL)
