"""Processes, units and queues as rows of the tables of `status`."""

from collections.abc import Iterator, Sequence
from typing import Final

from watchdog.cli.output import Piece
from watchdog.lang.display import display, lasting
from watchdog.model.kinds import Type
from watchdog.picture.picture import Behind, Process, Queue, Unit

OLD: Final = 30_000
"""The agent writes every ten seconds, and a process beats as often; what is of this age (milliseconds) was not renewed."""
PROCESS_HEADINGS: Final = ("process", "pid", "queues", "threads", "longest job", "beat", "memory", "cpu", "")
BEHIND_HEADINGS: Final = ("process", "jobs", "probe", "")
UNIT_HEADINGS: Final = ("unit", "state", "for", "processes", "restarts", "")
QUEUE_HEADINGS: Final = ("queue", "size", "latency", "threads", "processes", "")


def process_row(process: Process) -> Sequence[Piece]:
    """One under `PROCESS_HEADINGS`."""
    threads = f"{_counted(process.busy)} of {_counted(process.threads)}"
    age = process.beat_age
    return (
        process.target,
        "" if process.pid is None else str(process.pid),
        ", ".join(process.queues or ()),
        threads,
        lasting(process.longest),
        (lasting(age), "bad" if age is not None and age > OLD else ""),
        "" if process.rss is None else display(process.rss, Type.SIZE),
        "" if process.cpu is None else display(process.cpu, Type.RATIO),
        ", ".join(_remarks(process)),
    )


def behind_row(one: Behind) -> Sequence[Piece]:
    """One under `BEHIND_HEADINGS`."""
    remark = f"{one.unreadable:,} more can't be understood" if one.unreadable else ""
    return one.identity, (_counted(one.jobs), "bad"), one.strength or "not known", remark


def unit_row(unit: Unit) -> Sequence[Piece]:
    """One under `UNIT_HEADINGS`."""
    state = f"{unit.state or '?'} ({unit.sub_state or '?'})"
    style = "bad" if unit.state == "failed" else "warn" if unit.state not in (None, "active") else ""
    processes = (_counted(unit.processes), "bad" if unit.state == "active" and unit.processes == 0 else "")
    return unit.name, (state, style), lasting(unit.since_ms), processes, _counted(unit.restarts), ", ".join(_remarks_on(unit))


def _remarks_on(unit: Unit) -> Iterator[str]:
    if unit.result not in (None, "success"):
        yield f"ended last by {unit.result}"
    if unit.job:
        yield f"{unit.job} queued"
    if unit.reload_needed:
        yield "daemon-reload needed"
    if unit.file_state in ("disabled", "masked"):
        yield unit.file_state
    if unit.stop_timeout is not None and unit.sidekiq_timeout is not None and unit.stop_timeout <= unit.sidekiq_timeout:
        yield f"is killed after {lasting(unit.stop_timeout)} at a stop, while Sidekiq waits {lasting(unit.sidekiq_timeout)}"


def queue_row(queue: Queue) -> Sequence[Piece]:
    """One under `QUEUE_HEADINGS`."""
    return (
        queue.name or "",
        _counted(queue.size),
        lasting(queue.latency),
        f"{_counted(queue.busy)} of {_counted(queue.threads)}",
        (_counted(queue.listeners), "bad" if queue.listeners == 0 and queue.size else ""),
        ("paused", "warn") if queue.paused else "",
    )


def _remarks(process: Process) -> Iterator[str]:
    if process.quiet:
        yield "quiet"
    if process.mismatch:
        yield process.mismatch
    elif process.local is False:
        yield "on another host"
    if process.alive is False:
        yield "dead"
    if process.stopped:
        yield "stopped"
    if process.traced:
        yield "traced"


def _counted(number: int | None) -> str:
    return display(number, Type.COUNT)
