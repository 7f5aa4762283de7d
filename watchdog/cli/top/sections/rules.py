"""The tab of rules: each on what it looks at, what fires first, then what is nearest to it."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from watchdog.cli.matrix_view import STYLES, held_of, margin_of, value_of
from watchdog.cli.output import Piece
from watchdog.cli.top.lines import Line, Section, fact
from watchdog.web.views.cells import Cell
from watchdog.web.views.matrix import Line as RuleLine
from watchdog.web.views.matrix import Matrix


def _lines(answer: Matrix) -> Iterator[Line]:
    for rule in answer.lines:
        for cell in rule.cells:
            yield Line(
                key=f"{rule.rule}|{cell.entity}",
                cells=_cells(rule, cell, answer.wall),
                item=(rule, cell, answer.wall),
                rule=rule.rule,
                entity=cell.entity,
                incident=cell.incident,
            )
        if not rule.cells:
            yield Line(
                key=f"{rule.rule}|",
                cells=(rule.rule, "", f"no {rule.kind} to look at", "", "", "", rule.mode),
                item=(rule, None, answer.wall),
            )


def _cells(rule: RuleLine, cell: Cell, now: int) -> tuple[Piece, ...]:
    return (
        rule.rule,
        (cell.state.value, STYLES[cell.state]),
        cell.title or cell.entity,
        value_of(cell),
        margin_of(cell),
        held_of(cell, now),
        rule.mode,
    )


def _details(line: Line, _more: Any) -> Iterator[Sequence[Piece]]:
    rule: RuleLine = line.item[0]
    cell: Cell | None = line.item[1]
    yield (rule.rule, "strong"), f", each {rule.kind}, {rule.severity}, mode {rule.mode}"
    yield fact("condition", rule.condition)
    yield fact("looks at", f"{rule.entities}: {rule.firing} firing, {rule.pending} pending, {rule.unknown} unknown")
    if cell is None:
        return
    yield ("",)
    yield fact("entity", (cell.entity, "strong"))
    yield fact("is", (cell.state.value, STYLES[cell.state]))
    yield fact("decides", cell.part)
    yield fact("value", value_of(cell))
    yield fact("margin", margin_of(cell))
    if held := held_of(cell, line.item[2]):
        yield fact("held for", held)
    if cell.blind:
        yield fact("blind", (", ".join(cell.blind), "bad"))


RULES: Final = Section(
    name="rules",
    short="rules",
    path="matrix",
    answer=Matrix,
    tells=frozenset({"matrix"}),
    headings=("rule", "state", "on", "value", "margin", "held", "mode"),
    lines=_lines,
    details=_details,
    asks={},
    keeps=frozenset({"on"}),
    empty="No rule is in force.",
)
