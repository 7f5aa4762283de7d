"""Rule × entity: what each rule says of what it looks at; what fires comes first, then what is nearest to it."""

import heapq

import msgspec

from watchdog.engine.ledger import Phase
from watchdog.engine.rules import Rule
from watchdog.web.failures import NotThereError
from watchdog.web.inside import Inside
from watchdog.web.views.cells import Cell, CellState, Drawing, place_of_alert
from watchdog.web.views.cutting import Place, place_of, written
from watchdog.web.views.going import mode_now
from watchdog.web.views.ranking import Near, Ranking, rank_of, ranking_of

FEW = 10
"""Entities of each rule that are shown where nobody says how many."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: `entities` counts what it looks at, `unknown` those of which it can't be said, `cells` are the first of them; `next` is what to give as `after`, with its name as `rule`, for those that follow."""

    rule: str
    kind: str
    on: str | None
    condition: str
    severity: str
    mode: str
    entities: int
    firing: int
    pending: int
    unknown: int
    cells: tuple[Cell, ...]
    next: str = ""


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """
    The rules in the order of their files, those that fire first. `wall` is when it was drawn, `seq` the last event by then.

    Which entities are nearest was found out `looked_ms` ago: where there are very many, not each time anew, and at first (None) it is not known yet. What is shown of them is of now.
    """

    wall: int
    seq: int
    looked_ms: int | None
    lines: tuple[Line, ...]


async def matrix(inside: Inside, *, rule: str = "", entity: str = "", after: str = "", limit: int = FEW) -> Matrix:
    """All rules, or all that one rule looks at, or what the rules for its kind say of that entity. Raises `NotThereError` where no such rule is in force."""
    if rule and rule not in inside.rules.by_name:
        raise NotThereError("no rule of that name is in force")
    ranking = ranking_of(inside.state.world)
    if rule and not entity:
        looked: int | None = 0
        lines = [await _whole(inside, ranking, inside.rules.by_name[rule], place_of(after), limit)]
    elif entity:
        lines, looked = _about(inside, ranking, rule, entity), 0
    else:
        near = await ranking.near(inside)
        lines = _first(inside, ranking, near, limit)
        looked = None if ranking.looked_at is None else max(0, inside.at() - ranking.looked_at)
    return Matrix(wall=inside.wall(), seq=inside.seq, looked_ms=looked, lines=tuple(lines))


def _first(inside: Inside, ranking: Ranking, near: dict[str, Near], limit: int) -> list[Line]:
    drawing = Drawing(inside, ranking)
    lines = []
    for rule in inside.rules.rules:
        found = near.get(rule.name, Near())
        cells = drawing.first(rule, found, limit)
        line = _line(inside, drawing, rule, [cell for _, cell in cells], found.unknown)
        more = len(cells) < max(line.entities if rule.on is None else 0, line.firing + line.pending)
        lines.append(msgspec.structs.replace(line, next=written(cells[-1][0])) if cells and more else line)
    return sorted(lines, key=lambda line: line.firing == 0)


def _about(inside: Inside, ranking: Ranking, rule: str, entity: str) -> list[Line]:
    drawing = Drawing(inside, ranking)
    lines = []
    for one in inside.rules.rules:
        if (not rule or one.name == rule) and drawing.looks_at(one, entity):
            cell = drawing.placed(one, entity)[1]
            lines.append(_line(inside, drawing, one, [cell], int(cell.state is CellState.UNKNOWN)))
    return lines


async def _whole(inside: Inside, ranking: Ranking, rule: Rule, begin: Place, limit: int) -> Line:
    unknown, places = 0, list[Place]()
    if rule.on is None:
        async for part in ranking.measured(inside, rule):
            unknown += sum(one.truth is None for _, one in part)
            places.extend((rank_of(one), row.id) for row, one in part)
    # From here on nothing waits: all of it is of one moment.
    drawing = Drawing(inside, ranking)
    own = drawing.alerts.get(rule.name, ())
    alerting = {alert.entity for alert in own}
    there = inside.state.world.rows[rule.each]
    places = [place for place in places if place[1] in there and place[1] not in alerting]
    places += map(place_of_alert, own)
    first = heapq.nsmallest(limit + 1, (place for place in places if place > begin))
    line = _line(inside, drawing, rule, [drawing.placed(rule, entity)[1] for _, entity in first[:limit]], unknown)
    return msgspec.structs.replace(line, next=written(first[limit - 1])) if len(first) > limit else line


def _line(inside: Inside, drawing: Drawing, rule: Rule, cells: list[Cell], unknown: int) -> Line:
    own = drawing.alerts.get(rule.name, ())
    firing = sum(alert.phase is Phase.FIRING for alert in own)
    return Line(
        rule=rule.name,
        kind=rule.each.value,
        on=rule.on,
        condition=rule.condition.text,
        severity=rule.severity.value,
        mode=mode_now(inside, rule).value,
        entities=len(inside.state.world.rows[rule.each]),
        firing=firing,
        pending=len(own) - firing,
        unknown=unknown,
        cells=tuple(cells),
    )
