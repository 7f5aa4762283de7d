"""
From samples of one process to its readings. Pure.

What a rate or a standstill is, only two samples tell. A standstill counts from look to look, never from a look to now, and a gap between two looks
(the machine slept, the agent was held) counts as one ordinary step at most: whatever held the agent held the process too.
"""

from typing import Any, Final

import msgspec

from watchdog.host.children import Child
from watchdog.host.sample import Sample
from watchdog.host.threads import Thread

_SHORTEST: Final = 500
"""Milliseconds; over less than that ticks of 10 ms say nothing."""
_MOST_CORES: Final = 8192
_SECOND: Final = 1000
_WAITS: Final = "D"
_LEAST_WAKES: Final = 4
_MOST_WAKES: Final = 14
"""A second, around the ten of Ruby: a machine that is busy wakes it late, and a look is not exact."""
_PACE: Final = 800
"""Milliseconds; of looks that are nearer than that to each other nobody can tell the pace."""
_SURE: Final = 5_000
"""Milliseconds of waiting for the lock after which one odd look is no movement yet: on a machine that is busy the look or the thread comes late."""
_SPAN: Final = 6_000
"""Milliseconds over which the pace has to be right then."""

Readings = dict[str, Any]


class Seen(msgspec.Struct, frozen=True):
    """
    The last sample, and for how many milliseconds the heartbeat thread and each child (by pid and start) have stood still.

    `heart_queues` is the same for a heartbeat thread that does nothing but wait for Ruby's lock, `queued` the samples of that, as far as `_SPAN` reaches back, and `paced` the sample since which its pace is measured, where that is not the last one;
    `heart_moved_at` is the engine time at which that thread was last seen to have done something, None if it never was.
    """

    sample: Sample
    paced: Sample | None = None
    heart_still: int = 0
    heart_queues: int = 0
    queued: tuple[Sample, ...] = ()
    heart_moved_at: int | None = None
    still: dict[tuple[int, int], int] = {}


def see(before: Seen | None, now: Sample, *, step: int) -> Seen:
    """The next sample of the same process; `step` is how many milliseconds looks are apart in ordinary times."""
    if before is None:
        return Seen(now)
    last = before.sample
    passed = min(max(0, now.at - last.at), 2 * step)
    ran = {(child.pid, child.born): child.ran for child in last.children or ()}
    still = {
        (child.pid, child.born): before.still.get((child.pid, child.born), 0) + passed
        for child in now.children or ()
        # In a frozen control group nothing can run, and none of it hangs.
        if ran.get((child.pid, child.born)) == child.ran and not now.frozen and not last.frozen
    }
    stands = bool(now.heart) and now.heart == last.heart
    paced = before.paced or last
    is_short = bool(before.heart_queues) and now.at - paced.at < _PACE
    queued = tuple(sample for sample in before.queued if now.at - sample.at <= _SPAN)
    queues = (
        is_short
        or (now.heart != paced.heart and _queues(paced, now))
        or (before.heart_queues >= _SURE and len(queued) > 1 and _queues(queued[0], now))
    )
    moved = bool(now.heart) and bool(last.heart) and not stands and not queues
    waited = 0 if is_short else min(max(0, now.at - paced.at), 2 * step)
    return Seen(
        now,
        paced=paced if is_short else None,
        heart_still=before.heart_still + passed if stands else 0,
        heart_queues=before.heart_queues + waited if queues else 0,
        queued=before.queued if is_short else (*(queued or (paced,)), now) if queues else (),
        heart_moved_at=now.at if moved else before.heart_moved_at,
        still=still,
    )


def stood(seen: Seen, child: Child, *, at: int, step: int) -> int:
    """For how many milliseconds a child that was read just now (`at`) has stood still; 0 where it has moved since the last look, or was not there at it."""
    last = next((one for one in seen.sample.children or () if (one.pid, one.born) == (child.pid, child.born)), None)
    if last is None or last.ran != child.ran or seen.sample.frozen:
        return 0
    return _still(seen, child) + min(max(0, at - seen.sample.at), 2 * step)


