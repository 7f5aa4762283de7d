"""
How many jobs of each queue were run, estimated from what Sidekiq 7 and later count by class.

Nothing in Redis counts runs by queue. But most classes have one queue, and which one is seen when a job of the class runs at a beat, or is the next to run: so
the runs of a class count for the queue in which it was seen last. Where too much was run of classes that were never seen, nothing is said.
"""

from typing import Final

_MOST_CLASSES: Final = 5_000
_ENOUGH: Final = 0.9
"""Of all runs so much must be of classes whose queue was seen."""


class Homes:
    """Class → its queue, and queue → how many jobs of it were run since the first reading."""

    def __init__(self) -> None:
        self._home: dict[str, str] = {}
        self._runs: dict[str, int] = {}
        self._run: dict[str, int] = {}
        # The queues of which a class was seen since they were last known to be gone.
        self._seen: set[str] = set()
        self._is_whole = False

    def saw(self, job_class: str, queue: str) -> None:
        """A job of that class from that queue is running, or will be next."""
        if job_class in self._home or len(self._home) < _MOST_CLASSES:
            self._home[job_class] = queue
            self._seen.add(queue)

    def ran(self, runs: dict[str, int]) -> None:
        """So many more jobs of these classes were run."""
        for job_class, more in runs.items():
            self._runs[job_class] = self._runs.get(job_class, 0) + more
            if (queue := self._home.get(job_class)) is not None:
                self._run[queue] = self._run.get(queue, 0) + more
        seen = sum(run for job_class, run in self._runs.items() if job_class in self._home)
        self._is_whole = bool(self._runs) and seen >= _ENOUGH * sum(self._runs.values())

    def knows(self, queue: str) -> bool:
        """Whether it can be said how many were run: a job of it was seen, and so was one of nearly every class that ran. Never before Sidekiq 7."""
        return self._is_whole and queue in self._seen

    def counted(self, queue: str) -> int:
        """How many jobs of that queue were run, of classes that were seen."""
        return self._run.get(queue, 0)

    def only(self, queues: frozenset[str]) -> None:
        """Forget the queues that are gone."""
        self._seen &= queues
        for queue in self._run.keys() - queues:
            del self._run[queue]
