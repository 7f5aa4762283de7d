"""What Redis shows of one process, to be changed in one place a test."""

import msgspec

from watchdog.sidekiq.decode import Beat, Info, Work
from watchdog.sidekiq.reading import Reading

ID = "web1:42:cafe"
INFO = Info(host="web1", pid=42, tag="live", version="7.3.2", queues=("push",), threads=5, started_at=1_000_000_000)
START = 1_000_100_000
"""The first beat in the tests by the clock of the process, which has nothing to do with engine time."""


def work(thread: str, *, run_at: int = START - 20_000) -> Work:
    """A job of that thread."""
    return Work(
        run=f"{thread}/jid-{thread}/{run_at // 1000}",
        thread=thread,
        jid=f"jid-{thread}",
        job_class="PushWorker",
        queue="push",
        retries=0,
        run_at=run_at,
    )


def reading(*jobs: Work, at: int = 500_000, beat: int = START, age: int = 0, busy: int | None = None, **changes: object) -> Reading:
    """A healthy reading at engine time `at` of a beat that is `age` old."""
    whole = Reading(
        identity=ID,
        at=at,
        ttl=60_000 - age,
        member=True,
        info=INFO,
        beat=Beat(at=beat, written=b"%d" % beat, busy=len(jobs) if busy is None else busy, quiet=False, rss=1024, rtt=1),
        work=jobs,
        held=len(jobs),
    )
    return msgspec.structs.replace(whole, **changes)


def expired(*, at: int = 600_000, member: bool = True) -> Reading:
    """A reading after a minute of silence."""
    return Reading(identity=ID, at=at, ttl=-2, member=member, info=None, beat=None, work=(), held=0)


def job_id(one: Work) -> str:
    """The id under which a job is told."""
    return f"{ID}/{one.run}"