def _queues(last: Sample, now: Sample) -> bool:
    """
    Whether all that the heartbeat thread has done between two looks is to wait for Ruby's lock.

    Up to Ruby 3.2 the first that waits for it wakes up ten times a second, to see whether it must be taken from its holder (`do_gvl_timer` in
    thread_pthread.c; tried with 3.1). A thread that beats, or tries to, wakes up a few times each beat and then sleeps: over one look that may be as often,
    but never look after look.
    """
    passed = now.at - last.at
    if (
        passed < _SHORTEST
        or not now.heart
        or not last.heart
        or len(now.heart) != len(last.heart)
        or now.threads is None
        or last.threads is None
    ):
        return False
    before, used = dict(last.heart), {thread.id: thread.ticks for thread in last.threads}
    waked = [switches - before.get(thread, switches) for thread, switches in now.heart]
    ticks = [thread.ticks - used.get(thread.id, 0) for thread in now.threads if thread.id in dict(now.heart)]
    return all(_LEAST_WAKES <= count * _SECOND / passed <= _MOST_WAKES for count in waked) and all(0 <= count <= 1 for count in ticks)


def readings(before: Seen | None, seen: Seen, *, ticks_per_second: int, since_boot: int) -> Readings:
    """The readings by slot, None for those that can't be known. `since_boot` (ms) is the time of the sample in the clock of process starts."""
    now = seen.sample
    last = None if before is None else before.sample
    hottest, share = _hottest(last, now, ticks_per_second)
    group = now.group
    return {
        "cpu": None if last is None else _share(now.ticks - last.ticks, now.at - last.at, ticks_per_second),
        "hottest_cpu": share,
        "hottest_thread": None if share is None else hottest.name if hottest is not None else "",
        "hottest_kind": None if share is None else hottest.kind if hottest is not None else "",
        "memory": now.memory,
        "swap": now.swap,
        "native_threads": now.native_threads,
        "heartbeat_thread": None if now.heart is None else bool(now.heart),
        "heartbeat_switches": now.heart[0][1] if now.heart else None,
        "heartbeat_moved": _whole(now.at - seen.heart_moved_at) if now.heart and seen.heart_moved_at is not None else None,
        "heartbeat_still": _whole(max(seen.heart_still, seen.heart_queues)) if now.heart else None,
        "state": now.state,
        "stopped": now.state == "T" or now.frozen,
        "traced": None if now.tracer is None else now.tracer != 0,
        "blocked_threads": _blocked(last, now),
        **_children(seen, ticks_per_second, since_boot),
        "cgroup_memory": group.used,
        "cgroup_limit": group.limit,
        "oom_kills": group.kills,
    }


def _share(ticks: int, passed: int, ticks_per_second: int) -> float | None:
    """So much of one core, to the percent: finer than that it would be news at every look."""
    if passed < _SHORTEST or ticks < 0:
        return None
    share = round(ticks * 100 * _SECOND / (ticks_per_second * passed)) / 100
    return share if share <= _MOST_CORES else None


def _hottest(last: Sample | None, now: Sample, ticks_per_second: int) -> tuple[Thread | None, float | None]:
    """The thread that used most since the last look, and how much; no thread where none used a percent."""
    if last is None or last.threads is None or now.threads is None:
        return None, None
    before = {(thread.id, thread.born): thread.ticks for thread in last.threads}
    used = [(thread.ticks - before.get((thread.id, thread.born), 0), thread) for thread in now.threads]
    ticks, thread = max(used, key=lambda one: one[0], default=(0, None))
    share = _share(ticks, now.at - last.at, ticks_per_second)
    return (thread if share else None), share


def _blocked(last: Sample | None, now: Sample) -> int | None:
    """How many threads waited uninterruptibly at both looks and used nothing between them."""
    if now.threads is None or (last is not None and last.threads is None):
        return None
    before = (last.threads or ()) if last is not None else ()
    waited = {(thread.id, thread.born): thread.ticks for thread in before if thread.state == _WAITS}
    return sum(thread.state == _WAITS and waited.get((thread.id, thread.born)) == thread.ticks for thread in now.threads)


def _children(seen: Seen, ticks_per_second: int, since_boot: int) -> Readings:
    children = seen.sample.children
    if children is None:
        return dict.fromkeys(("children", "oldest_child", "child_still", "child", "child_pid", "child_start_ticks"))
    ages = [max(0, since_boot - child.born * _SECOND // ticks_per_second) for child in children]
    told = max(children, key=lambda child: (_still(seen, child), -child.born), default=None)
    return {
        "children": len(children),
        "oldest_child": _whole(max(ages, default=0)),
        "child_still": _whole(max((_still(seen, child) for child in children), default=0)),
        "child": "" if told is None else told.name,
        "child_pid": 0 if told is None else told.pid,
        "child_start_ticks": 0 if told is None else told.born,
    }


def _still(seen: Seen, child: Child) -> int:
    return seen.still.get((child.pid, child.born), 0)


def _whole(milliseconds: int) -> int:
    return milliseconds // _SECOND * _SECOND
