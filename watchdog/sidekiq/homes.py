"""
How many jobs of each queue were run, estimated from what Sidekiq 7 and later count by class.

Nothing in Redis counts runs by queue. But most classes have one queue, and which one is seen whenever a job of the class runs: so the runs of a class count for the
queue in which it was seen last. A class that was never seen running counts for none.
"""

from typing import Final

_MOST_CLASSES: Final = 5_000


class Homes:
    """Class → its queue, and queue → how many jobs of it were run since the first reading."""

    def __init__(self) -> None:
        self.counting = False
        self._home: dict[str, str] = {}
        self._run: dict[str, int] = {}

    def saw(self, job_class: str, queue: str) -> None:
        """A job of that class from that queue is running."""
        if job_class in self._home or len(self._home) < _MOST_CLASSES:
            self._home[job_class] = queue

    def ran(self, job_class: str, runs: int) -> None:
        """So many more jobs of that class were run."""
        self.counting = True
        if (queue := self._home.get(job_class)) is not None:
            self._run[queue] = self._run.get(queue, 0) + runs

    def processed(self, queue: str) -> int | None:
        """How many jobs of that queue were run; None as long as nothing is counted by class (before Sidekiq 7)."""
        return self._run.get(queue, 0) if self.counting else None

    def only(self, queues: frozenset[str]) -> None:
        """Forget the queues that are gone."""
        for queue in self._run.keys() - queues:
            del self._run[queue]
