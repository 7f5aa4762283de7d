"""What became of what was told: whether all of it has arrived, in order, and what came twice; counted from what the far side has, and from nothing else."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.service.faults.far_sides import Seen, doubled


class Told(NamedTuple):
    """A notice that was committed: its number, its story, and where that is shown."""

    number: int
    thread: str
    group: str


class Account(NamedTuple):
    """
    `lost` are the numbers of stories whose newest turn nobody was shown; `turned` those that came in the wrong order, or that an older turn was shown over. Of what was told, `shown` turns were seen themselves and
    `missed` were counted to whoever reads; `twice` messages came more than once, `calls` is how many came at all.
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
    threads: dict[str, list[int]] = {}
    for one in told:
        threads.setdefault(one.thread, []).append(one.number)
    thread_of = {one.number: one.thread for one in told}
    arrivals = [(one, [int(name[1:]) for name in one.tokens]) for one in seen]
    shown = {number for _, numbers in arrivals for number in numbers if number in thread_of}
    lost = [numbers[-1] for numbers in threads.values() if numbers[-1] not in shown]
    turned: set[int] = set()
    newest: dict[tuple[str, str], int] = {}
    known: set[str] = set()
    for one, numbers in arrivals:
        repeated, _ = one.key in known, known.add(one.key)
        for thread, highest in _highest(numbers, thread_of):
            place = (one.place, thread)
            # The same once more is no new word; and what has a place of its own can't be set back there.
            if not repeated and highest < newest.get(place, highest):
                turned.add(highest)
            newest[place] = max(newest.get(place, highest), highest)
    first: dict[int, int] = {}
    for moment, (_, numbers) in enumerate(arrivals):
        for number in numbers:
            first.setdefault(number, moment)
    for numbers in threads.values():
        came = [number for number in numbers if number in first]
        turned |= {later for earlier, later in zip(came, came[1:], strict=False) if first[earlier] > first[later]}
    return Account(
        told=len(told), shown=len(shown), missed=sum(one.missed for one in _once(seen)), lost=tuple(lost), turned=tuple(sorted(turned)), twice=doubled(list(seen)), calls=len(seen)
    )  # fmt: skip


def _highest(numbers: Iterable[int], thread_of: dict[int, str]) -> Iterable[tuple[str, int]]:
    found: dict[str, int] = {}
    for number in numbers:
        if (thread := thread_of.get(number)) is not None:
            found[thread] = max(found.get(thread, number), number)
    return found.items()


def _once(seen: Iterable[Seen]) -> Iterable[Seen]:
    return {one.key: one for one in seen}.values()
