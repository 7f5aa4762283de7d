"""Signals to real processes: they reach the one that was meant, or nobody."""

import asyncio
import ctypes
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from watchdog.actions.executor import Executor
from watchdog.clock import Clock
from watchdog.host.boot import boot_id, here
from watchdog.host.signals import look
from watchdog.model.effects import AwaitExit, SendSignal
from watchdog.model.results import Exited, Look, Refused, Sent, StillRunning
from watchdog.model.targets import Signal

HERE = here(name="web1")
LATER = 2**50
WAYS = ("TERM", "TSTP", "TTIN")


@pytest.fixture
def hands() -> Executor:
    """An executor of host web1."""

    async def reread(_: str) -> None: ...

    async def never(_: object) -> Refused:
        raise AssertionError("nobody asked for that")

    return Executor(reread=reread, gather=never, put_back=never, edit=never, call_unit=never, clock=Clock(), host="web1")


def _descriptors() -> int:
    """How many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@contextmanager
def _debugged(pid: int) -> Iterator[None]:
    """Stop it as a debugger does (ptrace(2): PTRACE_ATTACH, PTRACE_DETACH), for as long as the block."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(16, pid, None, None) != 0:
        pytest.skip(f"this machine lets nobody trace: {errno.errorcode[ctypes.get_errno()]}")
    os.waitpid(pid, os.WUNTRACED)
    try:
        yield
    finally:
        libc.ptrace(17, pid, None, None)


@contextmanager
def _frozen(pid: int) -> Iterator[None]:
    """Put it into a control group of its own and freeze that, for as long as the block; both versions."""
    old = Path("/sys/fs/cgroup/freezer")
    parent = old if old.is_dir() else Path("/sys/fs/cgroup")
    group = parent / f"watchdog-test-{os.getpid()}"
    switch, on, off = ("freezer.state", "FROZEN", "THAWED") if parent is old else ("cgroup.freeze", "1", "0")
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"this machine lets nobody make control groups: {error}")
    try:
        (group / "cgroup.procs").write_text(str(pid))
        (group / switch).write_text(on)
        yield
    finally:
        (group / switch).write_text(off)
        (parent / "cgroup.procs").write_text(str(pid))
        group.rmdir()


async def _nothing_was_sent(hands: Executor, worker) -> None:
    """The first thing that it hears is what we send now: whatever had been sent before, it would have said."""
    assert await hands.perform(SendSignal("1.9", worker.ref, Signal.TTIN)) == Sent()
    assert worker.line() == "SIGTTIN"


@pytest.mark.parametrize("way", WAYS)
async def test_signal_arrives(hands, start, way):
    """A signal reaches the process that was meant."""
    worker = start("ready")

    assert await hands.perform(SendSignal("1.0", worker.ref, Signal(way))) == Sent()
    assert worker.line() == f"SIG{way}"


async def test_term_and_wait(hands, start):
    """Waiting sees the end as soon as it comes, of a process that is a zombie and of one that nobody remembers."""
    worker = start("ready")
    waiting = asyncio.create_task(hands.perform(AwaitExit("1.1", worker.ref, LATER)))

    assert await hands.perform(SendSignal("1.0", worker.ref, Signal.TERM)) == Sent()
    async with asyncio.timeout(10):
        assert await waiting == Exited()
    assert worker.facts().state == "Z"
    assert await hands.perform(AwaitExit("1.2", worker.ref, LATER)) == Exited()
    assert worker.bury() == 0
    assert await hands.perform(AwaitExit("1.3", worker.ref, LATER)) == Exited()


async def test_deaf_process_is_killed(hands, start):
    """A process that does not end at TERM still runs after the time to wait, and dies of KILL."""
    worker = start("deaf")

    assert await hands.perform(SendSignal("1.0", worker.ref, Signal.TERM)) == Sent()
    assert worker.line() == "SIGTERM"
    assert await hands.perform(AwaitExit("1.1", worker.ref, Clock().at() + 30)) == StillRunning()
    assert await hands.perform(SendSignal("1.2", worker.ref, Signal.KILL)) == Sent()
    assert await hands.perform(AwaitExit("1.3", worker.ref, LATER)) == Exited()
    assert worker.bury() == -signal.SIGKILL


