"""Which thing is due when: a heap that forgets outdated entries by itself."""

from collections.abc import Hashable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

_SLACK = 64


class Deadlines(Generic[Key]):
    """
    At most one deadline a key, on any integer scale.

    Setting a key again replaces its deadline. Keys must be orderable among themselves, so that what is
    due at the same moment comes out in the same order in every run.
    """

    __slots__ = ("_due", "_heap")

    def __init__(self) -> None:
        self._due: dict[Key, int] = {}
        self._heap: list[tuple[int, Key]] = []

    def set(self, key: Key, due: int | None) -> None:
        """`key` is due at `due`, and at no other time; None: never."""
        if due is None:
            # As `drop`: nearly all that are looked at have none.
            self._due.pop(key, None)
        elif self._due.get(key) != due:
            self._due[key] = due
            if len(self._heap) > 2 * len(self._due) + _SLACK:
                self._heap = [(at, owner) for owner, at in self._due.items()]
                heapify(self._heap)
            else:
                heappush(self._heap, (due, key))

    def hasten(self, key: Key, due: int) -> None:
        """`key` is due at `due` at the latest."""
        self.set(key, earlier(self._due.get(key), due))

    def drop(self, key: Key) -> None:
        """`key` is never due."""
        self._due.pop(key, None)

    def next(self) -> int | None:
        """The earliest deadline."""
        heap, due = self._heap, self._due
        while heap and due.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now: int) -> Iterable[Key]:
        """Takes out every key whose deadline is not after `now`, earliest first."""
        # Asked several times each turn, and nearly always nothing is.
        return self._due_by(now) if self._heap and self._heap[0][0] <= now else ()

    def _due_by(self, now: int) -> Iterator[Key]:
        while (due := self.next()) is not None and due <= now:
            _, key = heappop(self._heap)
            del self._due[key]
            yield key

    def plain(self) -> dict[Key, int]:
        """Every key with its deadline, as they are now."""
        return dict(self._due)

    def __len__(self) -> int:
        return len(self._due)


def earlier(one: int | None, other: int | None) -> int | None:
    """The earlier of two times of which each may be never."""
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)
