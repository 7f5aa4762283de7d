"""
Which entities are nearest to firing, rule by rule, however many there are.

To look at all of 25,000 jobs takes longer than anybody may hold the agent up. So it is done in slices, with everything else of the agent between them, and what was found
serves for a moment: nearest then is nearly nearest now, and what is shown of it is measured anew each time.
"""

import asyncio
import heapq
import time
from collections.abc import AsyncIterator
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec

from watchdog.engine.glance import Glance
from watchdog.engine.ledger import Ledger
from watchdog.engine.nearness import Measure, Measured, measure_of
from watchdog.engine.rules import NO_RULES, Rule, RuleSet
from watchdog.engine.world import World
from watchdog.lang.checked import Checked
from watchdog.web.inside import Inside
from watchdog.web.turnstile import my_turn

SLICE: Final = 0.002
"""Seconds for which others may be held up at a time."""
CHUNK: Final = 100
"""Rows that are measured between two looks at the time."""
NEAR: Final = 100
"""Entities of each rule that are found at once."""
FEW: Final = 1_000
"""So many measurements cost so little that they are made each time."""
LONGEST: Final = 0.05
"""Seconds for which whoever asks waits for it."""
FRESH: Final = 2_000
"""Milliseconds for which what was found in very many serves at least."""
SHARE: Final = 20
"""And so many times as long as it took to find: whoever watches costs no more than a twentieth of a core."""
_UNMEASURED: Final = 9.0
_UNKNOWN: Final = 6.0
_FALSE: Final = 3.0
_TRUE: Final = 2.0


class Near(msgspec.Struct, frozen=True):
    """What was found of one rule: of how many entities it can't be said, and the ids of the `NEAR` that are nearest to firing."""

    unknown: int = 0
    nearest: tuple[str, ...] = ()


class Ranking:
    """Of one world; `looked_at` is the engine time when all of it was looked at last, None where it never was."""

    def __init__(self) -> None:
        self._rules: RuleSet = NO_RULES
        self._measures: dict[str, tuple[Checked, Measure]] = {}
        self._found: dict[str, Near] = {}
        self._task: asyncio.Task[None] | None = None
        self._spent = 0.0
        self._seq = -1
        self._took = 0
        self.looked_at: int | None = None

    def measure(self, rule: Rule) -> Measure:
        """How the rows of that rule are measured; made when it is first asked for."""
        tree = rule.condition.tree
        kept = self._measures.get(rule.name)
        if kept is None or kept[0] is not tree:
            kept = self._measures[rule.name] = (tree, measure_of(tree))
        return kept[1]

    async def near(self, inside: Inside) -> dict[str, Near]:
        """Rule → what was found of it when it was looked last; nothing of some where there is so much to look at that nobody can wait for it the first time."""
        if self._task is None and self._is_old(inside):
            self._task = asyncio.create_task(self._look_at_all(inside), name="what is nearest to firing")
        if (task := self._task) is not None:
            await asyncio.wait({task}, timeout=LONGEST)
            if task.done():
                task.result()
        return self._found

    async def _look_at_all(self, inside: Inside) -> None:
        try:
            rules, seq, looked_at, spent = inside.rules, inside.seq, inside.at(), self._spent
            found = {rule.name: await self._look(inside, rule) for rule in rules.rules}
            self._measures = {name: kept for name, kept in self._measures.items() if name in rules.by_name}
            self._rules, self._found, self._seq, self.looked_at = rules, found, seq, looked_at
            self._took = int((self._spent - spent) * 1000)
        finally:
            self._task = None

    async def _look(self, inside: Inside, rule: Rule) -> Near:
        if rule.on is not None:
            return Near()
        count, ranks = 0, list[tuple[float, str]]()
        async for measured in self.measured(inside, rule):
            count += sum(one.truth is None for _, one in measured)
            ranks = heapq.nsmallest(NEAR, [*ranks, *((rank_of(one), row.id) for row, one in measured)])
        return Near(count, tuple(entity for _, entity in ranks))

    async def measured(self, inside: Inside, rule: Rule) -> AsyncIterator[list[tuple[Any, Measured]]]:
        """Everything that the rule looks at, a part of it at a time; others have their turn between two of them."""
        measure = self.measure(rule)
        rows = list(inside.state.world.rows[rule.each].values())
        begin = 0
        while begin < len(rows):
            began = time.perf_counter()
            state, now = inside.state, inside.at()
            glance, lost = Glance(state.world), state.ledger.lost
            part: list[tuple[Any, Measured]] = []
            while begin < len(rows) and (not part or time.perf_counter() - began < SLICE):
                for row in rows[begin : begin + CHUNK]:
                    one = measure(row, now, glance)
                    part.append((row, one if not lost or not blind(state.ledger, rule, row.id) else unknown(one)))
                begin += CHUNK
            self._spent += time.perf_counter() - began
            yield part
            await my_turn()

    def _is_old(self, inside: Inside) -> bool:
        rows, at = inside.state.world.rows, inside.at()
        if inside.rules is not self._rules:
            return True
        if sum(len(rows[rule.each]) for rule in self._rules.rules) <= FEW:
            return inside.seq != self._seq or at != self.looked_at
        return self.looked_at is None or at - self.looked_at >= max(FRESH, SHARE * self._took)


_RANKINGS: Final[WeakKeyDictionary[World, Ranking]] = WeakKeyDictionary()


def ranking_of(world: World) -> Ranking:
    """The one of that world, as long as that lives."""
    return _RANKINGS.setdefault(world, Ranking())


def blind(ledger: Ledger, rule: Rule, entity: str) -> tuple[str, ...]:
    """The sources that the rule rests on for that entity, and that can't be read."""
    return tuple(source.value for source in rule.condition.rests_on(entity) if source in ledger.lost) if ledger.lost else ()


def unknown(one: Measured) -> Measured:
    """The same where it can't be known any more what is so."""
    return msgspec.structs.replace(one, truth=None, share=None, distance=None)


def rank_of(one: Measured | None) -> float:
    """Where it stands among those without an alert: what is true, then what is nearest to it, then what can't be known, then what is far from it."""
    if one is None or one.truth is None:
        return _UNKNOWN
    if one.truth:
        return _TRUE
    return _UNMEASURED if one.share is None else _FALSE + min(one.share, 1.0)
