"""The tab of processes: how much they do, whether they beat, what they cost, and the jobs that have run for longest in them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from watchdog.cli.output import Piece
from watchdog.cli.top.feed import Question
from watchdog.cli.top.lines import Line, Section, counted, fact, share, sized
from watchdog.lang.display import lasting
from watchdog.model.changes import SILENCE
from watchdog.web.paging import Slice
from watchdog.web.views.jobs import JobSeen
from watchdog.web.views.processes import Order, ProcessSeen

_TELLS: Final = frozenset({"processes"})


def _lines(answer: Slice[ProcessSeen]) -> Iterator[Line]:
    for one in answer.items:
        yield Line(key=one.id, cells=_cells(one), item=one, entity=one.id, target=one.target, process=one.id)


def _cells(one: ProcessSeen) -> tuple[Piece, ...]:
    beats = (lasting(one.beat_age), "bad" if one.beat_age is not None and one.beat_age > SILENCE else "")
    return (
        one.target or one.id,
        "" if one.pid is None else str(one.pid),
        f"{counted(one.busy)}/{counted(one.threads)}",
        beats,
        share(one.cpu),
        sized(one.rss if one.memory is None else one.memory),
        lasting(one.longest),
        (", ".join(_remarks(one)), "warn"),
        " ".join(one.queues or ()),
    )


def _remarks(one: ProcessSeen) -> Iterator[str]:
    if one.alive is False:
        yield "dead"
    if one.stopped:
        yield "stopped"
    if one.traced:
        yield "traced"
    if one.quiet:
        yield "quiet"
    if one.mismatch:
        yield one.mismatch
    elif one.local is False:
        yield f"on {one.host}"


def _details(line: Line, more: Any) -> Iterator[Sequence[Piece]]:
    one = more if isinstance(more, ProcessSeen) else line.item
    yield ((one.target, "strong"),)
    yield fact("identity", one.id)
    yield fact("host, pid", f"{one.host or '?'}, {'?' if one.pid is None else one.pid}")
    yield fact("unit", one.unit or "none is known")
    yield fact("tag, Sidekiq", f"{one.tag or '?'}, {one.version or '?'}")
    yield fact("queues", ", ".join(one.queues or ()) or "?")
    yield fact("threads", f"{counted(one.busy)} of {counted(one.threads)} busy")
    yield fact("last beat", f"{lasting(one.beat_age) or '?'} ago")
    yield fact("up", lasting(one.uptime) or "?")
    yield fact("processor", share(one.cpu) or "?")
    yield fact("memory", sized(one.rss if one.memory is None else one.memory) or "?")
    if said := ", ".join(_remarks(one)):
        yield fact("", (said, "warn"))
    yield ("",)
    yield ((f"Jobs that have run for longest ({len(one.jobs)} of {one.running})", "strong"),)
    for job in one.jobs:
        yield job_line(job)


def job_line(job: JobSeen) -> Sequence[Piece]:
    """One job of a list of them."""
    failed = f", failed {job.retries} times before" if job.retries else ""
    return (
        f"  {lasting(job.elapsed) or '?':>8}  ",
        (job.job_class or "?", "strong"),
        f" from {job.queue or '?'}{failed}  ",
        (job.jid or "?", "dim"),
    )


def _more(line: Line) -> Question:
    return Question(f"processes/{quote(line.key, safe='')}", ProcessSeen, _TELLS)


PROCESSES: Final = Section(
    name="processes",
    short="procs",
    path="processes",
    answer=Slice[ProcessSeen],
    tells=_TELLS,
    headings=("process", "pid", "busy", "beat", "cpu", "memory", "longest", "", "queues"),
    lines=_lines,
    details=_details,
    more=_more,
    total=lambda answer: answer.total,
    orders=tuple(order.value for order in Order),
    keeps=frozenset({"process"}),
    empty="No process beats in this Redis.",
)
