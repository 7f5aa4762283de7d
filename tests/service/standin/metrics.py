"""
Execution metrics as Sidekiq 7 and 8 keep them: counts for each class and minute, and how long the successful runs took.

Written from metrics/tracking.rb and metrics/shared.rb.
"""

import time
from collections import Counter
from typing import Final

from redis.asyncio import Redis

from tests.service.standin.version import Version

_BUCKETS: Final = (
    20, 30, 45, 65, 100, 150, 225, 335, 500, 750, 1100, 1700, 2500, 3800, 5750, 8500, 13000, 20000,
    30000, 45000, 65000, 100000, 150000, 225000, 335000, 10**20,
)  # fmt: skip
_SHORT_TERM: Final = 8 * 3600
_MID_TERM: Final = 3 * 24 * 3600


class Metrics:
    """What was run since the last flush."""

    def __init__(self, redis: Redis, version: Version) -> None:
        self._redis = redis
        self._version = version
        self._jobs: Counter[str] = Counter()
        self._runs: dict[str, Counter[int]] = {}

    def track(self, job_class: str, milliseconds: int, *, failed: bool) -> None:
        """One run has ended; only successful ones count for the time."""
        if not self._version.measures:
            return
        if failed:
            self._jobs[f"{job_class}|f"] += 1
        else:
            bucket = next(number for number, most in enumerate(_BUCKETS) if milliseconds < most)
            self._runs.setdefault(job_class, Counter())[bucket] += 1
            self._jobs[f"{job_class}|ms"] += milliseconds
        self._jobs[f"{job_class}|p"] += 1

    async def flush(self) -> None:
        """Write them; nothing is written where nothing was run."""
        jobs, runs = self._jobs, self._runs
        self._jobs, self._runs = Counter(), {}
        if not jobs:
            return
        now = time.gmtime()
        if runs:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for job_class, buckets in runs.items():
                    key = self._histogram(job_class, now)
                    grown = [part for bucket, count in sorted(buckets.items()) for part in ("INCRBY", "u16", f"#{bucket}", str(count))]
                    pipeline.execute_command("BITFIELD", key, "OVERFLOW", "SAT", *grown)
                    pipeline.expire(key, _SHORT_TERM)
                await pipeline.execute()
        for key, lifetime in self._buckets(now):
            async with self._redis.pipeline(transaction=False) as pipeline:
                for field, count in jobs.items():
                    pipeline.hincrby(key, field, count)
                pipeline.expire(key, lifetime)
                await pipeline.execute()

    def _histogram(self, job_class: str, now: time.struct_time) -> str:
        if self._version.release >= (8,):
            return f"h|{job_class}-{now.tm_mday}-{now.tm_hour}:{now.tm_min}"
        return f"{job_class}-{now.tm_mday:02}-{now.tm_hour:02}:{now.tm_min}"

    def _buckets(self, now: time.struct_time) -> tuple[tuple[str, int], ...]:
        if self._version.release >= (8,):
            minute = f"{time.strftime('%y%m%d', now)}|{now.tm_hour}:{now.tm_min:02}"
            return (f"j|{minute[:-1]}", _MID_TERM), (f"j|{minute}", _SHORT_TERM)
        return ((f"j|{time.strftime('%Y%m%d', now)}|{now.tm_hour}:{now.tm_min}", _SHORT_TERM),)
