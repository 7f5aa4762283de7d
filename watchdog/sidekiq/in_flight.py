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
            if change.kind is not Kind.JOB:
                continue
            domain = None if isinstance(change, Gone) else change.fields.get("domain")
            before = self._jobs.pop(change.id, None) if isinstance(change, Gone) or domain is not None else None
            if before is not None:
                self._counts[before] -= 1
                if not self._counts[before]:
                    del self._counts[before]
                yield before
            if domain is not None:
                self._jobs[change.id] = domain
                self._counts[domain] += 1
                yield domain
