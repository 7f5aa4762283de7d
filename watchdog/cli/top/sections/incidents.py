"""The tab of incidents, the newest first, and the whole story of one."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from watchdog.cli.output import Piece
from watchdog.cli.top.feed import Question
from watchdog.cli.top.lines import Line, Section, fact
from watchdog.lang.display import lasting
from watchdog.lang.moment import day_and_time
from watchdog.timeline.timeline import Brief, Timeline
from watchdog.web.paging import Slice

_TELLS: Final = frozenset({"incidents"})


def _lines(answer: Slice[Brief]) -> Iterator[Line]:
    for one in answer.items:
        is_open = one.ended is None
        cells: tuple[Piece, ...] = (
            one.id,
            day_and_time(one.began)[5:16],
            ("goes on" if is_open else lasting(max(0, (one.ended or 0) - one.began)), "warn" if is_open else ""),
            one.rule,
            one.target or one.entity,
            one.action,
            one.outcome,
        )
        # What was no more than an alert is not spoken of by that id.
        known = "" if one.id.startswith("alert:") else one.id
        yield Line(key=one.id, cells=cells, item=one, rule=one.rule, entity=one.entity, target=one.target, incident=known)


def _details(line: Line, more: Any) -> Iterator[Sequence[Piece]]:
    brief: Brief = line.item
    yield (brief.id, "strong"), f": {brief.rule} on {brief.entity}"
    if not isinstance(more, Timeline):
        yield (brief.last,)
        return
    yield (more.summary,)
    yield fact("began", day_and_time(more.began))
    yield fact("ended", "it goes on" if more.ended is None else f"{day_and_time(more.ended)}, after {lasting(more.ended - more.began)}")
    yield fact("outcome", more.outcome)
    if more.condition:
        yield fact("condition", more.condition)
    if more.seen:
        yield fact("seen", ", ".join(more.seen))
    yield fact("told", ", ".join(more.told) or "nobody")
    if more.next:
        yield fact("next", more.next)
    yield ("",)
    for entry in more.entries:
        yield (f"{day_and_time(entry.wall)[11:19]}  ", "dim"), f"{entry.kind.value:<12}  ", entry.text
    if more.cut:
        yield ((f"{more.cut} moments in the middle are left out; `incidents show {brief.id}` has them", "dim"),)
    for said in more.missing:
        yield ((said, "warn"),)


def _more(line: Line) -> Question:
    return Question(f"incidents/{quote(line.key, safe='')}", Timeline, _TELLS)


INCIDENTS: Final = Section(
    name="incidents",
    short="incidents",
    path="incidents",
    answer=Slice[Brief],
    tells=_TELLS,
    headings=("id", "began, UTC", "took", "rule", "target", "action", "outcome"),
    lines=_lines,
    details=_details,
    more=_more,
    total=lambda answer: answer.total,
    keeps=frozenset({"target"}),
    empty="No incident has been written down.",
)
