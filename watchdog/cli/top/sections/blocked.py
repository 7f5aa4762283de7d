"""The tab of what is wanted and not done: which guard stands in the way, why, and until when."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from watchdog.cli.output import Piece
from watchdog.cli.top.lines import Line, Section, fact
from watchdog.lang.display import lasting
from watchdog.lang.moment import day_and_time
from watchdog.web.paging import Slice
from watchdog.web.views.blocked import Blocked


def _lines(answer: Slice[Blocked]) -> Iterator[Line]:
    for one in answer.items:
        cells: tuple[Piece, ...] = (
            one.rule,
            one.action,
            one.target,
            (one.guard or one.decision, "warn"),
            lasting(one.until_ms),
            one.reason,
        )
        yield Line(key=one.id, cells=cells, item=one, rule=one.rule, entity=one.entity, target=one.target, incident=one.incident)


def _details(line: Line, _more: Any) -> Iterator[Sequence[Piece]]:
    one: Blocked = line.item
    yield (one.rule, "strong"), f" wants {one.action} on {one.target}"
    yield fact("since", day_and_time(one.since_wall))
    yield fact("answer", f"{one.decision}{f' by {one.guard}' if one.guard else ''}")
    yield fact("reason", one.reason)
    yield fact("until", "something changes" if one.until_ms is None else f"{lasting(one.until_ms)} have passed")
    yield fact("asked", f"{one.repeated + 1} times")
    if one.incident:
        yield fact("incident", f"{one.incident}, which stands half-way")


BLOCKED: Final = Section(
    name="blocked",
    short="blocked",
    path="blocked",
    answer=Slice[Blocked],
    tells=frozenset({"blocked"}),
    headings=("rule", "action", "target", "guard", "for", "reason"),
    lines=_lines,
    details=_details,
    total=lambda answer: answer.total,
    keeps=frozenset({"reason", "target"}),
    empty="Nothing stands in the way of anything.",
)
