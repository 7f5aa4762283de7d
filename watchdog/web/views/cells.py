"""One rule on one entity, drawn from the state at one moment."""

import heapq
from enum import StrEnum
from typing import Any, Final

import msgspec

from watchdog.engine.glance import Glance
from watchdog.engine.ledger import Alert, Phase
from watchdog.engine.nearness import Measured
from watchdog.engine.rules import Rule
from watchdog.model.kinds import Type
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row
from watchdog.web.inside import Inside
from watchdog.web.views.alerts import counted, incidents_by_alert
from watchdog.web.views.cutting import Place
from watchdog.web.views.ranking import Near, Ranking, blind, rank_of, unknown

SPARE: Final = 5
"""So many more than are shown are measured: one that was a little farther may have come nearer since it was looked at."""


class CellState(StrEnum):
    """What a rule says of an entity; `true` is what has just become so and will be an alert."""

    FIRING = "firing"
    PENDING = "pending"
    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class Cell(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One rule on one entity. `part` is the text of that part of the condition that decides, `value` what its left side is now and `limit` what it is compared with, `type` how both are written (`model.kinds.Type`); `margin` is how far it is from
    flipping in the same unit: not negative while it is true, not positive while it is false. None where it can't be known or is no comparison of numbers; of a statement `value` is whether it holds.

    `held_ms` of `enough_ms` have passed until a pending alert fires, or one that fires is over; both are 0 without an alert. `blind` are the sources that it rests on and that can't be read.
    """

    entity: str
    state: CellState
    part: str
    type: str
    value: float | str | bool | None
    limit: float | str | bool | None
    margin: float | None
    held_ms: int = 0
    enough_ms: int = 0
    since_wall: int | None = None
    title: str = ""
    incident: str = ""
    blind: tuple[str, ...] = ()


class Drawing:
    """All that cells are drawn from; not to be kept over an `await`."""

    def __init__(self, inside: Inside, ranking: Ranking) -> None:
        state = inside.state
        self._ranking = ranking
        self._world = Glance(state.world)
        self._now = max(inside.at(), state.ledger.at)
        self._incidents = incidents_by_alert(state.ledger)
        self.ledger = state.ledger
        self.alerts: dict[str, list[Alert]] = {}
        for alert in state.ledger.alerts.values():
            self.alerts.setdefault(alert.rule, []).append(alert)

    def looks_at(self, rule: Rule, entity: str) -> bool:
        """Whether the rule has anything to say of it."""
        return f"{rule.name}|{entity}" in self.ledger.alerts or self._row(rule, entity) is not None

    def first(self, rule: Rule, found: Near, limit: int) -> list[tuple[Place, Cell]]:
        """What fires, what is pending, and then what was found to be nearest to it, measured anew; each with its place in the whole."""
        own = self.alerts.get(rule.name, ())
        first = heapq.nsmallest(limit, own, key=place_of_alert)
        cells = [self.placed(rule, alert.entity) for alert in first]
        if len(cells) < limit:
            shown = {alert.entity for alert in own}
            there = [entity for entity in found.nearest if entity not in shown and self._row(rule, entity) is not None]
            cells += sorted((self.placed(rule, entity) for entity in there[: limit + SPARE]), key=_placed)[: limit - len(cells)]
        return cells

    def placed(self, rule: Rule, entity: str) -> tuple[Place, Cell]:
        """The cell, and its place in the line of its rule."""
        alert, row = self.ledger.alerts.get(f"{rule.name}|{entity}"), self._row(rule, entity)
        measured = None if row is None or rule.on is not None else self._ranking.measure(rule)(row, self._now, self._world)
        lost = blind(self.ledger, rule, entity)
        if measured is not None and lost:
            measured = unknown(measured)
        place = place_of_alert(alert) if alert is not None else (rank_of(measured), entity)
        return place, self._cell(rule, entity, alert, measured, lost)

    def _row(self, rule: Rule, entity: str) -> Row | None:
        return self._world.find(rule.each, entity)

    def _cell(self, rule: Rule, entity: str, alert: Alert | None, measured: Measured | None, lost: tuple[str, ...]) -> Cell:
        held, enough = (0, 0) if alert is None else counted(alert, rule, self._now)
        return Cell(
            entity=entity,
            state=_state(alert, measured),
            part="" if measured is None else measured.leaf.text,
            type=(Type.BOOL if measured is None else measured.leaf.type).value,
            value=None if measured is None else _plain(measured.value),
            limit=None if measured is None else _plain(measured.limit),
            margin=None if measured is None else measured.distance,
            held_ms=held,
            enough_ms=enough,
            since_wall=None if alert is None else alert.since_wall,
            title="" if alert is None else alert.title,
            incident=self._incidents.get(f"{rule.name}|{entity}", ""),
            blind=lost,
        )


def place_of_alert(alert: Alert) -> Place:
    """The oldest of those that fire first, then of those that are pending; before everything else."""
    return (0.0 if alert.phase is Phase.FIRING else 1.0) + alert.since_at * 1e-15, alert.entity


def _placed(one: tuple[Place, Cell]) -> Place:
    return one[0]


def _state(alert: Alert | None, measured: Measured | None) -> CellState:
    if alert is not None:
        return CellState.FIRING if alert.phase is Phase.FIRING else CellState.PENDING
    if measured is None or measured.truth is None:
        return CellState.UNKNOWN
    return CellState.TRUE if measured.truth else CellState.FALSE


def _plain(value: Any) -> float | str | bool | None:
    return value if value is not MISSING and isinstance(value, int | float | str) else None
