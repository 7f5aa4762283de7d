"""
Checked tree → what it demands of the engine: series, aggregates, rows of other entities.

The counterpart of `demands.py`, which says what such a demand is. Each is named once, with the longest window that is asked for.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, Final

import msgspec

from watchdog.lang.checked import Checked, Constant, Elsewhere, Held, Overall, Past, Population, Reading, below, moved_by, remembered
from watchdog.lang.compile import compile_condition, compile_value
from watchdog.lang.deadline import Deadline, earlier, never
from watchdog.lang.demands import Aggregate, Group, Lookup, Scope, Series
from watchdog.lang.evaluate import evaluate
from watchdog.lang.functions import Across
from watchdog.lang.horizon import compile_horizon, compile_look
from watchdog.lang.nowhere import NOWHERE
from watchdog.lang.printer import show
from watchdog.lang.sieve import sieve_of
from watchdog.model.delivery import source_for, sources_among
from watchdog.model.fields import FieldSpec
from watchdog.model.kinds import Source, Type
from watchdog.model.rows import Row

_OF_ALL: Final = frozenset({Across.SHARE, Across.ALL})
"""For these it matters how many there are that do not fit."""


class Demands(msgspec.Struct, frozen=True):
    """All that a tree demands, each once, by name."""

    series: tuple[Series, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    groups: tuple[Group, ...] = ()
    lookups: tuple[Lookup, ...] = ()


def gather(*trees: Checked) -> Demands:
    """What these trees demand together."""
    series: dict[str, Series] = {}
    aggregates: dict[str, Aggregate] = {}
    groups: dict[Group, None] = {}
    lookups: dict[tuple[str, str], Lookup] = {}
    for node in (node for tree in trees for node in _all(tree)):
        match node:
            case Past() | Held():
                known = series.get(node.key)
                if known is None or known.window < node.window:
                    series[node.key] = _series(node) if known is None else msgspec.structs.replace(known, window=node.window)
            case Overall(function=across, population=population, group=group):
                counted = aggregates.get(population.key) or _aggregate(population)
                aggregates[population.key] = counted if counted.of_all else msgspec.structs.replace(counted, of_all=across in _OF_ALL)
                groups[Group(population.key, None if group is None else group.slot)] = None
            case Elsewhere(kind=kind, entity=entity):
                text = show(entity.syntax)
                if (kind, text) not in lookups:
                    lookups[kind, text] = Lookup(kind, text, _finder(entity))
            case _:
                pass
    return Demands(
        tuple(series[key] for key in sorted(series)),
        tuple(aggregates[key] for key in sorted(aggregates)),
        tuple(sorted(groups, key=lambda group: (group.aggregate, group.slot or ""))),
        tuple(lookups[key] for key in sorted(lookups)),
    )


def sources_of(*trees: Checked) -> tuple[Source, ...]:
    """The sources of the fields of the row itself that these trees rest on, sorted."""
    return tuple(sorted({source for tree in trees for source in _own(tree)}))


def sources_elsewhere(*trees: Checked) -> tuple[Source, ...]:
    """Those of the fields of other entities, sorted; where it is not said of which, those of all that could be meant."""
    return tuple(sorted({source for tree in trees for source in _elsewhere(tree)}))


def _own(tree: Checked) -> Iterator[Source]:
    for node in below(tree):
        match node:
            case Reading(spec=spec) | Overall(group=FieldSpec() as spec):
                yield spec.source
            case Past(operand=operand) | Held(operand=operand):
                yield from _own(operand)
            case _:
                pass


def _elsewhere(tree: Checked) -> Iterator[Source]:
    for node in below(tree):
        match node:
            case Elsewhere(kind=kind, entity=Constant(value=str() as entity), spec=spec):
                yield source_for(kind, entity, spec.source)
            case Elsewhere(kind=kind, spec=spec):
                yield from sources_among(kind, (spec.source,))
            case Overall(population=population):
                inside = tuple(part for part in (population.where, population.value) if part is not None)
                yield from sources_among(population.kind, _sources(population, inside))
            case Past(operand=operand) | Held(operand=operand):
                yield from _elsewhere(operand)
            case _:
                pass


def _all(tree: Checked) -> Iterator[Checked]:
    """Every node, also of what the engine evaluates by itself."""
    for node in below(tree):
        yield node
        for inner in remembered(node):
            yield from _all(inner)


def _series(node: Past | Held) -> Series:
    x = node.operand
    deadline: Callable[..., Any] | None = None
    if x.type is Type.BOOL:
        deadline = compile_horizon(x, compile_condition(x))
    return Series(
        key=node.key,
        kind=node.kind,
        text=show(x.syntax),
        type=x.type,
        value=compile_value(x),
        window=node.window,
        sources=sources_of(x),
        reads=moved_by(x),
        counter=x.type in (Type.COUNT, Type.SIZE) and not any(isinstance(node, Reading) and node.spec.older for node in below(x)),
        deadline=deadline,
    )


def _aggregate(population: Population) -> Aggregate:
    where, value, link = population.where, population.value, population.link
    inside = tuple(tree for tree in (where, value) if tree is not None)
    holds = _always if where is None else compile_condition(where)
    until = never if where is None else compile_horizon(where, holds)
    return Aggregate(
        key=population.key,
        kind=population.kind,
        text=population.text,
        link=None if link is None else link.slot,
        holds=holds,
        deadline=until if value is None else _until(holds, until, compile_look(value)),
        value=None if value is None else compile_value(value),
        sources=_sources(population, inside),
        reads=frozenset(() if link is None else (link.slot,)).union(*map(moved_by, inside)),
        of_all=False,
        sieve=_nothing if where is None else cache(partial(sieve_of, where)),
    )


def _sources(population: Population, inside: tuple[Checked, ...]) -> tuple[Source, ...]:
    link = set() if population.link is None else {population.link.source}
    return tuple(sorted({*sources_of(*inside), *sources_elsewhere(*inside), *link}))


def _nothing() -> None:
    return None


def _always(row: Row, now: int, scope: Scope = NOWHERE, /) -> bool:  # noqa: ARG001
    return True


def _until(holds: Callable[..., bool | None], where: Callable[..., Deadline], value: Callable[..., Deadline]) -> Callable[..., Deadline]:
    """When membership or value of an entity can change; the value of one that does not fit matters to nobody."""
    if where is never and value is never:
        return never

    def until(row: Row, now: int, scope: Scope = NOWHERE, /) -> Deadline:
        due = where(row, now, scope)
        return due if holds(row, now, scope) is False else earlier(due, value(row, now, scope))

    return until


def _finder(entity: Checked) -> Callable[[Row, int], str | None]:
    def find(row: Row, now: int) -> str | None:
        found: str | None = evaluate(entity, row, now)
        return found

    return find
