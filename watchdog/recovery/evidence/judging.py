"""From what was collected to the traces that name a culprit. Pure."""

from collections.abc import Mapping

from watchdog.engine.culprit import Running, Traces, Worked
from watchdog.recovery.evidence.views import LogTail, Proc, Redis, ThreadDumps, View


def traces_of(views: Mapping[str, View], *, still: bool, wall: int) -> Traces:
    """
    The traces at that wall time.

    A thread runs one job at a time, and the log is newer than the last beat: where both name a job of one thread, it is the log's.
    """
    jobs: dict[str, Running] = {}
    dumps, threads, last, whole = [], [], "", False
    begun: dict[str, Running] = {}
    for view in views.values():
        match view:
            case ThreadDumps():
                dumps = [dump.threads for dump in view.dumps]
            case Proc():
                threads = [Worked(one.id, one.kind, one.name, one.born, one.used, one.runs) for one in view.threads or ()]
            case LogTail():
                last, whole = view.last, view.whole
                begun = {one.jid: Running(one.jid, one.job_class, one.tid, wall - one.at if one.at else None) for one in view.begun}
            case Redis():
                jobs = {one.jid: Running(one.jid, one.job_class, one.tid, one.ran) for one in view.jobs}
    busy = {one.tid for one in begun.values()}
    kept = {} if whole else {jid: one for jid, one in jobs.items() if one.tid not in busy}
    return Traces(
        jobs=(*begun.values(), *(one for jid, one in kept.items() if jid not in begun)),
        threads=tuple(threads), dumps=tuple(dumps), still=still, whole=whole, last=last,
    )  # fmt: skip
