"""What holds of orders whatever happens: any order of readings, answers, losses, reloads, failed commits, crashes and reboots, with people who order among it."""

import random
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.engine_simulation import STEPS, UNITS, Simulation, Step, replay
from tests.property.test_engine_traces import WARM_UP
from watchdog.engine.orders import PATIENCE
from watchdog.model.actions import BY_NAME
from watchdog.model.effects import Audit, CallUnit, Effect, GatherInFlight, PutBack, SendSignal
from watchdog.model.events import Delta, EffectDone, Observed
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.guards import GUARDS
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import InFlight, PutBackDone, UnitCalled, UnitOutcome
from watchdog.model.told import OperatorAsked, OperatorWithdrew
from watchdog.model.verdicts import Mode
from watchdog.rulefile.values import default_of

ACTIONS = ("restart_unit", "recover_process", "terminate_process")
OVER = ("ended", "failed", "abandoned", "refused", "would")
ORDERED = STEPS + ("order",) * 8 + ("withdraw",) * 2 + ("ask",) * 2 + ("gathered",) * 6 + ("called",) * 4 + ("unit",) * 3
STEP = st.tuples(st.sampled_from(ORDERED), st.integers(0, 5), st.integers(0, 11))
TRACES = st.lists(STEP, min_size=10, max_size=60).map(lambda steps: WARM_UP + steps)


class Ordered(Simulation):
    """The same server and engine, where people order; the witness over rules is not asked, for it knows of no orders."""

    def __init__(self, mode: Mode) -> None:
        self.given: list[str] = []
        super().__init__(mode)

    def witness(self, effect: Effect) -> None:
        """Only what the simulation itself needs to know."""
        if isinstance(effect, SendSignal):
            self.signals[effect.id] = ("", effect.signal)

    def look_at_the_ledger(self, *, after_start: bool) -> None:
        """Not for orders."""

    def _do_order(self, one: int, other: int, *, only_looks: bool = False) -> None:
        action = BY_NAME[ACTIONS[other % len(ACTIONS)]]
        arguments: dict[str, Any] = {name: default_of(spec) for name, spec in action.arguments().items()}
        names = tuple(guard.name for guard in GUARDS) if other % 2 else ()
        self.given.append(f"o{self.seq}")
        self.hear(
            OperatorAsked(
                id=self.given[-1], by="ada", reason="x", asked=self.wall - (other // 10) * 100_000, action=action.name,
                process=self.actors[one % 4].identity, arguments={**arguments, "drain": 5_000}, overruled=names,
                only_looks=only_looks,
            )
        )  # fmt: skip

    def _do_ask(self, one: int, other: int) -> None:
        self._do_order(one, other, only_looks=True)

    def _do_withdraw(self, one: int, _: int) -> None:
        if self.given:
            self.hear(OperatorWithdrew(self.given[-1 - one % len(self.given)], "ada"))

    def _do_gathered(self, _: int, other: int) -> None:
        for effect in list(self.open.values()):
            match effect:
                case GatherInFlight():
                    held = Held(f"j{other}", "Job", "push", Certainty.PROVEN, ("work_hash",), has_payload=True, retries=True, digest="d")
                    self.hear(EffectDone(effect.id, InFlight((held,) * (other % 2), stopped=other == 10)))
                case PutBack(placements=placements):
                    self.hear(EffectDone(effect.id, PutBackDone(tuple(Placed(each.jid, Fate.DONE) for each in placements))))

    def _do_called(self, _: int, other: int) -> None:
        for effect in list(self.open.values()):
            if isinstance(effect, CallUnit):
                self.hear(EffectDone(effect.id, UnitCalled(list(UnitOutcome)[other % len(UnitOutcome)])))

    def _do_unit(self, one: int, other: int) -> None:
        runs = {"job": "", "file_state": "enabled", "running": True, "entered_at": self.at + 1}
        # Mostly it runs: once somebody has stopped or masked it, it is never started.
        readings = ({}, {"job": ""}, {"job": "stop"}, {"file_state": "masked"}, {"job": None, "file_state": None}, *(runs,) * 5)[
            (one + other) % 10
        ]
        self.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNITS[0], {"name": UNITS[0], **readings}),), complete=bool(other % 2)))


def rows(played: Ordered, kind: str, order: str) -> list[Any]:
    """The audit rows about that order."""
    return [
        effect.row
        for effect in played.effects
        if isinstance(effect, Audit) and effect.row.kind == kind and effect.row.rule == f"order:{order}"
    ]


@settings(max_examples=max(120, settings().max_examples))
@given(TRACES, st.sampled_from(Mode))
def test_orders_among_everything_else(steps, mode):
    """
    Each is taken once, over once, opens one incident at most, and nothing is decided of it any more afterwards.

    What has only been asked for does nothing, what has been refused never began, two are never carried out at a time, and once its minute is over none waits.
    """
    played = Ordered(mode)
    played.play(steps)
    played.wait(played.at + PATIENCE + 10_000)
    for name in played.given:
        said = rows(played, "order", name)
        outcomes = Counter(row.outcome for row in said)
        assert outcomes["taken"] == 1
        assert sum(outcomes[outcome] for outcome in OVER) <= 1
        opened = [row for row in rows(played, "incident", name) if row.outcome == "opened"]
        assert len(opened) <= 1
        if outcomes["refused"] or outcomes["would"]:
            assert rows(played, "intent", name) == []
            assert opened == []
        order = played.state.ledger.orders.get(name)
        if order is not None and not order.outcome and not order.incident:
            # Nobody has answered its last look, or the rules have not been loaded since.
            assert order.effect in played.open or order.effect == ""
    assert len({run.ref.identity for run in played.state.ledger.runs.values()}) == len(played.state.ledger.runs)
    assert played.wrong == []


@settings(max_examples=max(60, settings().max_examples))
@given(TRACES)
def test_told_again_it_says_the_same(steps):
    """The same events give the same effects to the byte, failed commits and restarts included."""
    played = Ordered(Mode.ACT).play(steps)
    assert replay(played.log) == played.said


def test_these_traces_reach_what_they_are_meant_to_try():
    """In a few of them orders end in every way, and systemd is asked for a unit."""
    outcomes: set[str] = set()
    calls = signals = 0
    for seed in range(80):
        chance = random.Random(seed)
        steps: list[Step] = WARM_UP + [(chance.choice(ORDERED), chance.randrange(6), chance.randrange(12)) for _ in range(250)]
        played = Ordered(list(Mode)[seed % 4]).play(steps)
        outcomes |= {row.outcome for row in played.audit("order")}
        calls += sum(isinstance(effect, CallUnit) for effect in played.effects)
        signals += sum(isinstance(effect, SendSignal) for effect in played.effects)
    assert outcomes >= {"taken", "refused", "would", "abandoned", "ended", "too late", "withdrawn"}
    assert calls > 0
    assert signals > 100
