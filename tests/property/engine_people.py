"""People beside the server of the laws: they pause a rule or some targets by command, take that back, and say yes to what they are asked."""

import random
from fnmatch import fnmatchcase
from typing import Any, Final

from tests.property.engine_simulation import STEPS, Simulation, Step
from tests.property.engine_witness import Actor
from tests.property.test_engine_traces import WARM_UP
from watchdog.model.told import OperatorApproved, OperatorPaused, OperatorResumed

_SCOPES: Final = (("silent", ""), ("stuck-*", ""), ("", "web1/s.service"), ("", "web1/app*"), ("wedged", "web1:*"), ("", "web1:11:*"))
"""Rule and target that a pause is for."""
_STEPS: Final = STEPS + ("hush",) * 3 + ("lift",) * 2 + ("yes",) * 6
YES: Final = ("approved", "noted")
"""So is told what a person has said to a question: that asks nothing."""


def peopled_trace(seed: int, length: int = 250) -> list[Step]:
    """The same trace for the same seed, with what people do."""
    chance = random.Random(f"people {seed}")
    return WARM_UP + [(chance.choice(_STEPS), chance.randrange(6), chance.randrange(12)) for _ in range(length)]


class Peopled(Simulation):
    """
    `hushed` says until when (wall time) which rule and target may not be touched, `asked` the questions so far.

    `leave` are the guards that had a person asked, by the incident that the yes was used for.
    """

    def _begin_people(self) -> None:
        self.hushed: dict[tuple[str, str], int] = {}
        self.asked: list[str] = []
        self.leave: dict[str, set[str]] = {}

    def _do_hush(self, one: int, other: int) -> None:
        rule, target = _SCOPES[one % len(_SCOPES)]
        until = self.wall + (other + 1) * 4_000
        told = OperatorPaused(id=f"h{self.seq}", by="eve", reason="x", asked=self.wall, until=until, rule=rule, target=target)
        self.hushed[rule, target] = until
        self.hear(told)

    def _do_lift(self, *_: int) -> None:
        self.hear(OperatorResumed(id=f"l{self.seq}", by="eve", reason="x", asked=self.wall))
        self.hushed.clear()

    def _do_yes(self, one: int, _: int) -> None:
        if self.asked:
            name = self.asked[-1 - one % min(2, len(self.asked))]
            self.hear(OperatorApproved(id=f"y{self.seq}", by="ada", reason="", asked=self.wall, approval=name))

    def is_hushed(self, rule: str, actor: Actor) -> bool:
        """Whether somebody has said by command that this rule is not to touch that process now."""
        names = (actor.name, actor.identity)
        return any(
            self.wall < until
            and (not of_rule or fnmatchcase(rule, of_rule))
            and (not of_target or any(fnmatchcase(name, of_target) for name in names))
            for (of_rule, of_target), until in self.hushed.items()
        )

    def _hear_of_question(self, row: Any) -> None:
        name = row.detail["approval"]
        if row.outcome == "asked":
            self.asked.append(name)
        elif row.outcome == "used":
            self.leave[row.incident] = {ground.guard for ground in self.state.ledger.approvals[name].grounds}
