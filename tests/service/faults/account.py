"""What became of what was told: whether all of it has arrived, in order, and what came twice; counted from what the far side has, and from nothing else."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from tests.service.faults.far_sides import Seen, doubled


class Told(NamedTuple):
    """A notice that was committed: its number, which is higher than that of every one before, and its story."""

    number: int
    thread: str


class Account(NamedTuple):
    """
    Of what was told, `shown` turns were seen themselves, and `missed` were counted to whoever reads.

    `lost` are the newest turns of stories that nobody was shown; `turned` those that came in the wrong order, or over which an older one was shown. `twice` messages came more than once, of `calls` that came at all.
    """

    told: int
    shown: int
    missed: int
    lost: tuple[int, ...]
    turned: tuple[int, ...]
    twice: int
    calls: int

    @property
    def is_whole(self) -> bool:
        """Nothing is lost, and everything came in its order."""
        return not self.lost and not self.turned and self.shown + self.missed >= self.told


def account(told: Sequence[Told], seen: Sequence[Seen]) -> Account:
    """The sum of it."""
    thread_of = {one.number: one.thread for one in told}
    last = {one.thread: one.number for one in told}
    shown = {number for one in seen for number in _numbers(one) if number in thread_of}
    # What comes once more, by its key, is no news, and no other word either.
    once = list({one.key: one for one in reversed(seen)}.values())[::-1]
    return Account(
        told=len(told),
        shown=len(shown),
        missed=sum(one.missed for one in once),
        lost=tuple(number for number in last.values() if number not in shown),
        turned=tuple(sorted(set().union(*(_out_of_order(part, thread_of) | _set_back(part, thread_of) for part in _apart(once))))),
        twice=doubled(seen),
        calls=len(seen),
    )


def _apart(seen: Sequence[Seen]) -> tuple[list[Seen], list[Seen]]:
    """Messages, and what stands in their threads: each in an order of its own."""
    return [one for one in seen if not one.in_thread], [one for one in seen if one.in_thread]


def _out_of_order(seen: Sequence[Seen], thread_of: dict[int, str]) -> set[int]:
    """What was seen for the first time before something older of its story."""
    first: dict[int, int] = {}
    for moment, one in enumerate(seen):
        for number in _numbers(one):
            first.setdefault(number, moment)
    threads: dict[str, list[int]] = {}
    for number in sorted(first):
        if number in thread_of:
            threads.setdefault(thread_of[number], []).append(number)
    return {later for numbers in threads.values() for earlier, later in pairwise(numbers) if first[earlier] > first[later]}


def _set_back(seen: Sequence[Seen], thread_of: dict[int, str]) -> set[int]:
    """What was put in the place of something newer of its story."""
    newest: dict[tuple[str, str], int] = {}
    found = set()
    for one in seen:
        highest = {thread_of[number]: number for number in sorted(_numbers(one)) if number in thread_of}
        for thread, number in highest.items():
            if number < newest.get((one.place, thread), number):
                found.add(number)
            newest[one.place, thread] = number
    return found


def _numbers(one: Seen) -> list[int]:
    return [int(name[1:]) for name in one.tokens]
