"""The tab of the audit log, the newest row first."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from watchdog.cli.output import Piece
from watchdog.cli.top.lines import Line, Section, fact
from watchdog.lang.moment import day_and_time
from watchdog.web.paging import Slice
from watchdog.web.views.audit import Row

_STYLES: Final = {"ALLOW": "good", "DENY": "warn", "ASK": "warn", "firing": "bad", "lost": "bad", "failed": "bad", "refused": "warn"}


def _lines(answer: Slice[Row]) -> Iterator[Line]:
    for one in answer.items:
        said = one.decision or one.outcome
        cells: tuple[Piece, ...] = (
            str(one.seq),
            day_and_time(one.wall)[5:],
            one.kind,
            (said, _STYLES.get(said, "")),
            one.rule,
            one.target or one.entity,
            f"{one.guard}: {one.reason}" if one.guard else one.reason,
        )
        yield Line(key=str(one.seq), cells=cells, item=one, rule=one.rule, entity=one.entity, target=one.target, incident=one.incident)


def _details(line: Line, _more: Any) -> Iterator[Sequence[Piece]]:
    one: Row = line.item
    yield (f"row {one.seq}", "strong"), f" of {day_and_time(one.wall)}"
    for name, value in msgspec.structs.asdict(one).items():
        if name not in ("seq", "wall", "detail", "would_at", "hash") and value:
            yield fact(name, str(value))
    if one.would_at is not None:
        yield fact("would be at", day_and_time(one.would_at))
    for name, value in one.detail.items():
        yield fact(name, str(value))


AUDIT: Final = Section(
    name="audit",
    short="audit",
    path="audit",
    answer=Slice[Row],
    tells=frozenset({"audit"}),
    headings=("row", "when, UTC", "kind", "said", "rule", "target", "reason"),
    lines=_lines,
    details=_details,
    total=lambda answer: answer.total,
    asks={"limit": 100},
    keeps=frozenset({"reason"}),
    empty="The audit log is empty.",
)
