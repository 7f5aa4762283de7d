"""
What Sidekiq 7 and later count of each class of jobs, minute by minute, as counters that only grow.

Shapes (metrics/tracking.rb of 7.0 … 8.1): a hash a minute of UTC, `j|20261122|8:5` in 7 and `j|261122|8:05` from 8.0 on, with the fields `<class>|p` (runs,
the failed ones included), `<class>|f` (failed ones) and `<class>|ms` (milliseconds of the others). Every process adds to the minute in which it beats, by its own
clock: a minute is added to while it lasts, and for a moment afterwards.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from watchdog.sidekiq.decode import count, name

MINUTE: Final = 60_000
_MOST_CLASSES: Final = 5_000
_KEPT: Final = 5
"""Over so many complete minutes the average run time is taken."""


class Counts(msgspec.Struct):
    """Runs, those of them that failed, and the milliseconds that the others took."""

    processed: int = 0
    failed: int = 0
    took: int = 0

    def add(self, other: "Counts") -> None:
        """These on top."""
        self.processed += other.processed
        self.failed += other.failed
        self.took += other.took

    def beyond(self, before: "Counts") -> "Counts":
        """What has come on top since; all of it where something became less, because then the hash was begun anew."""
        if self.processed < before.processed or self.failed < before.failed or self.took < before.took:
            return self
        return Counts(self.processed - before.processed, self.failed - before.failed, self.took - before.took)


def buckets(minute: int) -> tuple[str, str]:
    """What stands behind `j|` in the names of that minute's hashes: in Sidekiq 7, and from 8.0 on. Minutes count from 1970."""
    moment = datetime.fromtimestamp(minute * 60, UTC)
    return (
        f"{moment:%Y%m%d}|{moment.hour}:{moment.minute}",
        f"{moment:%y%m%d}|{moment.hour}:{moment:%M}",
    )


def decode_bucket(fields: Mapping[bytes, bytes]) -> tuple[dict[str, Counts], tuple[str, ...]]:
    """The counts of a minute by class, and what is wrong with it."""
    found: dict[str, Counts] = {}
    wrong: dict[str, None] = {}
    for field, raw in fields.items():
        job_class, _, what = field.rpartition(b"|")
        called, value = name(job_class), count(raw)
        if called is None or what not in (b"p", b"f", b"ms"):
            wrong["a field does not name a class and what is counted"] = None
        elif value is None:
            wrong["it holds something that is not a count"] = None
        else:
            counts = found.setdefault(called, Counts())
            match what:
                case b"p":
                    counts.processed = value
                case b"f":
                    counts.failed = value
                case _:
                    counts.took = value
    return found, tuple(wrong)


class ClassCounters:
    """
    The counters of all classes since the first reading, at most 5,000 of them.

    What the hashes held at the first reading is where counting begins. Whatever comes later is counted once, into the minute to which it was added.
    """

    def __init__(self) -> None:
        self.totals: dict[str, Counts] = {}
        self.full = False
        self._seen: dict[str, dict[str, Counts]] = {}
        self._minutes: deque[tuple[int, dict[str, Counts]]] = deque()
        self._begun = False

    def take(self, minute: int, bucket: str, now: Mapping[str, Counts]) -> dict[str, int]:
        """A hash as it is now: how many runs of each class have come on top. The hashes of one reading are followed by `settle`."""
        runs: dict[str, int] = {}
        before = self._seen.get(bucket, {})
        self._seen[bucket] = dict(now)
        for job_class, counts in now.items():
            news = counts.beyond(before.get(job_class, Counts())) if self._begun else Counts()
            if job_class not in self.totals and len(self.totals) >= _MOST_CLASSES:
                self.full = True
                continue
            self.totals.setdefault(job_class, Counts()).add(news)
            runs[job_class] = news.processed
            if news.processed or news.took:
                self._of(minute).setdefault(job_class, Counts()).add(news)
        return runs

    def settle(self, current: int, buckets_read: Iterable[str]) -> None:
        """A reading is complete: `current` is the minute that still lasts. Hashes that were not read any more are forgotten."""
        self._begun = True
        self._seen = {bucket: self._seen[bucket] for bucket in buckets_read if bucket in self._seen}
        while self._minutes and self._minutes[0][0] < current - _KEPT:
            self._minutes.popleft()

    def average(self, job_class: str, current: int) -> int | None:
        """How long a run that did not fail took on average in the last five complete minutes, in milliseconds; None if there was none."""
        runs = took = 0
        for minute, counts in self._minutes:
            if minute < current and (one := counts.get(job_class)) is not None:
                runs += one.processed - one.failed
                took += one.took
        return round(took / runs) if runs > 0 else None

    def _of(self, minute: int) -> dict[str, Counts]:
        for known, counts in self._minutes:
            if known == minute:
                return counts
        counts = {}
        self._minutes.append((minute, counts))
        return counts
