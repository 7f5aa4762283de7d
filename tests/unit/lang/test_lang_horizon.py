"""When a condition must be looked at again though nothing happened."""

from collections.abc import Callable
from typing import Any

import pytest

from watchdog.lang.condition import Condition
from watchdog.lang.deadline import NEVER, Deadline
from watchdog.lang.horizon import LOOK_AGAIN
from watchdog.model.kinds import Kind

MakeRow = Callable[..., Any]
ReadCondition = Callable[..., Condition]

NOW = 100_000
READINGS = {"confirmed_at": 90_000, "booted_at": 50_000, "busy": 5, "threads": 10, "quiet": False, "local": True, "rss": 10**9}


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("process.beat_age > 20s", 110_001),
        ("process.beat_age <= 20s", 110_001),
        ("process.beat_age >= 20s", 110_000),
        ("process.beat_age < 20s", 110_000),
        ("20s < process.beat_age", 110_001),
        ("process.beat_age > 10s", 100_001),
        ("process.beat_age >= 10s", None),
        ("process.beat_age > 5s", None),
        ("process.beat_age == 20s", 110_000),
        ("process.beat_age == 10s", 100_001),
        ("process.beat_age != 10s", 100_001),
        ("process.beat_age == 5s", None),
        ("process.beat_age in [5s, 20s, 30s]", 110_000),
        ("process.beat_age > 0", None),
        ("process.beat_age > -5s", None),
        ("not process.beat_age > 20s", 110_001),
        ("process.uptime - 1m > 0", 110_001),
        ("1m - process.uptime < 0", 110_001),
        ("process.uptime > process.beat_age", None),
        ("process.uptime + process.beat_age > 80s", 110_001),
        ("-process.uptime < -1m", 110_001),
        ("process.uptime * 2 >= 2m", 110_000),
        # joined
        ("process.beat_age > 20s and process.uptime > 55s", 110_001),
        ("process.beat_age > 20s or process.uptime > 55s", 105_001),
        ("process.beat_age > 5s and process.uptime > 55s", 105_001),
        ("process.quiet and process.beat_age > 20s", None),
        ("process.local and process.beat_age > 20s", 110_001),
        ("process.local or process.beat_age > 20s", None),
        ("process.alive and process.beat_age > 20s", 110_001),
        ("not (process.quiet and process.beat_age > 20s)", None),
        ("process.quiet == (process.beat_age > 20s)", 110_001),
        ("process.busy > 3", None),
        ("process.pid > 3", None),
        # floats: early by the room for rounding, never late
        ("process.uptime * 50% > 30s", 109_999),
        ("process.uptime / 2 >= 30s", 109_998),
        # no straight line
        ("process.rss / process.uptime > 1MB/s", NOW + LOOK_AGAIN),
        ("process.uptime / process.beat_age > 600%", NOW + LOOK_AGAIN),
        ("process.pid / process.uptime > 1/s", None),
        ("process.uptime / (process.threads - 10) > 5s", None),
        ("process.uptime * process.pid > 5s", None),
    ],
)
def test_a_deadline_is_the_first_moment_at_which_time_alone_can_matter(
    text: str, engine: int | None, condition: ReadCondition, row: MakeRow
):
    """Crossings are computed to the millisecond; what can't change by time alone has none."""
    assert condition(text).deadline(row(Kind.PROCESS, **READINGS), NOW) == Deadline(engine, None)


def test_a_job_waits_for_the_beat_that_confirms_it(condition: ReadCondition, row: MakeRow):
    """Engine time changes nothing for a job; the deadline is a time of a beat."""
    read = condition('job.queue in ["push", "pull"] and job.elapsed > 20s', Kind.JOB)
    process = row(Kind.PROCESS, confirmed_at=90_000)
    job = row(Kind.JOB, started_at=80_000, queue="push")
    assert read.deadline(job, NOW) == NEVER
    job.home = process
    assert read.deadline(job, NOW) == Deadline(None, 100_001)
    process.confirmed_at = 100_001
    assert read.deadline(job, NOW) == NEVER
    job.queue = "mailers"
    process.confirmed_at = 90_000
    assert read.deadline(job, NOW) == NEVER


def test_a_crooked_line_of_a_job_is_looked_at_each_beat(condition: ReadCondition, row: MakeRow):
    """Where no crossing can be computed, each beat counts."""
    read = condition("job.retries / job.elapsed > 1/m", Kind.JOB)
    job = row(Kind.JOB, started_at=80_000, retries=3)
    assert read.deadline(job, NOW) == NEVER
    job.home = row(Kind.PROCESS, confirmed_at=90_000)
    assert read.deadline(job, NOW) == Deadline(None, 90_001)


def test_without_the_moment_it_counts_from_there_is_no_deadline(condition: ReadCondition, row: MakeRow):
    """What is unknown stays unknown until a reading comes."""
    for text in ("process.beat_age > 20s", "process.beat_age * 50% > 20s", "process.rss / process.uptime > 1MB/s"):
        assert condition(text).deadline(row(Kind.PROCESS), NOW) == NEVER
