"""The last events, as bytes: what a reader who was away for a moment can still have."""

from collections import deque
from itertools import islice
from typing import Final

import msgspec

MOST_EVENTS: Final = 1_000
"""Events that are kept."""
MOST_BYTES: Final = 1_000_000
"""Their bytes altogether."""


class Sent(msgspec.Struct, frozen=True, gc=False):
    """One event: its number in this life of the agent, and the bytes that everybody gets."""

    number: int
    data: bytes


class Ring:
    """Numbers count from 1 without gaps; the oldest events leave as new ones come."""

    def __init__(self, *, most: int = MOST_EVENTS, size: int = MOST_BYTES) -> None:
        self._most = most
        self._size = size
        self._sent: deque[Sent] = deque()
        self.bytes = 0
        self.last = 0

    @property
    def next(self) -> int:
        """The number of the event that comes next."""
        return self.last + 1

    @property
    def first(self) -> int:
        """The number of the oldest event that is kept; that of the next one where none is."""
        return self._sent[0].number if self._sent else self.next

    def __len__(self) -> int:
        return len(self._sent)

    def put(self, data: bytes) -> None:
        """Keeps what was written under the number `next`."""
        self._sent.append(Sent(self.next, data))
        self.last += 1
        self.bytes += len(data)
        while len(self._sent) > self._most or (self.bytes > self._size and len(self._sent) > 1):
            self.bytes -= len(self._sent.popleft().data)

    def has_all_after(self, number: int) -> bool:
        """Whether nothing of what came after the event of that number has left, and that one was one of this ring's."""
        return self.first - 1 <= number <= self.last

    def after(self, number: int, *, size: int) -> list[Sent]:
        """The events after that one, in order, as many as are not more than `size` bytes together, but one in any case."""
        found: list[Sent] = []
        for sent in islice(self._sent, max(0, number + 1 - self.first), None):
            size -= len(sent.data)
            if found and size < 0:
                break
            found.append(sent)
        return found
