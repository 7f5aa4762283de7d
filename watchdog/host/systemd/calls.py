"""
Asking systemd to start, stop or restart a unit, and waiting for the end of the job that this makes.

Jobs are asked for with the mode `fail`: what somebody else has queued for the unit is never thrown away for it. The same job asked for twice is one,
so that an agent which died in the middle asks again and waits for what it began.
"""

import asyncio
from typing import Any, Final

from watchdog.clock import Clock
from watchdog.host.systemd.asking import MANAGER
from watchdog.host.systemd.bus import PROPERTIES, SYSTEMD, Bus
from watchdog.host.systemd.failures import CallError, SystemdUnavailableError, meant_by
from watchdog.host.systemd.names import ROOT, path_of
from watchdog.model.effects import CallUnit
from watchdog.model.results import Refused, Result, UnitCalled, UnitOutcome
from watchdog.model.targets import Verb

_METHODS: Final = {Verb.START: "StartUnit", Verb.STOP: "StopUnit", Verb.RESTART: "RestartUnit"}
_REMOVED: Final = f"type='signal',sender='{SYSTEMD}',path='{ROOT}',interface='{MANAGER}',member='JobRemoved',arg2='{{}}'"
_OUTCOMES: Final = {
    one.value: one
    for one in (
        UnitOutcome.DONE, UnitOutcome.FAILED, UnitOutcome.CANCELED, UnitOutcome.TIMEOUT, UnitOutcome.DEPENDENCY, UnitOutcome.SKIPPED,
    )
}  # fmt: skip
_POLKIT: Final = (
    "systemd does not let the agent's user {verb} {unit}: install the polkit rule that comes with the agent as "
    "/etc/polkit-1/rules.d/50-sidekiq-watchdog.rules"
)


class _Wait:
    """The jobs of one unit that have ended since somebody began to wait for one, by path."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.ended: dict[str, str] = {}
        self.is_lost = False
        self.moved = asyncio.Event()


class Calls:
    """Whoever waits for a job."""

    def __init__(self) -> None:
        self._waits: list[_Wait] = []

    def removed(self, path: str, unit: str, result: str) -> None:
        """A job of that unit has ended."""
        for wait in self._waits:
            if wait.unit == unit:
                wait.ended[path] = result
                wait.moved.set()

    def lose(self) -> None:
        """The connection is gone: nothing will be heard of the jobs any more."""
        for wait in self._waits:
            wait.is_lost = True
            wait.moved.set()

    async def call(self, bus: Bus | None, command: CallUnit, clock: Clock, *, otherwise: str) -> Result:
        """One answer, by `command.until` at the latest; `Refused` with `otherwise` where there is no connection."""
        if bus is None:
            return Refused(otherwise)
        wait = _Wait(command.unit)
        self._waits.append(wait)
        asked: list[str] = []
        try:
            async with asyncio.timeout(max(0, command.until - clock.at()) / 1000):
                return await self._ask(bus, command, wait, asked)
        except TimeoutError:
            match asked:
                case []:
                    return Refused("the time for it was over before systemd had been asked")
                case [_, path]:
                    return UnitCalled(UnitOutcome.WAITING, f"its job is {path.rpartition('/')[2]}")
                case _:
                    return UnitCalled(UnitOutcome.UNKNOWN, "systemd has not answered")
        finally:
            self._waits.remove(wait)
            if not any(other.unit == command.unit for other in self._waits):
                # An answer is not worth waiting for: at worst somebody else's jobs are heard of and passed over.
                bus.ignore_soon(_REMOVED.format(command.unit))

    async def _ask(self, bus: Bus, command: CallUnit, wait: _Wait, asked: list[str]) -> Result:
        """`asked` grows by the verb when systemd may have heard it, and by the job's path when it has."""
        try:
            # Before the call: its end may come with the answer.
            await bus.listen(_REMOVED.format(command.unit))
            if command.invocation and (now := _run(await _property(bus, command.unit, "InvocationID"))) not in ("", command.invocation):
                return UnitCalled(UnitOutcome.ALREADY, "it has been started since", now)
        except SystemdUnavailableError as failure:
            return Refused(failure.message)
        asked.append(command.verb)
        try:
            (path,) = await bus.call(ROOT, MANAGER, _METHODS[command.verb], "ss", command.unit, "fail")
        except CallError as error:
            return _refusal(error, command)
        except SystemdUnavailableError as failure:
            return UnitCalled(UnitOutcome.UNKNOWN, failure.message)
        asked.append(path)
        while path not in wait.ended and not wait.is_lost:
            wait.moved.clear()
            await wait.moved.wait()
        if path not in wait.ended:
            return UnitCalled(UnitOutcome.UNKNOWN, "the connection to systemd was lost while its job went on")
        result = wait.ended[path]
        outcome = _OUTCOMES.get(result, UnitOutcome.OTHER)
        try:
            run = _run(await _property(bus, command.unit, "InvocationID"))
            # A start for which a condition of the unit did not hold is "done" to systemd.
            if (
                outcome is UnitOutcome.DONE
                and command.verb is not Verb.STOP
                and await _property(bus, command.unit, "ConditionResult") is False
            ):
                outcome = UnitOutcome.SKIPPED
        except SystemdUnavailableError:
            run = ""
        return UnitCalled(outcome, result if outcome is UnitOutcome.OTHER else "", run)


async def _property(bus: Bus, unit: str, name: str) -> Any:
    return (await bus.expect(path_of(unit), PROPERTIES, "Get", "ss", f"{SYSTEMD}.Unit", name))[0]


def _run(invocation: Any) -> str:
    """That of the unit now; empty where it has none."""
    return invocation.hex() if isinstance(invocation, bytes) else ""


def _refusal(error: CallError, command: CallUnit) -> Result:
    if error.is_for_want_of_a_right:
        return Refused(_POLKIT.format(verb=command.verb, unit=command.unit))
    if error.name == f"{SYSTEMD}.TransactionIsDestructive":
        return Refused(f"somebody has already asked systemd for something else with {command.unit}")
    if meant_by(error) == "timeout":
        return UnitCalled(UnitOutcome.UNKNOWN, "systemd has not answered")
    return Refused(f"systemd refuses to {command.verb} {command.unit}: {error.text}")
