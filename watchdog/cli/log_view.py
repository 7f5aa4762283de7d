"""How `log` shows what was read: jobs, what is missing for a proof, and where the threads are."""

from typing import Any

import msgspec

from watchdog.cli.output import Output, Piece, count
from watchdog.lang.display import display
from watchdog.model.findings import Certainty
from watchdog.model.kinds import Type
from watchdog.model.log_lines import LinesLost
from watchdog.model.results import LogRead
from watchdog.sidekiq.log.events import (
    Booted,
    Ended,
    JobEnded,
    JobStarted,
    LogEvent,
    PushedBack,
    Quieted,
    RequeueFailed,
    ShuttingDown,
)

_STYLES = {Certainty.PROVEN: "strong", Certainty.LIKELY: "warn", Certainty.UNKNOWN: "dim"}


def show_log(out: Output, found: LogRead, *, pid: int, unit: str, alive: bool, wall: int) -> None:
    """The answer, for people; `wall` is now."""
    out.line(f"pid {pid}", f" of {unit}" if unit else "", ": it runs" if alive else ": it has ended")
    match found.clean:
        case True:
            out.line(
                ("It ended in good order: ", "good"), f"{count(found.pushed_back, 'unfinished job')} put back into the queue by itself."
            )
        case False:
            out.line(("It could not put back its unfinished jobs: ", "bad"), f"{count(found.not_pushed_back, 'job')} may be lost.")
        case None:
            pass
    if found.findings:
        out.line("Jobs that run:" if alive else "Jobs that ran at its end:")
        out.table(
            ("jid", "class", "thread", "since", "certainty"),
            [
                (one.jid, one.job_class, one.tid, _age(found.started.get(one.jid, 0), wall), (one.certainty.value, _STYLES[one.certainty]))
                for one in found.findings
            ],
        )
    elif not found.clean:
        out.line("No job that has begun and not ended was found.")
    for missing in found.missing:
        out.line("  ", ("missing: ", "warn"), missing)
    if found.threads:
        out.line(f"Thread dump{_ago(found.dumped_at, wall)}:")
        jobs = {one.tid: one for one in found.findings}
        for thread in sorted(found.threads, key=lambda thread: thread.tid not in jobs):
            job = jobs.get(thread.tid)
            out.line(f"  {thread.tid} {thread.name}".rstrip(), f": {job.job_class} {job.jid}" if job else "")
            for frame in thread.frames:
                out.line(("    " + frame, "dim"))
    out.line((f"read: {count(found.lines, 'line')}, {count(found.starts, 'start')} and {count(found.ends, 'end')} of jobs", "dim"))


def event_line(event: LogEvent | LinesLost) -> tuple[Piece, ...]:
    """One line of what happened; empty for what nobody wants to see."""
    match event:
        case JobStarted(tid=tid, jid=jid, job_class=job_class):
            return (f"{tid}  ", "start  ", f"{job_class} {jid}")
        case JobEnded(tid=tid, jid=jid, job_class=job_class, elapsed=elapsed, failed=failed):
            return (f"{tid}  ", ("fail   ", "bad") if failed else "done   ", f"{job_class} {jid} after {display(elapsed, Type.DURATION)}")
        case PushedBack(jobs=jobs):
            return (f"pushed {count(jobs, 'job')} back",)
        case RequeueFailed(jobs=jobs):
            return (("could not push back ", "bad"), count(jobs, "job"))
        case Ended():
            return ("said goodbye",)
        case ShuttingDown():
            return ("shuts down",)
        case Quieted():
            return ("takes no new work",)
        case Booted():
            return ("begins",)
        case LinesLost(reason=reason, lines=lines):
            return (("lines are missing: ", "warn"), reason, f" ({lines:,})" if lines else "")
        case _:
            return ()


def event_plain(event: LogEvent | LinesLost) -> dict[str, Any]:
    """The same for programs."""
    if not event_line(event):
        return {}
    fields: dict[str, Any] = msgspec.to_builtins(event)
    fields.pop("cursor", None)
    return {"event": type(event).__name__, **fields}


def _age(since: int, wall: int) -> str:
    return display(max(0, wall - since) // 1000 * 1000, Type.DURATION) if since else ""


def _ago(at: int, wall: int) -> str:
    return f" of {_age(at, wall)} ago" if at else ""
