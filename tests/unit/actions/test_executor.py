"""One command, one answer."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from watchdog.actions import executor
from watchdog.actions.executor import CallOfUnit, Executor, Reread
from watchdog.clock import Clock
from watchdog.errors import WatchdogError
from watchdog.host.boot import boot_id
from watchdog.host.proc import ProcessFacts, read_process
from watchdog.model.effects import AwaitExit, CallUnit, Command, Measure, ReadLog, SendSignal
from watchdog.model.results import Exited, LogRead, Look, Refused, StillRunning, UnitCalled, UnitOutcome
from watchdog.model.targets import ProcessRef, Signal, Verb
from watchdog.rulefile.log import LogSettings


def _descriptors() -> int:
    """How many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def no_systemd(_: CallUnit) -> Refused:
    """For an executor that is asked for no unit."""
    raise AssertionError


def _facts(pid: int) -> ProcessFacts:
    facts = read_process(pid)
    assert facts is not None
    return facts


@pytest.fixture
def me() -> ProcessRef:
    """Our own process, as if it were a Sidekiq of host web1."""
    facts = _facts(os.getpid())
    return ProcessRef("web1/app[push]", f"web1:{facts.pid}:abc", "web1", facts.pid, facts.start_ticks, boot_id())


@pytest.fixture
def reread() -> list[str]:
    """The identities that were read again, in order."""
    return []


@pytest.fixture
def hands(reread) -> Executor:
    """An executor on web1 whose Redis answers."""

    async def read(identity: str) -> None:
        reread.append(identity)

    return _executor(read)


async def _never(_command: object) -> Refused:
    raise AssertionError("nobody asked for that")


def _executor(
    read: Reread, *, clock: Clock | None = None, log: Callable[[], LogSettings] = LogSettings, call_unit: CallOfUnit = no_systemd
) -> Executor:
    return Executor(
        reread=read, gather=_never, put_back=_never, edit=_never, call_unit=call_unit, clock=clock or Clock(), host="web1", log=log
    )


def test_every_command_has_its_performer():
    """The table of performers holds each command of the vocabulary and nothing else."""
    assert set(executor._PERFORMERS) == set(get_args(Command))


async def test_measure_reads_redis_first(hands, reread, me):
    """A measurement reads Redis and then looks at the process."""
    result = await hands.perform(Measure("1.0", me))

    assert reread == [me.identity]
    assert isinstance(result, Look)
    assert result == Look(
        alive=True,
        same=False,
        mismatch="its command line is not the title of a Sidekiq process",
        state=result.state,
        tracer=result.tracer,
        catches=_facts(os.getpid()).catches,
    )


async def test_measure_without_redis(me):
    """Where Redis can't be read nothing is said about the process; the reason is that of the source."""

    async def read(_: str) -> None:
        raise WatchdogError("Redis refuses: LOADING")

    hands = _executor(read)

    assert await hands.perform(Measure("1.0", me)) == Refused("Redis refuses: LOADING")


