"""From the engine's picture to one value of each line. Pure; at most a look at each queue and process."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from watchdog.engine.state import State
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row
from watchdog.web.charts.spec import CHARTS, Chart


class Look(msgspec.Struct, frozen=True):
    """
    What is seen at one moment: chart → whose → value, and `weight`: kind → whose → how much speaks for a line of its own.

    A chart that is not there was not to be seen: nothing is known of any of its lines.
    """

    values: Mapping[str, Mapping[str, float]]
    weights: Mapping[str, Mapping[str, float]]


def look(state: State, own: Mapping[str, float]) -> Look:
    """
    What `state` shows; `own` is what the agent has measured of itself, by the names of those charts.

    What a source once said is of no worth while it can't be read: then there is nothing, not what was.
    """
    values: dict[str, Mapping[str, float]] = {chart.name: {"": own[chart.name]} for chart in CHARTS if chart.name in own}
    weights: dict[str, Mapping[str, float]] = {}
    for chart in CHARTS:
        if chart.kind is not None and _is_seen(state, chart.source):
            rows = state.world.rows.get(chart.kind, {}).values()
            values[chart.name] = _read(rows, chart)
            if chart.ranked:
                weights[chart.name] = _numbers(rows, chart.ranked)
    return Look(values, weights)


def _is_seen(state: State, source: Source) -> bool:
    # What Redis tells at first is not all that there is; the host tells each process whole.
    known = state.world.complete if source is Source.REDIS else state.world.read_at
    return source in known and source not in state.ledger.lost


def _read(rows: Iterable[Row], chart: Chart) -> Mapping[str, float]:
    numbers = _numbers(rows, chart.field)
    return numbers if chart.ranked else dict(zip(("",), numbers.values(), strict=False))


def _numbers(rows: Iterable[Any], slot: str) -> dict[str, float]:
    return {row.id: float(value) for row in rows if (value := getattr(row, slot)) is not MISSING}


def fields() -> Iterable[tuple[Kind, str]]:
    """What of the engine's picture is looked at: kind and field."""
    for chart in CHARTS:
        if chart.kind is not None:
            yield chart.kind, chart.field
            if chart.ranked:
                yield chart.kind, chart.ranked
