"""
The program as it is, but that it dies where a test says: `DIE_AT=<step>:<number>:<before|after>`. With `STOP_AT` in its place it stops there, until it is sent SIGCONT.

With `INSPECT=<path>` it asks the program that reads frozen processes on that socket. With `RECORDER=<JSON object>` its trace is written with these constants. With `TRACE=<file>` it also writes down each event and the effects that were committed, a pair of lines each.

With `STILL=<ms>` a child need stand still for so long only before it may be ended.

With `WALL=<file>` its clock on the wall, and no other, is so many milliseconds off as that file says at the time.

Steps are `commit` (a transaction), the commands (`Measure`, `SendSignal`, `AwaitExit`, `CollectEvidence`, `GatherInFlight`, `PutBack`, `LookAfterLocks`, `LookAtChild`, `EndChild`, `LookAtUnit`, `CallUnit`, `LookAtCommand`, `RunCommand`, `LookAtBlock`, `SetBlock`, `CountJobs`, `TakeJobs`, `ReleaseJobs`, `TakeFleetLock`, `GiveFleetLockBack`), `evidence` (it is kept), `flight` (payloads are kept), `place` (one job is put into
its place), and of a quarantine `begin` and `settle` (what is written down before and after jobs are taken) and `edit` (a script that moves one), counted from 1. Dying is SIGKILL by its own hand:
nothing is flushed, nobody is told.
"""

import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from watchdog.actions.executor import Executor
from watchdog.cli import main
from watchdog.clock import Clock
from watchdog.daemon.turns import Turns
from watchdog.model.actions import BY_NAME
from watchdog.model.effects import Command, Effect
from watchdog.model.events import Event, encode
from watchdog.model.findings import Finding
from watchdog.model.flight import Placed
from watchdog.model.results import Result
from watchdog.recovery import inspecting
from watchdog.recovery.putting_back import Returner
from watchdog.sidekiq.edit import fleet_lock, lead
from watchdog.sidekiq.edit.edits import Edits, Script
from watchdog.store.shelf import Shelf
from watchdog.store.store import Commit, Store
from watchdog.store.trace import recorder


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit  # never reached


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def install(plan: str, halt: Callable[[], None]) -> None:
    """Has the program do that at that point."""
    step, number, when = plan.split(":")
    counted: Counter[str] = Counter()
    perform, commit, keep_flight, place = Executor.perform, Store.commit, Store.keep_flight, Returner._place
    keep_evidence = Store.keep_evidence

    def is_now(name: str) -> bool:
        counted[name] += 1
        return name == step and counted[name] == int(number)

    async def perform_or_die(self: Executor, command: Command) -> Result:
        now = is_now(type(command).__name__)
        if now and when == "before":
            halt()
        result = await perform(self, command)
        if now and when == "after":
            halt()
        return result

    async def commit_or_die(self: Store, what: Commit) -> Any:
        now = is_now("commit")
        if now and when == "before":
            halt()
        await commit(self, what)
        if now and when == "after":
            halt()

    async def keep_or_die(self: Store, incident: str, findings: Sequence[Finding]) -> None:
        now = is_now("flight")
        if now and when == "before":
            halt()
        await keep_flight(self, incident, findings)
        if now and when == "after":
            halt()

    async def keep_evidence_or_die(self: Store, *told: Any) -> None:
        now = is_now("evidence")
        if now and when == "before":
            _die()
        await keep_evidence(self, *told)
        if now:
            _die()

    async def place_or_die(self: Returner, *told: Any) -> Placed:
        now = is_now("place")
        if now and when == "before":
            halt()
        placed = await place(self, *told)
        if now and when == "after":
            halt()
        return placed

    Store.keep_evidence = keep_evidence_or_die  # type: ignore[method-assign,assignment]
    for name in ("begin", "settle"):
        setattr(Shelf, name, _mortal(getattr(Shelf, name), partial(_is_now, is_now, name), when))
    Edits.run = _mortal(Edits.run, partial(_is_edit, is_now), when)  # type: ignore[method-assign,assignment]
    Store.keep_flight = keep_or_die  # type: ignore[method-assign]
    Returner._place = place_or_die  # type: ignore[method-assign,assignment]
    Executor.perform = perform_or_die  # type: ignore[method-assign]
    Store.commit = commit_or_die  # type: ignore[method-assign,assignment]


def _is_now(is_now: Callable[[str], bool], name: str, *_told: Any) -> bool:
    return is_now(name)


def _is_edit(is_now: Callable[[str], bool], _edits: Edits, script: Script, *_told: Any) -> bool:
    # The lock of the fleet is taken, renewed and given back by scripts that move nothing, and so is the lead.
    return script not in fleet_lock.SCRIPTS | lead.SCRIPTS and is_now("edit")


def _mortal(done: Callable[..., Awaitable[Any]], is_now: Callable[..., bool], when: str) -> Callable[..., Awaitable[Any]]:
    async def do_or_die(*told: Any, **named: Any) -> Any:
        now = is_now(*told)
        if now and when == "before":
            _die()
        answer = await done(*told, **named)
        if now:
            _die()
        return answer

    return do_or_die


def record(path: str) -> None:
    """Writes each committed turn into that file."""
    begin = Turns.__init__
    trace = Path(path).open("ab", buffering=0)  # noqa: SIM115  (open for as long as the program lives)

    def begin_recording(self: Turns, **parts: Any) -> None:
        def note(event: Event, effects: tuple[Effect, ...]) -> None:
            trace.write(encode(event) + b"\n" + msgspec.json.encode(effects) + b"\n")

        begin(self, **{**parts, "observe": note})

    Turns.__init__ = begin_recording  # type: ignore[method-assign]


def set_wall(path: Path) -> None:
    """Has the clock on the wall be off by what is written there."""
    wall = Clock.wall
    Clock.wall = lambda self: wall(self) + int(path.read_text())  # type: ignore[method-assign]


def lower_least(still: int) -> None:
    """Has rules say of a child less than anybody else's may."""
    spec = BY_NAME["kill_child"]
    parameters = tuple(msgspec.structs.replace(one, least=still) if one.name == "still_for" else one for one in spec.parameters)
    BY_NAME["kill_child"] = msgspec.structs.replace(spec, parameters=parameters)


if __name__ == "__main__":
    if least := os.environ.get("STILL"):
        lower_least(int(least))
    if off := os.environ.get("WALL"):
        set_wall(Path(off))
    for name, value in msgspec.json.decode(os.environ.get("RECORDER", "{}")).items():
        setattr(recorder, name, value)
    if trace := os.environ.get("TRACE"):
        record(trace)
    if path := os.environ.get("INSPECT"):
        inspecting.Inspector = partial(inspecting.Inspector, Path(path))  # type: ignore[misc,assignment]
    for name, halt in {"DIE_AT": _die, "STOP_AT": _stop}.items():
        if plan := os.environ.get(name):
            install(plan, halt)
    main()
