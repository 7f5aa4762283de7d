"""
The follower's memory of what one process runs.

An entry of a work hash is a fact; its absence proves something only if the hash was read whole and belongs to
a newer beat. So jobs are added by any reading, and taken away only by a complete one.
"""

from typing import Final

import msgspec

from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.sidekiq.decode import Work
from watchdog.sidekiq.reading import Reading

CUT: Final = 999
"""What `run_at`, cut to whole seconds, can lack in milliseconds; a job counts from the end of that second, so that none ever looks older than it is."""
SLACK: Final = 2_000
"""How long before a beat a job may have begun that this beat did not show: `run_at` is in whole seconds, and writing a beat takes a moment."""


class Confirmed(msgspec.Struct, frozen=True):
    """A beat in both times: `beat` by the clock of its process, `at` in engine time, both milliseconds."""

    beat: int
    at: int

    def engine_time(self, moment: int) -> int:
        """A moment by the clock of the process, in engine time; never later than the beat."""
        return self.at - max(0, self.beat - moment)


class _Job(msgspec.Struct, frozen=True, gc=False):
    work: Work
    started_at: int


class Runs:
    """The jobs of one process, by run."""

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._host = identity.rsplit(":", 2)[0]
        self._jobs: dict[str, _Job] = {}
        # How many of them were taken from each queue.
        self.by_queue: dict[str, int] = {}
        # Engine time of the last beat of which all jobs are known, None before the first.
        self._complete_at: int | None = None
        self._doubtful = False

    def contradicts(self, reading: Reading) -> bool:
        """A second reading of a beat shows other jobs than the first, which was complete."""
        return not self._doubtful and self._jobs.keys() != {work.run for work in reading.work}

    def at_beat(self, reading: Reading, beat: Confirmed) -> tuple[Delta | Gone, ...]:
        """
        Take in what a newer beat shows.

        A work hash that does not match `busy` ends no job, unless that was so at the beat before too.
        """
        whole = reading.held_as_said
        if not whole and not self._doubtful:
            self._doubtful = True
            return self._begin(reading, beat)
        changes = self._end_all_but(reading) + self._begin(reading, beat)
        self._doubtful = not whole
        if whole:
            self._complete_at = beat.at
        return changes

    def within_beat(self, reading: Reading, beat: Confirmed) -> tuple[Delta | Gone, ...]:
        """Take in another reading of the same beat; it ends jobs only if the readings before did not match `busy`."""
        if self._doubtful and reading.held_as_said:
            changes = self._end_all_but(reading) + self._begin(reading, beat)
            self._doubtful = False
            self._complete_at = beat.at
            return changes
        return self._begin(reading, beat)

    def stop(self) -> tuple[Gone, ...]:
        """The process has stopped in good order: nothing runs in it any more."""
        gone = tuple(Gone(Kind.JOB, self._id(run), "pushed back or finished") for run in sorted(self._jobs))
        self._jobs.clear()
        self.by_queue.clear()
        self._complete_at = None
        self._doubtful = False
        return gone

    def all(self) -> tuple[Delta, ...]:
        """Every job as if it were new."""
        return tuple(self._told(run, job) for run, job in sorted(self._jobs.items()))

    def _begin(self, reading: Reading, beat: Confirmed) -> tuple[Delta, ...]:
        new = []
        for work in reading.work:
            if work.run in self._jobs:
                continue
            started = beat.engine_time(work.run_at + CUT)
            if self._complete_at is not None:
                # What a complete beat did not show had not begun by then, whatever the clock of that host says:
                # it may have been set, or the machine may have slept.
                started = max(started, min(beat.at, self._complete_at - SLACK))
            self._jobs[work.run] = job = _Job(work, started)
            self.by_queue[work.queue] = self.by_queue.get(work.queue, 0) + 1
            new.append(self._told(work.run, job))
        return tuple(new)

    def _end_all_but(self, reading: Reading) -> tuple[Gone, ...]:
        ended = sorted(self._jobs.keys() - {work.run for work in reading.work})
        for run in ended:
            queue = self._jobs.pop(run).work.queue
            self.by_queue[queue] -= 1
            if not self.by_queue[queue]:
                del self.by_queue[queue]
        return tuple(Gone(Kind.JOB, self._id(run), "finished") for run in ended)

    def _told(self, run: str, job: _Job) -> Delta:
        work = job.work
        fields = {
            "jid": work.jid,
            "job_class": work.job_class,
            "queue": work.queue,
            "process": self._identity,
            "host": self._host,
            "thread": work.thread,
            "retries": work.retries,
            "started_at": job.started_at,
        }
        if work.domain is not None:
            fields["domain"] = work.domain
        if work.once:
            fields["once"] = True
        return Delta(Kind.JOB, self._id(run), fields)

    def _id(self, run: str) -> str:
        return f"{self._identity}/{run}"
