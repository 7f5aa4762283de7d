"""Which domains the running jobs are going to, counted from what is said of jobs."""

from collections import Counter
from collections.abc import Iterator, Sequence

from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind


class InFlight:
    """How many jobs that bring something to another server run, by its domain."""

    def __init__(self) -> None:
        self._jobs: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def of(self, domain: str) -> int:
        """How many run to that domain."""
        return self._counts.get(domain, 0)

    def held(self, least: int) -> list[str]:
        """The domains to which at least so many run."""
        return [domain for domain, number in self._counts.items() if number >= least]

    def hear(self, changes: Sequence[Delta | Gone]) -> Iterator[str]:
        """Take in what was said; the domains whose count changed by it."""
        for change in changes:
            match change:
                case Gone(kind=Kind.JOB):
                    yield from self._end(change.id)
                case Delta(kind=Kind.JOB, fields={"domain": str(domain)}):
                    yield from self._end(change.id)
                    self._jobs[change.id] = domain
                    self._counts[domain] += 1
                    yield domain
                case Delta(kind=Kind.PROCESS, fields={"listed": False}):
                    # Its jobs left with it; should it come back, they are told anew.
                    for job in [job for job in self._jobs if job.startswith(f"{change.id}/")]:
                        yield from self._end(job)

    def _end(self, job: str) -> Iterator[str]:
        domain = self._jobs.pop(job, None)
        if domain is not None:
            self._counts[domain] -= 1
            if not self._counts[domain]:
                del self._counts[domain]
            yield domain
