"""The tab of alerts: what fires, and what may soon."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from watchdog.cli.output import Piece
from watchdog.cli.top.lines import Line, Section, fact
from watchdog.lang.display import lasting
from watchdog.lang.moment import day_and_time
from watchdog.picture.told import told_of
from watchdog.web.paging import Slice
from watchdog.web.views.alerts import AlertSeen

_SEVERITIES: Final = {"critical": "bad", "warning": "warn"}


def _lines(answer: Slice[AlertSeen]) -> Iterator[Line]:
    for one in answer.items:
        style = _SEVERITIES.get(one.severity, "") if one.phase == "firing" else "dim"
        cells: tuple[Piece, ...] = (
            (one.phase, style),
            (one.severity, style),
            lasting(one.for_ms),
            one.rule,
            one.title or one.entity,
            (", ".join(_remarks(one)), "dim"),
        )
        yield Line(
            key=one.id,
            cells=cells,
            item=one,
            rule=one.rule,
            entity=one.entity,
            target=one.target or one.entity,
            incident=one.incident or one.id,
        )


def _remarks(one: AlertSeen) -> Iterator[str]:
    if one.incident:
        yield f"incident {one.incident}"
    if one.acked_by:
        yield f"seen by {one.acked_by}"
    if one.silenced:
        yield "silenced"
    if one.baseline:
        yield "was so before the rule began to act"


def _details(line: Line, _more: Any) -> Iterator[Sequence[Piece]]:
    one: AlertSeen = line.item
    yield (one.rule, "strong"), f" on {one.entity} ({one.kind})"
    if one.title:
        yield (one.title,)
    yield fact("is", (f"{one.phase}, {one.severity}", _SEVERITIES.get(one.severity, "")))
    yield fact("since", f"{day_and_time(one.since_wall)}, {lasting(one.for_ms)} ago")
    what = "until it fires" if one.phase == "pending" else "until it is over"
    yield fact(
        "counted", f"{lasting(one.counted_ms)} of {lasting(one.enough_ms)} {what}{'' if one.counting else ', and it does not count on'}"
    )
    yield fact("target", one.target or "none yet")
    yield fact("told", told_of(one.telling) or "nobody yet")
    for remark in _remarks(one):
        yield fact("", remark)
    yield ("",)
    yield (("w shows why it says so, and why nothing is done about it", "dim"),)


ALERTS: Final = Section(
    name="alerts",
    short="alerts",
    path="alerts",
    answer=Slice[AlertSeen],
    tells=frozenset({"alerts", "matrix", "switches"}),
    headings=("state", "severity", "for", "rule", "what", ""),
    lines=_lines,
    details=_details,
    total=lambda answer: answer.total,
    keeps=frozenset({"what"}),
    empty="No alert.",
)
