"""
The clock on the wall enters no decision: whatever it does, the agent does the same.

Set forward or back by a day, by years, or to 1970, at any event: the same readings and answers lead to the same requests, denials, intents and signals. Only what is
written for people carries another date. The one exception is made for safety: how long an intent has been open over a reboot only that clock can tell, and where it tells of
more than an hour, or of less than nothing, a person is asked.
"""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.engine_clocks import Timeless
from tests.property.engine_simulation import Simulation
from tests.property.test_engine_traces import TRACES, USUAL, random_trace
from watchdog.engine import ledger as ledgers
from watchdog.engine.advance import advance
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State, begin
from watchdog.model.effects import Audit, Effect, KeepIncident, Notify
from watchdog.model.events import Body, Event, Paused, Started, decode
from watchdog.model.verdicts import Mode

DAY = 86_400_000
JUMPS = (DAY, -DAY, 30 * 365 * DAY, -1_790_000_000_000)
"""Milliseconds; the last one is 1970."""


def decided(effects: tuple[Effect, ...], without: Timeless) -> list[Any]:
    """All that was decided in a turn, without dates."""
    said: list[Any] = []
    for effect in effects:
        match effect:
            case Audit(row=row):
                said.append(msgspec.structs.replace(row, wall=0, would_at=None))
            case Notify(receivers=receivers, notice=notice):
                said.append((receivers, msgspec.structs.replace(notice, at=0, since=0)))
            case KeepIncident(incident=incident):
                # Its account says after how many seconds something was, by the clock on the wall.
                said.append(("incident", incident.id, incident.outcome, incident.closed is not None))
            case command:
                said.append(_undated(msgspec.to_builtins(command)))
    return [without.said(msgspec.to_builtins(one)) for one in said]


def _undated(value: Any) -> Any:
    match value:
        case dict():
            return {key: _undated(inner) for key, inner in value.items() if key != "due_wall"}
        case list() | tuple():
            return [_undated(inner) for inner in value]
    return value


def ends(state: State) -> dict[str, int | None]:
    """When each pause ends, in engine time: what was taken once is moved by no clock."""
    return {key: one.until_at for key, one in state.ledger.pauses.items()}


def _seen_on(wall: int, event: Event) -> Body:
    """What a person says by that clock."""
    match event.body:
        case Paused(until=int() as until) as paused:
            return msgspec.structs.replace(paused, until=until - event.wall + wall)
        case body:
            return body


class Twin:
    """The same agent twice: one with the clock as it was, one whose clock jumps with each of these chances."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._jump = 0
        self.usual, self.other = begin(), begin()
        self._heard = Timeless(), Timeless()

    def crash(self) -> None:
        """Both."""
        self.usual, self.other = (begin(ledgers.decode(ledgers.encode(state.ledger))) for state in (self.usual, self.other))

    def take(self, rules: RuleSet, event: Event, *, undone: bool) -> None:
        """One event; both must decide the same."""
        wall = self._wall(event)
        here, there = (
            advance(rules, self.usual, event),
            advance(rules, self.other, msgspec.structs.replace(event, wall=wall, body=_seen_on(wall, event))),
        )
        off = f"the clock is {self._jump} ms off at event {event.seq}"
        assert decided(there[1], self._heard[1]) == decided(here[1], self._heard[0]), off
        assert ends(there[0]) == ends(here[0]), off
        self.usual, self.other = (self._after(before, came[0], undone=undone) for before, came in ((self.usual, here), (self.other, there)))

    def _wall(self, event: Event) -> int:
        booted = isinstance(event.body, Started) and event.body.boot_id != self.usual.ledger.boot_id
        if booted and self.usual.ledger.boot_id:
            return self.other.ledger.wall + event.wall - self.usual.ledger.wall
        if self._chance.random() < 0.05:
            self._jump = self._chance.choice((*JUMPS, 0))
        return event.wall + self._jump

    @staticmethod
    def _after(before: State, after: State, *, undone: bool) -> State:
        if not undone:
            return after
        before.world.must_judge_all = True
        return before


def tell(simulation: Simulation, seed: int) -> Twin:
    """All that a simulation was told, to twins."""
    twin = Twin(seed)
    for what, rules, event in simulation.log:
        if what == "crash":
            twin.crash()
        else:
            twin.take(rules, decode(event), undone=what == "undone")
    return twin


@settings(max_examples=max(60, USUAL))
@given(TRACES, st.integers(0, 2**16), st.sampled_from([Mode.ACT, Mode.DRY_RUN]))
def test_whatever_the_clock_does_the_same_is_decided(steps, seed, mode):
    """Cooldowns, budgets, pauses, waits and proofs go by engine time alone, over crashes and reboots as well."""
    tell(Simulation(mode).play(steps), seed)


@pytest.mark.parametrize("seed", range(4))
def test_over_long_traces(seed):
    """With hundreds of events, actions among them, and jumps of every kind."""
    simulation = Simulation().play(random_trace(seed, 500))
    assert simulation.signals, "something is done in it"
    twin = tell(simulation, seed)
    assert twin.other.ledger.cooldowns == twin.usual.ledger.cooldowns
    assert twin.other.ledger.spent == twin.usual.ledger.spent
    assert twin.other.ledger.doubt is None
