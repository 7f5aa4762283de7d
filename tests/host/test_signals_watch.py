"""The end of real processes is seen."""

import asyncio
import os
import signal
from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.host.watch import LocalProcesses
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source


def _is_dead(said: Observed, identity: str) -> bool:
    """That it is dead, and nothing else but that the kernel has killed nothing for want of memory, where this machine counts that."""
    (change,) = said.changes
    alone = {"alive": False}
    return said.source is Source.HOST and change.id == identity and change.fields in (alone, {**alone, "out_of_memory": False})


@pytest.fixture
async def said():
    """What is emitted, in order, as it comes."""
    return asyncio.Queue()


@pytest.fixture
async def processes(said):
    """The local processes of host web1."""
    processes = LocalProcesses(host="web1", clock=Clock(), emit=said.put_nowait)
    yield processes
    processes.close()


def _claim(worker, *, booted_at: int) -> Observed:
    fields = {"host": "web1", "pid": worker.pid, "tag": "app", "booted_at": booted_at, "listed": True}
    return Observed(Source.REDIS, (Delta(Kind.PROCESS, worker.ref.identity, fields),))


async def _next(said: asyncio.Queue[Observed]) -> Any:
    async with asyncio.timeout(10):
        return await said.get()


async def _find(worker, processes, said) -> None:
    processes.hear(_claim(worker, booted_at=Clock().at()))
    fields = (await _next(said)).changes[0].fields
    assert (fields["local"], fields["alive"], fields["start_ticks"]) == (True, True, worker.ref.start_ticks)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_end_is_told(start, processes, said, number):
    """The end of a process is told as soon as the kernel knows, even if its parent does not bury it, and it is held no longer."""
    worker = start("ready")
    await _find(worker, processes, said)
    worker.kill(number)
    identity = worker.ref.identity

    assert _is_dead(await _next(said), identity)
    assert await _next(said) == Observed(Source.HOST, (Gone(Kind.PROCESS, identity, "exited"),))
    assert processes.found == {}
    assert said.empty()


async def test_deaf_process_stays_known(start, processes, said):
    """A process that Redis has lost and that hears nothing is still known, and its end is told when it comes."""
    worker = start("deaf")
    await _find(worker, processes, said)
    worker.kill(signal.SIGSTOP)
    os.waitid(os.P_PID, worker.pid, os.WSTOPPED)
    processes.hear(Observed(Source.REDIS, (Delta(Kind.PROCESS, worker.ref.identity, {"listed": False}),)))

    assert processes.found == {worker.ref.identity: worker.pid}
    assert said.empty()
    worker.kill(signal.SIGKILL)

    assert _is_dead(await _next(said), worker.ref.identity)
    assert (await _next(said)).changes[0] == Gone(Kind.PROCESS, worker.ref.identity, "exited")


async def test_pid_given_to_a_younger_process(start, processes, said):
    """A process that started after the first beat of the claim is not taken for it, whatever its title says."""
    worker = start("ready")
    processes.hear(_claim(worker, booted_at=Clock().at() - 60_000))
    fields = (await _next(said)).changes[0].fields

    assert fields["local"] is False
    assert fields["mismatch"].startswith(f"pid {worker.pid} is another process: it started after the first beat")
    assert processes.found == {}


async def test_many_ends_at_once(start, processes, said):
    """Each of several processes that end together is told, once."""
    workers = [start("ready") for _ in range(4)]
    for worker in workers:
        await _find(worker, processes, said)
    for worker in workers:
        worker.kill(signal.SIGKILL)
    changes = [change for _ in range(2 * len(workers)) for change in (await _next(said)).changes]
    gone = {change.id for change in changes if isinstance(change, Gone)}

    assert gone == {worker.ref.identity for worker in workers}
    assert said.empty()


async def test_silent_after_close(start, processes, said):
    """After the end of watching nothing is told any more."""
    worker = start("ready")
    await _find(worker, processes, said)
    processes.close()
    worker.kill(signal.SIGKILL)
    worker.until_zombie()
    turn = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(turn.set_result, None)
    await turn

    assert said.empty()