async def test_bug_in_reading_is_not_hidden(me):
    """What is not a failure of the source is not taken for one."""

    async def read(_: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await _executor(read).perform(Measure("1.0", me))


@pytest.mark.parametrize("signal", Signal)
async def test_never_itself(hands, me, signal):
    """The agent sends itself nothing, whatever it is told."""
    result = await hands.perform(SendSignal("1.0", me, signal))

    assert result == Refused(f"pid {me.pid} is never signalled: it is init, a kernel thread or the agent itself")


@pytest.mark.parametrize(
    ("change", "signal", "wait", "look"),
    [
        (
            {"host": "web2"},
            Refused("it runs on host web2, not on web1"),
            Refused("it runs on host web2, not on web1"),
            Look(alive=True, same=False, mismatch="it runs on host web2, not on web1"),
        ),
        ({"boot_id": "other"}, Exited(), Exited(), Look(alive=False, same=False, mismatch="it ran before the last boot of this host")),
        ({"start_ticks": 1}, Exited(), Exited(), Look(alive=False, same=False, mismatch="pid PID has been given to another process since")),
        ({"pid": 4_194_305}, Exited(), Exited(), Look(alive=False, same=False, mismatch="there is no process PID any more")),
        ({"pid": 2**70}, Exited(), Exited(), Look(alive=False, same=False, mismatch="there is no process PID any more")),
        ({"pid": 0}, Exited(), Exited(), Look(alive=False, same=False, mismatch="there is no process PID any more")),
    ],
    ids=["other host", "other boot", "other start", "no such pid", "impossible pid", "pid 0"],
)
async def test_not_the_one(hands, me, change, signal, wait, look):
    """A process of another host is refused; one of another boot or start is dead, and whoever has its pid now is left alone."""
    ref = msgspec.structs.replace(me, **change)
    look = msgspec.structs.replace(look, mismatch=look.mismatch.replace("PID", str(ref.pid)))

    assert await hands.perform(SendSignal("1.0", ref, Signal.KILL)) == signal
    assert await hands.perform(AwaitExit("1.1", ref, until=2**60)) == wait
    assert await hands.perform(Measure("1.2", ref)) == look


async def test_init_is_not_signalled(hands, me):
    """Pid 1 is refused even when start and boot are right."""
    init = msgspec.structs.replace(me, pid=1, start_ticks=_facts(1).start_ticks)

    assert await hands.perform(SendSignal("1.0", init, Signal.KILL)) == Refused(
        "pid 1 is never signalled: it is init, a kernel thread or the agent itself"
    )


async def test_waiting_ends_on_time(hands, me):
    """Waiting for a process that lives ends at its time, not a millisecond before it."""
    until = Clock().at() + 20
    result = await hands.perform(AwaitExit("1.0", me, until))

    assert result == StillRunning()
    assert Clock().at() >= until


async def test_timer_that_fires_early(me, reread):
    """If the timer of the loop is ahead of engine time, it is set again: `StillRunning` never comes early."""

    class SlowClock(Clock):
        def at(self) -> int:
            return super().at() // 2

    async def read(_: str) -> None: ...

    clock = SlowClock()
    until = clock.at() + 10

    assert await _executor(read, clock=clock).perform(AwaitExit("1.0", me, until)) == StillRunning()
    assert clock.at() >= until


async def test_time_to_wait_is_over(hands, me):
    """Waiting until a time that has passed asks once."""
    assert await hands.perform(AwaitExit("1.0", me, until=0)) == StillRunning()


async def test_kernel_without_handles(hands, me, monkeypatch):
    """Where the kernel gives no handle, nothing is sent by pid instead."""

    def refuse(_: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    reason = f"the kernel gives no handle on pid {me.pid}: Function not implemented"

    assert await hands.perform(SendSignal("1.0", me, Signal.TERM)) == Refused(reason)
    assert await hands.perform(AwaitExit("1.1", me, until=2**60)) == Refused(reason)


async def test_no_descriptor_is_left_open(hands, me):
    """No answer leaves a descriptor behind."""
    before = _descriptors()
    for ref in (me, msgspec.structs.replace(me, start_ticks=1), msgspec.structs.replace(me, pid=2**31)):
        for command in (Measure("1.0", ref), SendSignal("1.0", ref, Signal.KILL), AwaitExit("1.0", ref, until=0)):
            await hands.perform(command)

    assert _descriptors() == before


async def nothing(_identity: str) -> None:
    """Reads nothing again."""


async def test_the_log_is_read_where_the_config_now_says(me, tmp_path):
    """The jobs of the process that was meant; a log that can't be read is a refusal with its reason, and a changed config is followed."""
    settings = [LogSettings(files={"any": str(tmp_path / "none")})]
    hands = _executor(nothing, log=lambda: settings[0])
    refused = await hands.perform(ReadLog("e1", me))
    assert isinstance(refused, Refused)
    assert "hint: `log: files:`" in refused.reason

    (tmp_path / "log").write_text(f"pid={me.pid} tid=a class=Push jid=j1 INFO: start\npid=1 tid=a class=Push jid=j2 INFO: start\n")
    settings[0] = LogSettings(files={"any": str(tmp_path / "log")})
    found = await hands.perform(ReadLog("e2", me, threads=1))
    assert isinstance(found, LogRead)
    assert [one.jid for one in found.findings] == ["j1"]


async def test_no_log_is_named(me):
    """Neither the journal nor a file: it is said which key would do."""
    hands = _executor(nothing, log=lambda: LogSettings(journal=False))
    assert "log: {journal: true}" in (await hands.perform(ReadLog("e1", me))).reason


async def test_a_unit_is_called_through_whoever_knows_systemd(reread):
    """The call goes there as it is, and its answer comes back as it is."""
    command = CallUnit("1.0", "mastodon-sidekiq.service", Verb.RESTART, 5_000, "abc")
    asked: list[CallUnit] = []

    async def read(_: str) -> None: ...

    async def call(asked_for: CallUnit) -> UnitCalled:
        asked.append(asked_for)
        return UnitCalled(UnitOutcome.DONE, invocation="def")

    hands = _executor(read, call_unit=call)

    assert await hands.perform(command) == UnitCalled(UnitOutcome.DONE, "", "def")
    assert asked == [command]
