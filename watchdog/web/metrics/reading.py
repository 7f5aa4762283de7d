"""Metrics that are readings of a field: what the table says is read, and nothing else need be written for a new one."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from watchdog.engine.state import State
from watchdog.model.delivery import source_for
from watchdog.model.fields import BY_KIND, Clock, FieldSpec
from watchdog.model.kinds import Kind, Type
from watchdog.model.missing import MISSING
from watchdog.web.metrics.families import FAMILIES
from watchdog.web.metrics.family import Family
from watchdog.web.metrics.pieces import pieces
from watchdog.web.metrics.sheet import Sheet

_SCALES: Final = {Type.DURATION: 1000.0}
"""Type → by what its values are divided, to be in the units of Prometheus."""


class _Field(msgspec.Struct, frozen=True):
    spec: FieldSpec
    slot: str
    grows: bool
    scale: float


class _Read(msgspec.Struct, frozen=True):
    family: Family
    fields: tuple[_Field, ...]


def _field(path: str) -> _Field:
    kind, _, name = path.partition(".")
    spec = BY_KIND[Kind(kind)][name]
    return _Field(spec, spec.slot, spec.clock is Clock.ENGINE, _SCALES.get(spec.type, 1.0))


def _by_kind() -> dict[Kind, tuple[_Read, ...]]:
    reads = [_Read(family, tuple(map(_field, family.reads))) for family in FAMILIES if family.reads]
    kinds = dict.fromkeys(one.fields[0].spec.kind for one in reads)
    return {kind: tuple(one for one in reads if one.fields[0].spec.kind is kind) for kind in kinds}


_READS: Final = _by_kind()


def read_fields(sheet: Sheet, state: State, at: int) -> Iterator[None]:
    """Every metric that reads a field, of every entity, at engine time `at`, in pieces."""
    for kind, reads in _READS.items():
        is_one = not reads[0].family.labels
        for rows in pieces(state.world.rows[kind]):
            for row in rows:
                labels = () if is_one else (row.id,)
                for family, value in _values(row, reads, at, _sees(sheet, kind, row.id)):
                    sheet.put(family.name, value, *labels)
            yield


def _sees(sheet: Sheet, kind: Kind, entity: str) -> Callable[[FieldSpec], bool]:
    if not sheet.blind:
        return lambda _spec: True
    return lambda spec: source_for(kind, entity, spec.source) not in sheet.blind


def _values(row: Any, reads: tuple[_Read, ...], at: int, sees: Callable[[FieldSpec], bool]) -> Iterator[tuple[Family, float]]:
    for one in reads:
        for field in one.fields:
            value = getattr(row, field.slot)
            if value is not MISSING and sees(field.spec):
                yield one.family, (at - value if field.grows else value) / field.scale
                break
