"""
What the tests of some rules have reached: each rule, and each operand of `and` and `or` in its conditions, once true and once false.

The counterpart of a test's expectations, which say what must come of a reading: whatever was never seen both ways no test would
miss if it were wrong.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from watchdog.engine.rules import Rule
from watchdog.engine.world import World
from watchdog.lang.checked import Checked, Every, Inverse, Some, parts
from watchdog.lang.evaluate import evaluate
from watchdog.lang.printer import show

_WAYS: Final = {True: "true", False: "false"}


class Branch(msgspec.Struct, frozen=True):
    """A part of a rule's condition and what was never seen of it: `true`, `false`, or both."""

    rule: str
    text: str
    never: tuple[str, ...]


_Seen = dict[str, set[bool]]


class Reached:
    """Watches the conditions of rules while tests run, one after the other; a rule that is read anew stays the same rule."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._fired: set[str] = set()
        self._watched: list[tuple[Rule, list[tuple[Checked, set[bool]]]]] = []

    def use(self, rules: Iterable[Rule]) -> None:
        """From now on these rules are run."""
        self._watched = []
        for rule in rules:
            seen = self._seen.setdefault(rule.name, {})
            # A rule that waits for a change has no condition that could be seen both ways.
            operands = [] if rule.on is not None else list(_operands(rule.condition.tree))
            self._watched.append((rule, [(node, seen.setdefault(show(node.syntax), set())) for node in operands]))

    def look(self, world: World, at: int) -> None:
        """Takes note of what is true and false at this moment."""
        for rule, operands in self._watched:
            unseen = [(node, seen) for node, seen in operands if len(seen) < len(_WAYS)]
            for row in world.rows.get(rule.each, {}).values() if unseen else ():
                for node, seen in unseen:
                    value = evaluate(node, row, at, world)
                    if isinstance(value, bool):
                        seen.add(value)

    def fired(self, rules: Iterable[str]) -> None:
        """These rules have an alert that fires."""
        self._fired.update(rules)

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of all rules that were run."""
        return tuple(self._seen)

    def never_fired(self) -> tuple[str, ...]:
        """The rules of which no test has seen an alert that fires."""
        return tuple(name for name in self._seen if name not in self._fired)

    def branches(self) -> tuple[Branch, ...]:
        """What was not seen both ways, rule by rule."""
        return tuple(
            Branch(name, text, tuple(word for truth, word in _WAYS.items() if truth not in seen))
            for name, operands in self._seen.items()
            for text, seen in operands.items()
            if len(seen) < len(_WAYS)
        )

    def counts(self) -> tuple[int, int]:
        """How many of the ways of all operands were seen, and how many there are."""
        every = [seen for operands in self._seen.values() for seen in operands.values()]
        return sum(map(len, every)), len(_WAYS) * len(every)


def _operands(tree: Checked) -> Iterator[Checked]:
    """The parts that `and` and `or` join, down to those that join nothing; a condition that joins nothing is its only part."""
    match tree:
        case Every() | Some() | Inverse():
            for part in parts(tree):
                yield from _operands(part)
        case _:
            yield tree
