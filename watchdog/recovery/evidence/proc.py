"""
The process as the kernel shows it, over a second.

Read in another thread: a file of the kernel that does not answer must not hold the agent up.
"""

import asyncio
from typing import Final

from watchdog.host.allowance import Allowance, read_allowance
from watchdog.host.sample import Sample, read_sample
from watchdog.recovery.evidence.subject import NotCollectedError, Subject
from watchdog.recovery.evidence.views import ChildUse, Proc, ThreadUse
from watchdog.recovery.inspecting import Inspector, NotInspected

SPAN: Final = 1.0
"""Seconds between two looks: a hundred ticks, so that a share is known to the percent."""
_PATIENCE: Final = 1.5
_RUNS: Final = "R"


async def collect(subject: Subject) -> Proc:
    """Look twice; raises `NotCollectedError` where it is gone or not shown."""
    before = await asyncio.to_thread(_look, subject, subject.clock.at())
    await asyncio.sleep(SPAN)
    now = await asyncio.to_thread(_look, subject, subject.clock.at())
    allowed = await asyncio.to_thread(read_allowance, subject.target.pid, subject.target.start_ticks, subject.here)
    files = None if allowed is None else allowed.files
    if files is None:
        # Whoever may not count them can ask who may, where the operator has turned that on.
        facts = await Inspector(patience=_PATIENCE).facts(subject.target)
        files = None if isinstance(facts, NotInspected) else sum(facts.files.values())
    return _proc(subject, before, now, allowed, files)


def _look(subject: Subject, at: int) -> Sample:
    target = subject.target
    sample = read_sample(target.pid, target.start_ticks, subject.here, at=at)
    if sample is None:
        raise NotCollectedError(f"process {target.pid} has ended, or is not shown to us in {subject.here.proc}")
    return sample


def _proc(subject: Subject, before: Sample, now: Sample, allowed: Allowance | None, files: int | None) -> Proc:
    second = subject.here.ticks_per_second
    span = max(1, now.at - before.at)

    def share(ticks: int) -> float:
        return round(max(0, ticks) * 100_000 / (second * span)) / 100

    earlier = {(thread.id, thread.born): thread.ticks for thread in before.threads or ()}
    ran_before = {(thread.id, thread.born) for thread in before.threads or () if thread.state == _RUNS}
    ran = {(child.pid, child.born): child.ran for child in before.children or ()}
    return Proc(
        state=now.state,
        span=span,
        used=share(now.ticks - before.ticks),
        memory=now.memory,
        swap=now.swap,
        peak=None if allowed is None else allowed.peak,
        group_memory=now.group.used,
        group_limit=now.group.limit,
        files=files,
        limits={} if allowed is None else allowed.limits,
        threads=None if now.threads is None else tuple(
            ThreadUse(
                one.id, one.kind, one.name, one.state, one.born * 1000 // second,
                share(one.ticks - earlier[one.id, one.born]) if (one.id, one.born) in earlier else None,
                one.state == _RUNS or (one.id, one.born) in ran_before,
            )
            for one in now.threads
        ),
        children=None if now.children is None else tuple(
            ChildUse(one.pid, one.name, ran.get((one.pid, one.born)) != one.ran) for one in now.children
        ),
    )  # fmt: skip
