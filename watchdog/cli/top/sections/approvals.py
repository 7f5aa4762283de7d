"""The tab of what a person is asked, with what was found and until when it can be answered."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from watchdog.cli.output import Piece
from watchdog.cli.top.lines import Line, Section, fact
from watchdog.lang.display import lasting
from watchdog.lang.moment import day_and_time
from watchdog.web.paging import Slice
from watchdog.web.views.approvals import ApprovalSeen


def _lines(answer: Slice[ApprovalSeen]) -> Iterator[Line]:
    for one in answer.items:
        cells: tuple[Piece, ...] = (
            (one.id, "strong"),
            (one.standing, "warn" if one.standing == "open" else "good"),
            lasting(one.left_ms),
            one.action,
            one.target,
            one.rule,
            _because(one),
        )
        yield Line(
            key=one.id, cells=cells, item=one, rule=one.rule, entity=one.entity, target=one.target, approval=one.id, incident=one.incident
        )


def _because(one: ApprovalSeen) -> str:
    return "; ".join(ground.reason for ground in one.grounds) or "the mode is ask"


def _details(line: Line, _more: Any) -> Iterator[Sequence[Piece]]:
    one: ApprovalSeen = line.item
    yield (one.id, "strong"), f": {one.action} on {one.target}, of rule {one.rule}"
    yield fact("because", _because(one))
    yield fact("asked", day_and_time(one.asked_wall))
    yield fact("left", f"{lasting(one.left_ms)}, else it is not done")
    yield fact("condition", one.condition)
    if one.seen:
        yield fact("seen", ", ".join(one.seen))
    if one.needed > 1 or one.approved_by:
        yield fact("approved", f"{len(one.approved_by)} of {one.needed}{': ' if one.approved_by else ''}{', '.join(one.approved_by)}")
    if one.settled:
        yield fact("settled", one.settled)
    yield ("",)
    yield (("What would be done", "strong"),)
    for stage in one.stages:
        yield (f"  {stage}",)


APPROVALS: Final = Section(
    name="approvals",
    short="asked",
    path="approvals",
    answer=Slice[ApprovalSeen],
    tells=frozenset({"approvals"}),
    headings=("id", "is", "left", "action", "target", "rule", "because"),
    lines=_lines,
    details=_details,
    total=lambda answer: answer.total,
    keeps=frozenset({"target", "because"}),
    empty="Nothing is asked.",
)
