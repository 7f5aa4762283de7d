"""
One account beside another: what is the same, what is in one alone, what came earlier or later, what was decided otherwise.

Alerts belong together where they are of the same rule on the same entity and fired at the same time, or one still fired as the other began. Decisions do where they are
of the same rule on the same target within a minute. By how much the clocks of two accounts differ where nothing does is `SAME`: a turn of a real agent is made a little after it is due.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import partial
from itertools import takewhile
from typing import Final, TypeVar

import msgspec

from watchdog.replay.account import Account, Decision, Firing

SAME: Final = 2_000
"""Milliseconds between two moments that are one."""
NEAR: Final = 60_000
"""Milliseconds between two decisions about the same thing."""
_FOR_EVER: Final = 2**62
_T = TypeVar("_T")


class What(StrEnum):
    """In what they differ."""

    ONLY_HERE = "only here"
    ONLY_THERE = "only there"
    EARLIER = "earlier"
    LATER = "later"
    OTHERWISE = "decided otherwise"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """
    One of them. `of` is `firing` or `decision`, `on` the entity or the target; `here` and `there` are when (UTC milliseconds).

    `by` is how many milliseconds earlier or later it came here; `said` and `said_there` are what was decided.
    """

    what: What
    of: str
    rule: str
    on: str
    here: int | None = None
    there: int | None = None
    by: int = 0
    said: str = ""
    said_there: str = ""

    @property
    def at(self) -> int:
        """When it was, by whichever account it was first."""
        return min(one for one in (self.here, self.there) if one is not None)


class Differences(msgspec.Struct, frozen=True):
    """`same` counts what both have, `found` is the rest in the order of time."""

    same: int
    found: tuple[Difference, ...]


def differences(here: Account, there: Account) -> Differences:
    """What differs; seen from `here`."""
    same, found = 0, []
    for one in (*_firings(here, there), *_decisions(here, there)):
        if one is None:
            same += 1
        else:
            found.append(one)
    return Differences(same, tuple(sorted(found, key=lambda one: (one.at, one.rule, one.on, one.of))))


def _firings(here: Account, there: Account) -> Iterator[Difference | None]:
    """Each, None for what both have."""
    mine, others = _by_entity(here.firings), _by_entity(there.firings)
    for key in dict.fromkeys((*mine, *others)):
        left, alone = others.get(key, []), list[Firing]()
        for number, firing in enumerate(mine.get(key, [])):
            alone += _passed(left, partial(_is_over, firing))
            match_ = next((other for other in takewhile(partial(_has_begun, firing), left) if _overlap(firing, other)), None)
            if match_ is not None:
                left.remove(match_)
                by = firing.fired - match_.fired
                what = None if abs(by) <= SAME else What.EARLIER if by < 0 else What.LATER
                yield (
                    None
                    if what is None
                    else Difference(
                        what=what, of="firing", rule=firing.rule, on=firing.entity, here=firing.fired, there=match_.fired, by=abs(by)
                    )
                )
            elif number == 0 and _key(firing) in there.before:
                # There it fired before the time began.
                yield None
            else:
                yield Difference(what=What.ONLY_HERE, of="firing", rule=firing.rule, on=firing.entity, here=firing.fired)
        for number, firing in enumerate((*alone, *left)):
            if number == 0 and _key(firing) in here.before:
                yield None
            else:
                yield Difference(what=What.ONLY_THERE, of="firing", rule=firing.rule, on=firing.entity, there=firing.fired)


def _decisions(here: Account, there: Account) -> Iterator[Difference | None]:
    mine, others = _by_target(here.decisions), _by_target(there.decisions)
    for key in dict.fromkeys((*mine, *others)):
        left, alone = others.get(key, []), list[Decision]()
        for one in mine.get(key, []):
            alone += _passed(left, partial(_is_long_ago, one))
            near = list(takewhile(partial(_is_near, one), left))
            match_ = next((other for other in near if other.verdict == one.verdict), near[0] if near else None)
            if match_ is None:
                yield Difference(what=What.ONLY_HERE, of="decision", rule=one.rule, on=one.target, here=one.at, said=_said(one))
                continue
            left.remove(match_)
            yield (
                None
                if match_.verdict == one.verdict
                else Difference(
                    what=What.OTHERWISE, of="decision", rule=one.rule, on=one.target, here=one.at, there=match_.at, said=_said(one), said_there=_said(match_)
                )
            )  # fmt: skip
        for other in (*alone, *left):
            yield Difference(what=What.ONLY_THERE, of="decision", rule=other.rule, on=other.target, there=other.at, said_there=_said(other))


def _passed(left: list[_T], is_past: Callable[[_T], bool]) -> list[_T]:
    """Takes those off that are past: all is in the order of time, so they belong to nothing that comes."""
    passed = next((number for number, other in enumerate(left) if not is_past(other)), len(left))
    taken = left[:passed]
    del left[:passed]
    return taken


def _is_long_ago(one: Decision, other: Decision) -> bool:
    return other.at < one.at - NEAR


def _is_near(one: Decision, other: Decision) -> bool:
    return other.at <= one.at + NEAR


def _is_over(one: Firing, other: Firing) -> bool:
    return max(other.resolved or _FOR_EVER, other.fired + SAME) < one.fired


def _has_begun(one: Firing, other: Firing) -> bool:
    return other.fired <= max(one.resolved or _FOR_EVER, one.fired + SAME)


def _overlap(one: Firing, other: Firing) -> bool:
    if abs(one.fired - other.fired) <= SAME:
        return True
    return one.fired <= (other.resolved or _FOR_EVER) and other.fired <= (one.resolved or _FOR_EVER)


def _key(firing: Firing) -> str:
    return f"{firing.rule}|{firing.entity}"


def _by_entity(firings: Iterable[Firing]) -> dict[tuple[str, str], list[Firing]]:
    found: dict[tuple[str, str], list[Firing]] = defaultdict(list)
    for firing in firings:
        found[firing.rule, firing.entity].append(firing)
    return found


def _by_target(decisions: Iterable[Decision]) -> dict[tuple[str, str, str], list[Decision]]:
    found: dict[tuple[str, str, str], list[Decision]] = defaultdict(list)
    for one in decisions:
        found[one.rule, one.target, one.action].append(one)
    return found


def _said(one: Decision) -> str:
    words = {"ALLOW": "done", "DRY_RUN": "would be done", "ASK": "a person is asked", "DENY": "denied"}[one.decision]
    by = f" by {one.guard}" if one.guard else ""
    return f"{words}{by}"
