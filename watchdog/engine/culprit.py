"""
Which job holds its process up, by what was seen of it: the answer of the evidence. Pure.

Three things name a thread, and only one of them is a job's. Sidekiq's tid stands in the work hash, in the log and in a thread dump, so a job and its backtrace are matched for certain. The
kernel, which knows what each thread uses, knows it by a number of its own. A dump lists threads in the order in which Ruby made them, and the kernel's numbers rise in the
same order (tried with 6.4.1 on Ruby 3.1, 7.3.2 and 8.1.7 on Ruby 3.3), until a job fails: its thread dies, and up to Ruby 3.2 a later one may get its number.
So both are matched only where all threads that run jobs were born at once, at the boot of the process.

A process in which nothing moves writes no dump. There a job is named alone only where the log proves that no other one had begun.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from watchdog.model.evidence import Suspect, Suspicion
from watchdog.model.results import DumpedThread

HOT: Final = 0.1
"""Of a core: who uses less holds nobody up. On a busy machine a thread that computes for ever gets no more than this share of it (tried: 0.19 of a core at a load of 6 on two)."""
COLD: Final = 0.25
"""Of what the hottest uses: who uses less does not compete with it."""
BUSY: Final = 0.5
"""Of a core: who uses more computes all the time, also if it was found waiting for a core at one moment."""
PROCESSOR: Final = "processor"
"""What a thread that runs jobs is called: by the host for its kind, and by Sidekiq at the end of its name."""
TOGETHER: Final = 1_000
"""Milliseconds within which the threads of one boot are born."""
MOST: Final = 5
_WAITS: Final = frozenset(
    (
        "sleep",
        "wait",
        "wait_for",
        "wait_readable",
        "wait_writable",
        "select",
        "poll",
        "pop",
        "shift",
        "join",
        "value",
        "synchronize",
        "lock",
        "accept",
        "gets",
    )
)
"""Methods in whose call Ruby waits, and computes nothing."""
_SHOWN: Final = 80


class Running(msgspec.Struct, frozen=True):
    """A job that had begun: `ran` is for how many milliseconds, None if that is not known."""

    jid: str
    job_class: str
    tid: str = ""
    ran: int | None = None


class Worked(msgspec.Struct, frozen=True):
    """A thread as the kernel knows it: `kind` as the host calls it, `born` in milliseconds since the boot of the host, `used` of a core (None if that is not known), `runs` that it was running when it was seen."""

    id: int
    kind: str
    name: str
    born: int
    used: float | None
    runs: bool = False


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was seen of a process.

    `dumps` are thread dumps, the oldest first. `still` says that nothing moves in it. `whole` says that the log proves that no other jobs had begun than these, and `last` is the
    jid of the job whose start is the last that Sidekiq wrote in it, if it is one.
    """

    jobs: tuple[Running, ...] = ()
    threads: tuple[Worked, ...] = ()
    dumps: tuple[tuple[DumpedThread, ...], ...] = ()
    still: bool = False
    whole: bool = False
    last: str = ""


class Judged(msgspec.Struct, frozen=True):
    """As in `EvidenceCollected`."""

    suspects: tuple[Suspect, ...] = ()
    alone: str = ""
    note: str = ""


def judge_traces(traces: Traces) -> Judged:
    """Who is suspected, the surest first; at most five."""
    most = max((thread.used or 0.0 for thread in traces.threads), default=0.0)
    hot = [thread for thread in traces.threads if most >= HOT and (thread.used or 0.0) >= COLD * most]
    if hot and all(thread.kind != PROCESSOR for thread in hot):
        named = ", ".join(sorted({thread.name for thread in hot}))
        return Judged(note=f"what computes in it is no thread that runs jobs: {named}")
    if not traces.jobs:
        return Judged(note="no job is known to have begun in it")
    found = _still(traces) if traces.still else _moving(traces, hot)
    found.sort(key=lambda suspect: -suspect.suspicion.rank)
    note = ""
    if hot and not traces.still and found[0].suspicion is Suspicion.POSSIBLE:
        note = f"{len(hot)} of its threads that run jobs compute, and it is not known which jobs these are"
    alone = found[0].jid if traces.still and found[0].suspicion is Suspicion.PROVEN else ""
    return Judged(tuple(found[:MOST]), alone, note)


def matched(dump: Sequence[DumpedThread], threads: Iterable[Worked]) -> dict[str, Worked]:
    """Sidekiq's tid → the thread of the kernel, of those that run jobs; empty where that is not sure."""
    dumped = [thread.tid for thread in dump if thread.name.endswith(PROCESSOR)]
    known = sorted((thread for thread in threads if thread.kind == PROCESSOR), key=lambda thread: (thread.born, thread.id))
    if not known or len(dumped) != len(known) or known[-1].born - known[0].born > TOGETHER:
        return {}
    return dict(zip(dumped, known, strict=True))


