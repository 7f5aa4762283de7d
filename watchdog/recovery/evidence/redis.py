"""The process and its jobs as Redis holds them now, or held them last."""

from watchdog.recovery.evidence.subject import Subject
from watchdog.recovery.evidence.views import Job, Redis
from watchdog.sidekiq.decode import Work, decode_work


async def collect(subject: Subject) -> Redis:
    """Read it anew; raises a `WatchdogError` where Redis can't be read."""
    identity = subject.target.identity
    reading = await subject.picture.reread(identity)
    beat, info = reading.beat, reading.info
    work = reading.work if beat is not None else _last(subject)
    wall = subject.clock.wall()
    return Redis(
        listed=reading.member,
        beat_at=None if beat is None else beat.at,
        quiet=None if beat is None else beat.quiet,
        busy=None if beat is None else beat.busy,
        threads=(None if beat is None else beat.threads) or (None if info is None else info.threads),
        memory=None if beat is None else beat.rss,
        version="" if info is None else info.version,
        tag="" if info is None else info.tag,
        queues=() if info is None else info.queues,
        jobs=tuple(Job(one.jid, one.job_class, one.queue, one.thread, one.retries, max(0, wall - one.run_at)) for one in work),
    )


def _last(subject: Subject) -> tuple[Work, ...]:
    noted = subject.picture.noted(subject.target.identity)
    found = (decode_work("", thread, raw) for thread, raw in sorted(noted.entries.items())) if noted is not None else ()
    return tuple(one for one in found if isinstance(one, Work))
