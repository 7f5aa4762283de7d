"""The tab of jobs in flight, those first that have run for longest. Never what they were told to do."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from watchdog.cli.output import Piece
from watchdog.cli.top.lines import Line, Section, fact
from watchdog.lang.display import lasting
from watchdog.web.paging import Slice
from watchdog.web.views.jobs import JobSeen


def _lines(answer: Slice[JobSeen]) -> Iterator[Line]:
    for one in answer.items:
        cells = (
            lasting(one.elapsed),
            one.job_class or "?",
            one.queue or "?",
            "" if one.retries is None else str(one.retries),
            one.process,
            one.jid or "?",
        )
        yield Line(key=f"{one.process}|{one.thread}|{one.jid}", cells=cells, item=one, target=one.process, process=one.process)


def _details(line: Line, _more: Any) -> Iterator[Sequence[Piece]]:
    one: JobSeen = line.item
    yield ((one.job_class or "?", "strong"),)
    yield fact("id", one.jid or "?")
    yield fact("queue", one.queue or "?")
    yield fact("runs for", lasting(one.elapsed) or "?")
    yield fact("process", one.process)
    yield fact("thread", one.thread or "?")
    if one.domain:
        yield fact("goes to", one.domain)
    yield fact("failed", "?" if one.retries is None else f"{one.retries} times before")
    if one.once:
        yield fact("", ("after a failure Sidekiq does not run it again", "warn"))


JOBS: Final = Section(
    name="jobs",
    short="jobs",
    path="jobs",
    answer=Slice[JobSeen],
    tells=frozenset({"processes"}),
    headings=("runs for", "class", "queue", "failed", "process", "id"),
    lines=_lines,
    details=_details,
    total=lambda answer: answer.total,
    keeps=frozenset({"class"}),
    empty="No job runs.",
)