def _still(traces: Traces) -> list[Suspect]:
    if len(traces.jobs) == 1:
        only = traces.jobs[0]
        if traces.whole:
            return [_suspect(only, Suspicion.PROVEN, "nothing moves in the process, and the log proves that no other job had begun")]
        return [_suspect(only, Suspicion.LIKELY, "nothing moves in the process, and no other job is known to have begun")]
    found = []
    for job in traces.jobs:
        if job.jid == traces.last:
            found.append(
                _suspect(
                    job, Suspicion.LIKELY, "nothing moves in the process, and the last that Sidekiq wrote in it is the start of this job"
                )
            )
        else:
            found.append(_suspect(job, Suspicion.POSSIBLE, "nothing moves in the process, and it had begun and not ended"))
    return found


def _moving(traces: Traces, hot: Sequence[Worked]) -> list[Suspect]:
    of = next(filter(None, (matched(dump, traces.threads) for dump in reversed(traces.dumps))), {})
    places = _places(traces)
    computing = {job.tid for job in traces.jobs if _computes(traces, job.tid)}
    found = []
    for job in traces.jobs:
        place = places.get(job.tid)
        is_hot = bool(hot) and of.get(job.tid) in hot
        used = f"{of[job.tid].used:.0%} of a core" if is_hot else ""
        if is_hot and len(hot) == 1 and job.tid in computing:
            sure = computing == {job.tid} and (hot[0].runs or (hot[0].used or 0.0) >= BUSY)
            why = f"its thread is the only one that computes: it uses {used}, {_at(place)}"
            found.append(_suspect(job, Suspicion.PROVEN if sure else Suspicion.LIKELY, why))
        elif is_hot:
            found.append(_suspect(job, Suspicion.LIKELY, f"its thread uses {used}"))
        elif not hot and computing == {job.tid}:
            found.append(
                _suspect(job, Suspicion.LIKELY, f"its thread is the only one of a job that did not wait when it was asked, {_at(place)}")
            )
        elif hot and not of and computing == {job.tid}:
            share = max(thread.used or 0.0 for thread in hot)
            suspicion = Suspicion.LIKELY if len(hot) == 1 else Suspicion.POSSIBLE
            found.append(
                _suspect(
                    job, suspicion, f"one thread uses {share:.0%} of a core, and this job is the only one that does not wait, {_at(place)}"
                )
            )
    return found or _waiting(traces, places)


def _waiting(traces: Traces, places: Mapping[str, str]) -> list[Suspect]:
    """Nobody stands out by what it uses: who stood at the same place both times, and who has been running longest."""
    held = [job for job in traces.jobs if len(traces.dumps) > 1 and job.tid in places and _stood(traces, job.tid)]
    if len(traces.jobs) == 1:
        only = traces.jobs[0]
        at = f", {_at(places.get(only.tid))}" if only in held else ""
        return [_suspect(only, Suspicion.LIKELY, f"it is the only job that runs{_since(only)}{at}")]
    if held:
        return [
            _suspect(job, Suspicion.POSSIBLE, f"its thread was at the same place in two dumps{_since(job)}, {_at(places.get(job.tid))}")
            for job in sorted(held, key=_longest)
        ]
    return [_suspect(job, Suspicion.POSSIBLE, f"it is running{_since(job)}") for job in sorted(traces.jobs, key=_longest)]


def _places(traces: Traces) -> dict[str, str]:
    """Tid → the innermost place at which its thread was last seen."""
    return {thread.tid: thread.frames[0] for dump in traces.dumps for thread in dump if thread.frames}


def _computes(traces: Traces, tid: str) -> bool:
    seen = [thread.frames[0] for dump in traces.dumps for thread in dump if thread.tid == tid and thread.frames]
    return bool(seen) and not any(map(_is_waiting, seen))


def _stood(traces: Traces, tid: str) -> bool:
    seen = {thread.frames for dump in traces.dumps for thread in dump if thread.tid == tid}
    return len(seen) == 1 and all(any(thread.tid == tid for thread in dump) for dump in traces.dumps)


def _is_waiting(place: str) -> bool:
    """`path:12:in `sleep'`, and `path:12:in 'Kernel#sleep'` from Ruby 3.4 on."""
    return place.rstrip("'").rpartition(":in ")[2].lstrip("`'").replace("#", ".").rpartition(".")[2] in _WAITS


def _at(place: str | None) -> str:
    return f"at {place[-_SHOWN:]}" if place else "at a place that is not known"


def _since(job: Running) -> str:
    return f" for {job.ran // 1000} s" if job.ran is not None else ""


def _longest(job: Running) -> tuple[int, str]:
    return -(job.ran or 0), job.jid


def _suspect(job: Running, suspicion: Suspicion, why: str) -> Suspect:
    return Suspect(job.jid, job.job_class, job.tid, suspicion, why)
