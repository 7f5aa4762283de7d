"""The pace at which checks are tried, in virtual time, and that none of them can hold up another or the agent."""

import asyncio
import contextlib
from typing import Any

import pytest

from watchdog.checks.attempt import CheckFailedError
from watchdog.checks.checker import Checker
from watchdog.clock import Clock
from watchdog.errors import Span
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Source
from watchdog.rulefile.checks import CheckSettings

pytestmark = pytest.mark.looptime


def settings(name: str, *, every: int = 10_000, timeout: int = 5_000) -> CheckSettings:
    """A check of that name."""
    return CheckSettings(name, "tcp", {"address": "h:1", "every": every, "timeout": timeout}, Span("c.yml", 1, 1))


class Told:
    """What was emitted, and when each try began, in seconds of the loop."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.tries: dict[str, list[float]] = {}
        self.fails: dict[str, Any] = {}

    def attempt_of(self, check: CheckSettings):
        """A try that does what `fails` says of it: raise, hang, or succeed."""

        async def attempt() -> None:
            self.tries.setdefault(check.name, []).append(round(asyncio.get_running_loop().time(), 1))
            match self.fails.get(check.name):
                case "hangs":
                    await asyncio.Event().wait()
                case Exception() as error:
                    raise error

        return attempt

    def of(self, name: str) -> list[dict[str, Any]]:
        """The deltas of one check."""
        return [change.fields for body in self.bodies for change in body.changes if isinstance(change, Delta) and change.id == name]


@contextlib.asynccontextmanager
async def running(told: Told, *checks: CheckSettings):
    """A checker at work; at its end nothing of it is left."""
    checker = Checker({one.name: one for one in checks}, clock=Clock(), emit=told.bodies.append, attempt_of=told.attempt_of)
    task = asyncio.create_task(checker.run())
    try:
        yield checker
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait({task})
        assert {one.get_name() for one in asyncio.all_tasks()} == {asyncio.current_task().get_name()}


async def test_declared_checks_are_told_before_they_are_tried():
    """In one complete reading, also where there are none: nobody takes what was not tried yet for not declared."""
    told, nothing = Told(), Told()
    async with running(told, settings("a"), settings("b")):
        await asyncio.sleep(0)
    async with running(nothing):
        await asyncio.sleep(0)
    unknown = {"ok": None, "failing_at": None, "latency": None, "free_connections": None, "max_connections": None, "problem": None}

    assert [one for one in told.bodies if one.complete] == [told.bodies[0]]
    assert [(change.id, change.fields) for change in told.bodies[0].changes] == [
        (name, {"name": name, "type": "tcp", **unknown}) for name in "ab"
    ]
    assert nothing.bodies == [Observed(Source.CHECKS, (), complete=True)]


async def test_each_at_its_pace():
    """Every check as often as it says; a success that is repeated is not told again."""
    told = Told()
    async with running(told, settings("a"), settings("b", every=25_000)):
        await asyncio.sleep(51)

    assert told.tries == {"a": [0.0, 10.0, 20.0, 30.0, 40.0, 50.0], "b": [0.1, 25.1, 50.1]}
    assert [fields.get("ok") for fields in told.of("a")] == [None, True]


async def test_a_failure_is_tried_again_soon(caplog):
    """After two seconds; when the second try says the same, it holds, is logged once, and goes on at the usual pace."""
    told = Told()
    async with running(told, settings("a")):
        await asyncio.sleep(15)
        told.fails["a"] = CheckFailedError("it says no")
        await asyncio.sleep(20)
        told.fails.clear()
        await asyncio.sleep(20)

    assert told.tries["a"] == [0.0, 10.0, 20.0, 22.0, 32.0, 42.0, 44.0, 54.0]
    assert [fields["ok"] for fields in told.of("a") if "ok" in fields] == [None, True, False, True]
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == ["the check a fails: it says no"]


async def test_one_that_hangs_has_failed_and_holds_up_nobody():
    """After its time; others are tried meanwhile."""
    told = Told()
    told.fails["a"] = "hangs"
    async with running(told, settings("a", timeout=4_000), settings("b", every=1_000)):
        await asyncio.sleep(11)

    assert told.tries["a"] == [0.0, 6.0]
    assert len(told.tries["b"]) == 11
    assert [fields["problem"] for fields in told.of("a") if "problem" in fields] == [None, "no answer within 4 s"]
    assert [fields["ok"] for fields in told.of("a") if "ok" in fields] == [None, None, False]


async def test_a_mistake_of_ours_is_a_failure_too(caplog):
    """It is logged with where it came from, said without its text, and the agent lives on."""
    told = Told()
    told.fails["a"] = RuntimeError("a secret")
    async with running(told, settings("a")):
        await asyncio.sleep(3)

    assert told.of("a")[-1]["ok"] is False
    assert "internal error: RuntimeError" in [fields.get("problem") for fields in told.of("a")]
    assert "a secret" not in "".join(record.getMessage() for record in caplog.records)


async def test_other_checks_after_a_reload():
    """One that is new or changed begins anew and is unknown at once, one that is gone is told to be, and one that is the same is not disturbed."""
    told = Told()
    async with running(told, settings("same"), settings("changed"), settings("gone")) as checker:
        await asyncio.sleep(5)
        checker.mean({one.name: one for one in (settings("same"), settings("changed", every=2_000), settings("new"))})
        await asyncio.sleep(5.5)
    (reloaded,) = (body for body in told.bodies if any(isinstance(change, Gone) for change in body.changes))

    assert [(type(change).__name__, change.id) for change in reloaded.changes] == [("Gone", "gone"), ("Delta", "changed"), ("Delta", "new")]
    assert told.tries == {"same": [0.0, 10.0], "changed": [0.1, 5.0, 7.0, 9.0], "gone": [0.2], "new": [5.1]}
    assert [body.complete for body in told.bodies].count(True) == 1