async def test_stopped_process_is_killed(hands, start):
    """A process that was stopped by a signal hears no TERM, and dies of KILL."""
    worker = start("ready")
    worker.kill(signal.SIGSTOP)
    os.waitid(os.P_PID, worker.pid, os.WSTOPPED)

    assert look(worker.ref, HERE).state == "T"
    assert await hands.perform(SendSignal("1.0", worker.ref, Signal.TERM)) == Sent()
    assert await hands.perform(AwaitExit("1.1", worker.ref, Clock().at() + 30)) == StillRunning()
    assert await hands.perform(SendSignal("1.2", worker.ref, Signal.KILL)) == Sent()
    assert await hands.perform(AwaitExit("1.3", worker.ref, LATER)) == Exited()
    assert worker.bury() == -signal.SIGKILL


async def test_stopped_process_is_thawed(hands, start):
    """CONT sets a stopped process going again."""
    worker = start("ready")
    worker.kill(signal.SIGSTOP)
    os.waitid(os.P_PID, worker.pid, os.WSTOPPED)

    assert await hands.perform(SendSignal("1.0", worker.ref, Signal.CONT)) == Sent()
    await _nothing_was_sent(hands, worker)


@pytest.mark.parametrize("way", Signal)
@pytest.mark.parametrize("change", [{"start_ticks": -1}, {"start_ticks": +1}, {"boot_id": "another"}])
async def test_reused_pid_is_never_signalled(hands, start, way, change):
    """A process with the same pid, title and tag, but another start or boot, is sent nothing: the one that was meant is dead."""
    worker = start("deaf")
    ticks = worker.ref.start_ticks + change.get("start_ticks", 0)
    ref = msgspec.structs.replace(worker.ref, **{**change, "start_ticks": ticks})

    assert await hands.perform(SendSignal("1.0", ref, way)) == Exited()
    await _nothing_was_sent(hands, worker)


@pytest.mark.parametrize("way", Signal)
async def test_other_host_is_never_signalled(hands, start, way):
    """A process that Redis says is on another host is sent nothing, even if a local one has its pid, start and title."""
    worker = start("deaf")
    ref = msgspec.structs.replace(worker.ref, host="web2")

    assert await hands.perform(SendSignal("1.0", ref, way)) == Refused("it runs on host web2, not on web1")
    await _nothing_was_sent(hands, worker)


@pytest.mark.parametrize("title", ["sidekiq 6.4.1 blog [0 of 5 busy]", "puma 6.4.1 (unix:///run/puma) [app]", "sidekiqmon"])
async def test_what_is_no_such_sidekiq_is_never_signalled(hands, start, title):
    """A process whose title is not that of a Sidekiq of this tag is sent nothing."""
    worker = start("deaf", title)
    result = await hands.perform(SendSignal("1.0", worker.ref, Signal.KILL))

    assert isinstance(result, Refused)
    assert result.reason.startswith(f"pid {worker.pid} is not the process that was meant: its ")
    assert look(worker.ref, HERE).alive
    assert not look(worker.ref, HERE).same


@pytest.mark.parametrize("way", WAYS)
async def test_booting_process_is_not_signalled(hands, start, way):
    """Before all its handlers are set a process is sent nothing that it would handle later; it neither stops nor dies."""
    worker = start("booting")

    assert await hands.perform(SendSignal("1.0", worker.ref, Signal(way))) == Refused(
        f"pid {worker.pid} is still booting: it has no handler for TSTP and TTIN yet"
    )
    assert await hands.perform(AwaitExit("1.1", worker.ref, Clock().at() + 20)) == StillRunning()
    assert look(worker.ref, HERE).state in {"R", "S"}


