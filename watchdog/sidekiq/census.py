"""
Counting the whole retry set once, in pages, while it goes on changing.

By score and not with ZSCAN: whatever is there from the beginning to the end is met exactly once (ZSCAN may give a member twice, and walks
the table in an order that says nothing), and afterwards it is known of every entry whether it was met: it was there when the page with its score
was read, or it was not. So what failed and what left meanwhile can be counted in without any member being remembered.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from watchdog.sidekiq.failed import Failed
from watchdog.sidekiq.pages import END
from watchdog.sidekiq.pending import Pending
from watchdog.sidekiq.retry_book import Book


class Walk:
    """Up to which score the pages went, and when each was read (seconds of Redis' clock)."""

    def __init__(self) -> None:
        self._ends = array("d")
        self._times = array("d")

    @property
    def reached(self) -> float:
        """Everything up to this score has been read."""
        return self._ends[-1] if self._ends else -END

    def went(self, score: float, at: float) -> None:
        """A page that was read then ends with that score."""
        self._ends.append(score)
        self._times.append(at)

    def meets(self, score: float, failed_at: float) -> bool:
        """Whether an entry that came into the set then was met, or will be."""
        page = bisect_left(self._ends, score)
        return page == len(self._ends) or failed_at < self._times[page]


class Census:
    """
    A count under way. `near` is the score up to which no frontier will pass over entries any more: of those the census itself must
    remember when they leave.
    """

    def __init__(self, near: float) -> None:
        self.book = Book()
        self.walk = Walk()
        self.near = near
        self._head = Pending()
        self._tail = Pending()

    def met(self, entries: Sequence[Failed | None], scores: Sequence[float]) -> int:
        """The entries of a page, with their scores as far as they lie within `near`; how many are broken."""
        for entry, score in zip(entries, scores, strict=False):
            if entry is not None and score <= self.near:
                self._head.add(score, entry.group, entry.domain)
        return self.book.add(entries)

    def passed(self, score: float, failed: Failed) -> None:
        """The nearest frontier passed over an entry while the census goes on."""
        self._tail.add(score, failed.group, failed.domain)

    def counted(self, score: float, failed: Failed) -> None:
        """A frontier counted an entry; it is added unless a page met it or will."""
        if not self.walk.meets(score, failed.failed_at):
            self.book.add((failed,))

    def leave(self, lowest: float) -> None:
        """Whatever lies below that score has left the set."""
        for _, group, domain in self._head.leave(lowest):
            self.book.take(group, domain)
        for score, group, domain in self._tail.leave(lowest):
            if score <= self.walk.reached:
                self.book.take(group, domain)

    def pending(self) -> Pending:
        """All whose next try is near, once the end is reached."""
        self._head.extend(self._tail)
        return self._head
