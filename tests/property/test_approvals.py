"""What holds of being asked whatever happens: any order of readings, answers, losses, reloads, failed commits, crashes and reboots, with people who say yes and no."""

import random
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.engine_simulation import STEPS, Simulation, Step, replay
from tests.property.test_engine_traces import WARM_UP
from watchdog.engine.approvals import USE_WITHIN
from watchdog.model.effects import Audit, Effect, PutBack, SendSignal
from watchdog.model.told import OperatorApproved, OperatorDenied
from watchdog.model.verdicts import Mode

ANSWERED = STEPS + ("approve",) * 14 + ("deny",) * 2 + ("late",) * 2 + ("night",) * 2
STEP = st.tuples(st.sampled_from(ANSWERED), st.integers(0, 5), st.integers(0, 11))
TRACES = st.lists(STEP, min_size=10, max_size=60).map(lambda steps: WARM_UP + steps)


class Asked(Simulation):
    """
    The same server and engine in mode `ask`, where people answer; `asked`, `yes` and `no` are what was asked and said, by id, as people know it: from the audit log.

    The witness over rules is not asked, for it holds that nothing is done in this mode.
    """

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.yes: dict[str, int] = {}
        self.no: set[str] = set()
        self.used: dict[str, Any] = {}
        super().__init__(Mode.ASK)

    def witness(self, effect: Effect) -> None:
        """Nothing is done without a yes to just that, and no yes is good for two."""
        match effect:
            case Audit(row=row) if row.kind == "approval":
                self._witness_question(str(row.detail["approval"]), row)
            case SendSignal(target=target):
                run = next(run for run in self.state.ledger.runs.values() if run.effect == effect.id)
                self.signals[effect.id] = (run.id, effect.signal.value)
                leave = [row for row in self.used.values() if row.incident == run.incident and row.entity == target.identity]
                plans = [step for one in self.state.ledger.approvals.values() if one.incident == run.incident for step in one.plan]
                if not leave:
                    self.wrong.append(f"{effect.signal} to {target.identity} without a yes")
                if (run.action, run.arguments) not in [(step.action, step.arguments) for step in plans]:
                    self.wrong.append(f"{run.action} with {run.arguments} was not what people were told")
            case PutBack() if not self.used:
                self.wrong.append("jobs are put back, and nobody has said yes to anything")
            case _:
                pass

    def look_at_the_ledger(self, *, after_start: bool) -> None:
        """Not for this."""

    def _witness_question(self, approval: str, row: Any) -> None:
        match row.outcome:
            case "asked":
                self.asked[approval] = row
            case "approved":
                self.yes[approval] = self.wall
            case "denied":
                self.no.add(approval)
            case "used":
                if approval in self.used:
                    self.wrong.append(f"{approval} was used twice")
                if approval in self.no or approval not in self.yes:
                    self.wrong.append(f"{approval} was used, and nobody had said yes")
                elif self.wall - self.yes[approval] > USE_WITHIN:
                    self.wrong.append(f"{approval} was used {self.wall - self.yes[approval]} ms after the yes")
                if (row.entity, row.action) != (self.asked[approval].entity, self.asked[approval].action):
                    self.wrong.append(f"{approval} was used for something else")
                self.used[approval] = row

    def _do_approve(self, one: int, other: int, *, ago: int = 0) -> None:
        if self.asked:
            names = list(self.asked)
            name = names[-1 - one % min(2, len(names))]
            self.hear(OperatorApproved(id=f"a{self.seq}", by=("ada", "ben")[other % 2], reason="", asked=self.wall - ago, approval=name))

    def _do_late(self, one: int, other: int) -> None:
        self._do_approve(one, other, ago=USE_WITHIN + 1)

    def _do_deny(self, one: int, _: int) -> None:
        if self.asked:
            self.hear(
                OperatorDenied(
                    id=f"d{self.seq}", by="ada", reason="no", asked=self.wall, approval=list(self.asked)[-1 - one % len(self.asked)]
                )
            )

    def _do_night(self, one: int, _: int) -> None:
        self.wait(self.at + one * 900_000)


@settings(max_examples=max(250, settings().max_examples))
@given(TRACES)
def test_nothing_is_done_without_a_yes(steps):
    """No signal without the yes of a person to this action on this very process; none is used twice, late, after a no, or for a step that was not told."""
    assert Asked().play(steps).wrong == []


@settings(max_examples=max(60, settings().max_examples))
@given(TRACES)
def test_told_again_it_says_the_same(steps):
    """The same events give the same effects to the byte, failed commits and restarts included."""
    played = Asked().play(steps)

    assert replay(played.log) == played.said


def test_these_traces_reach_what_they_are_meant_to_try():
    """In a few of them questions end in every way, and signals are sent."""
    outcomes: Counter[str] = Counter()
    signals: set[str] = set()
    for seed in range(60):
        chance = random.Random(seed)
        steps: list[Step] = WARM_UP + [(chance.choice(ANSWERED), chance.randrange(6), chance.randrange(12)) for _ in range(300)]
        played = Asked().play(steps)
        assert played.wrong == []
        outcomes.update(row.outcome for row in played.audit("approval"))
        signals |= {signal for _, signal in played.signals.values()}

    assert set(outcomes) == {"asked", "approved", "used", "denied", "expired", "lapsed"}
    assert signals >= {"TERM", "KILL"}