@pytest.mark.needs("ptrace")
async def test_debugged_process_is_not_signalled(hands, start):
    """A process that a debugger has stopped is in somebody's hands: nothing is sent, KILL included; afterwards it is as before."""
    worker = start("deaf")
    with _debugged(worker.pid):
        seen = look(worker.ref, HERE)
        answers = [await hands.perform(SendSignal("1.0", worker.ref, way)) for way in Signal]

    assert (seen.state, seen.tracer, seen.same) == ("t", threading.get_native_id(), True)
    reason = f"somebody is holding pid {worker.pid}: it is stopped by the debugger with pid {seen.tracer}"
    assert answers == [Refused(reason)] * len(Signal)
    await _nothing_was_sent(hands, worker)


@pytest.mark.needs("root")
async def test_frozen_process_is_not_signalled(hands, start):
    """A process whose control group somebody froze is sent nothing, KILL included; afterwards it is as before."""
    worker = start("deaf")
    with _frozen(worker.pid):
        seen = look(worker.ref, HERE)
        answers = [await hands.perform(SendSignal("1.0", worker.ref, way)) for way in Signal]

    assert seen.frozen
    assert answers == [Refused(f"somebody is holding pid {worker.pid}: its control group is frozen")] * len(Signal)
    await _nothing_was_sent(hands, worker)


@pytest.mark.parametrize("buried", [False, True], ids=["zombie", "buried"])
async def test_dead_process(hands, start, buried):
    """A dead process has exited, whether its parent has noticed or not."""
    worker = start("ready")
    worker.kill(signal.SIGKILL)
    worker.until_zombie()
    if buried:
        worker.bury()

    assert await hands.perform(SendSignal("1.0", worker.ref, Signal.KILL)) == Exited()
    assert await hands.perform(AwaitExit("1.1", worker.ref, LATER)) == Exited()
    assert not look(worker.ref, HERE).alive


async def test_healthy_look(start):
    """A look at a healthy process says all that the guards ask for."""
    worker = start("ready")

    seen = look(worker.ref, HERE)

    assert seen.state in {"R", "S"}
    assert seen == Look(alive=True, same=True, state=seen.state, catches=("INT", "TERM", "TSTP", "TTIN"))


async def test_number_of_a_thread(hands, start):
    """A number that now belongs to a thread of some process is the pid of nobody."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        ref = msgspec.structs.replace(start("ready").ref, pid=thread.native_id)

        assert await hands.perform(SendSignal("1.0", ref, Signal.KILL)) == Exited()
    finally:
        done.set()
        thread.join()


async def test_waiting_can_be_cancelled(hands, start):
    """Whoever stops waiting leaves nothing behind, neither a descriptor nor a reader."""
    worker = start("ready")
    before = _descriptors()
    waiting = asyncio.create_task(hands.perform(AwaitExit("1.0", worker.ref, LATER)))
    await asyncio.sleep(0)

    assert _descriptors() == before + 1
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert _descriptors() == before


UNPRIVILEGED = """
import os, sys, msgspec
from watchdog.host.boot import here
from watchdog.host.signals import look, send
from watchdog.model.targets import ProcessRef, Signal
ref = msgspec.json.decode(sys.argv[1], type=ProcessRef)
host = here(name="web1")
look(ref, host)  # imports what it needs while the interpreter's folder may still be read
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
print(look(ref, host).same)
print(send(ref, Signal.TERM, host).reason)
"""


@pytest.mark.needs("setuid")
async def test_missing_permission(hands, start):
    """Without the right to signal, the answer says which right is missing; looking needs none."""
    worker = start("deaf")
    code = [sys.executable, "-c", UNPRIVILEGED, msgspec.json.encode(worker.ref).decode()]
    said = subprocess.run(code, check=True, capture_output=True, text=True).stdout.splitlines()

    assert said == [
        "True",
        f"not permitted to signal pid {worker.pid} of uid {os.geteuid()}: the agent needs CAP_KILL, or to run as that user",
    ]
    await _nothing_was_sent(hands, worker)


def test_boot_is_the_same_all_the_time():
    """References made by one run of the agent are understood by the next."""
    assert boot_id() == boot_id() == HERE.boot_id
