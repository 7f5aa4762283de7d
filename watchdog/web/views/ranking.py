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

SLICE: Final = 0.002
"""Seconds for which others may be held up at a time."""
CHUNK: Final = 100
"""Rows that are measured between two looks at the time."""
NEAR: Final = 100
"""Entities of each rule that are found at once."""
FEW: Final = 1_000
"""So many measurements cost so little that they are made each time."""
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
    """Of one world; `took` is how long it took to find, `looked_at` the engine time when it was."""

    def __init__(self) -> None:
        self._rules: RuleSet = NO_RULES
        self._measures: dict[str, tuple[Checked, Measure]] = {}
        self._found: dict[str, Near] = {}
        self._lock = asyncio.Lock()
        self._seq = -1
        self._took = 0
        self.looked_at = 0

    def measure(self, rule: Rule) -> Measure:
        """How the rows of that rule are measured; made when it is first asked for."""
        tree = rule.condition.tree
        kept = self._measures.get(rule.name)
        if kept is None or kept[0] is not tree:
            kept = self._measures[rule.name] = (tree, measure_of(tree))
        return kept[1]

    async def near(self, inside: Inside) -> dict[str, Near]:
        """Rule → what was found of it, a moment ago at most where there is very much to look at."""
        async with self._lock:
            if self._is_old(inside):
                began, rules, seq, looked_at = time.perf_counter(), inside.rules, inside.seq, inside.at()
                found = {rule.name: await self._look(inside, rule) for rule in rules.rules}
                self._measures = {name: kept for name, kept in self._measures.items() if name in rules.by_name}
                self._rules, self._found, self._seq, self.looked_at = rules, found, seq, looked_at
                self._took = int((time.perf_counter() - began) * 1000)
            return self._found

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
        begin, until = 0, time.perf_counter() + SLICE
        while begin < len(rows):
            state, now = inside.state, inside.at()
            glance, lost = Glance(state.world), state.ledger.lost
            part: list[tuple[Any, Measured]] = []
            while begin < len(rows) and (not part or time.perf_counter() < until):
                for row in rows[begin : begin + CHUNK]:
                    one = measure(row, now, glance)
                    part.append((row, one if not lost or not blind(state.ledger, rule, row.id) else unknown(one)))
                begin += CHUNK
            yield part
            if begin < len(rows):
                await asyncio.sleep(0)
                until = time.perf_counter() + SLICE

    def _is_old(self, inside: Inside) -> bool:
        rows, at = inside.state.world.rows, inside.at()
        if inside.rules is not self._rules:
            return True
        if sum(len(rows[rule.each]) for rule in self._rules.rules) <= FEW:
            return inside.seq != self._seq or at != self.looked_at
        return at - self.looked_at >= max(FRESH, SHARE * self._took)


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
