"""
What a test shows of rules: that one fires, that it is over again, that it keeps still where something only looks like it.

The counterpart of `reached`, which says what of a condition was seen. Whoever lets a rule wake him wants all three; so do the packs that come with the program.
"""

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from watchdog.engine.rules import RuleSet
from watchdog.engine.world import World
from watchdog.rulefile.comparison import Because, Failure
from watchdog.rulefile.testfile import STATES, Expectation, LookAlike

Firing = Collection[tuple[str, str]]
"""Rules with the entities on which they fire."""


class Show(StrEnum):
    """What is shown of a rule."""

    FIRES = "fires"
    RESOLVES = "resolves"
    LOOK_ALIKE = "look_alike"


class Shown(msgspec.Struct, frozen=True):
    """One thing that a test has shown of a rule."""

    rule: str
    show: Show


class Unshown(msgspec.Struct, frozen=True):
    """A rule, and what no test shows of it."""

    rule: str
    missing: tuple[Show, ...]


def unshown(rules: Iterable[str], shows: Iterable[Shown]) -> tuple[Unshown, ...]:
    """Of each rule what is missing; rules of which nothing is missing are left out."""
    known = set(shows)
    lacking = ((rule, tuple(show for show in Show if Shown(rule, show) not in known)) for rule in rules)
    return tuple(Unshown(rule, missing) for rule, missing in lacking if missing)


class Watch:
    """Remembers what has fired in a test, and which of it an expectation has seen firing and over."""

    def __init__(self) -> None:
        self._now: set[tuple[str, str]] = set()
        self._ever: set[tuple[str, str]] = set()
        self._shows: dict[Shown, None] = {}

    def fired(self, firing: Firing) -> None:
        """These fire at this moment, and no others."""
        self._now = set(firing)
        self._ever |= self._now

    def expected(self, expectation: Expectation) -> None:
        """Somebody looks at this moment: an alert that he names fires, one that he does not is over. Where he is wrong the test fails."""
        if expectation.alerts is None:
            return
        named = {(one.rule, one.entity) for one in expectation.alerts if one.state == STATES[0]}
        for rule, _ in sorted(named & self._now):
            self._shows[Shown(rule, Show.FIRES)] = None
        for rule, _ in sorted(self._ever - self._now - named):
            self._shows[Shown(rule, Show.RESOLVES)] = None

    def shows(self) -> tuple[Shown, ...]:
        """All of it, each once."""
        return tuple(self._shows)


_NOTHING: Final = "nothing there that the rule looks at"


class LookAlikes:
    """Sees that the rules that a situation only looks like keep still in it, and that there is something at which they could be wrong."""

    def __init__(self, look_alike: Iterable[LookAlike]) -> None:
        self._all = {one.rule: one for one in look_alike}
        self._seen: set[str] = set()
        self._failures: dict[str, Failure] = {}

    def look(self, firing: Firing, rules: RuleSet, world: World, at: int, because: Because) -> None:
        """`at` is counted from the beginning of the test; each rule is told the first time that it fires."""
        for name in self._all:
            rule = rules.by_name.get(name)
            if rule is not None and world.rows.get(rule.each):
                self._seen.add(name)
        for rule_name, entity in firing:
            if rule_name in self._all and rule_name not in self._failures:
                place = self._all[rule_name].span
                found = f"{rule_name} firing on {entity}"
                self._failures[rule_name] = Failure(place, at, f"{rule_name} firing at no time", found, because(rule_name, entity))

    def failures(self, end: int) -> Iterator[Failure]:
        """What is wrong after the whole test, which has ended then."""
        yield from self._failures.values()
        for name, one in self._all.items():
            if name not in self._seen:
                yield Failure(one.span, end, f"something that looks like {name}", _NOTHING)
