"""
What a rule asks of an entity: a text that has been read, checked and compiled.

The counterpart of everything else in this package, which makes it. A condition is a value: it holds no row, no clock and no
history, and gives the same answer to the same question.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import final

import msgspec

from watchdog.errors import Problem
from watchdog.lang import syntax
from watchdog.lang.check import Checker
from watchdog.lang.checked import Checked, Every, mentions, moved_by
from watchdog.lang.compile import Predicate, Sweep, compile_condition, compile_sweep
from watchdog.lang.complaint import Complaints
from watchdog.lang.deadline import Deadline, Horizon, never
from watchdog.lang.demands import Aggregate, Group, Lookup, Series, Sieve
from watchdog.lang.gather import gather, sources_elsewhere, sources_of
from watchdog.lang.horizon import compile_horizon
from watchdog.lang.names import NO_NAMES, Names, read_names, resolve
from watchdog.lang.parser import parse
from watchdog.lang.printer import show
from watchdog.lang.reference import Reference, read_reference
from watchdog.lang.sieve import sieve_of
from watchdog.lang.text import Text
from watchdog.model.delivery import sources_for
from watchdog.model.fields import FieldSpec
from watchdog.model.kinds import Kind, Source

__all__ = ["NO_NAMES", "Condition", "Deadline", "Names", "Reference", "both", "read_condition", "read_names", "read_reference"]


@final
class Condition(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """
    A condition on entities of one kind.

    `text` is the canonical text; two conditions are equal if it and the kind are. `fields` are those that it rests on, also
    of other entities, `sources` their sources, both sorted; `own` are those of the row itself, `elsewhere` those of other entities. `holds(row, now, scope)` is its truth at engine time `now` (milliseconds),
    None where it can't be known; `deadline(row, now, scope)` is until when that stays so if nothing but time goes on. Both take a row
    of `kind` and never raise for a missing reading. `sweep(rows, now, scope)` gives those rows of which it is not false.

    `reads` are the slots of the row of which a change can change its truth at once. One that `stands_alone` rests on these and on nothing else: neither on time nor on what has been nor on others. `sieve()` is the part of it that rests on names alone, worked out when it is first asked for.

    `series`, `aggregates`, `groups` and `lookups` are what it demands of the engine behind `scope`; where there are none, any scope does.
    """

    text: str
    kind: Kind
    tree: Checked
    fields: tuple[FieldSpec, ...]
    sources: tuple[Source, ...]
    own: tuple[Source, ...]
    elsewhere: tuple[Source, ...]
    reads: frozenset[str]
    stands_alone: bool
    sieve: Callable[[], Sieve | None]
    series: tuple[Series, ...]
    aggregates: tuple[Aggregate, ...]
    groups: tuple[Group, ...]
    lookups: tuple[Lookup, ...]
    # Functions held by the instance: a method that calls them would cost as much as they do.
    holds: Predicate
    deadline: Horizon
    sweep: Sweep

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Condition):
            return NotImplemented
        return self.kind == other.kind and self.text == other.text

    def rests_on(self, entity: str) -> tuple[Source, ...]:
        """The sources for this entity of the kind: one of several servers has its own."""
        own = sources_for(self.kind, entity, self.own)
        return self.sources if own is self.own else tuple(sorted({*own, *self.elsewhere}))

    def __hash__(self) -> int:
        return hash((self.kind, self.text))

    def __repr__(self) -> str:
        return f"<Condition each {self.kind}: {self.text[:80]}>"


def read_condition(text: Text, kind: Kind, names: Names = NO_NAMES) -> tuple[Condition | None, tuple[Problem, ...]]:
    """
    The condition that the text is for entities of this kind, and all problems with it.

    The condition is None exactly if there is a problem that is more than a warning. Never raises, whatever the text.
    """
    complaints = Complaints(text)
    node = parse(complaints)
    tree = (
        None
        if node is None
        else Checker(complaints, kind, vocabulary=names.vocabulary, words=names.definitions).condition(resolve(complaints, node, names))
    )
    if tree is None or complaints.any:
        return None, complaints.found
    return _condition(tree, kind), ()


def both(where: Condition | None, when: Condition) -> Condition:
    """
    The one condition that holds when both do.

    Raises ValueError if they are about different kinds.
    """
    if where is None:
        return when
    if where.kind != when.kind:
        raise ValueError(f"one condition is about a {where.kind}, the other about a {when.kind}")
    operands = (*_conjuncts(where.tree), *_conjuncts(when.tree))
    written = syntax.And(0, 0, tuple(operand.syntax for operand in operands))
    return _condition(Every(written, operands), when.kind)


def _conjuncts(tree: Checked) -> tuple[Checked, ...]:
    return tree.operands if isinstance(tree, Every) else (tree,)


def _condition(tree: Checked, kind: Kind) -> Condition:
    holds = compile_condition(tree)
    demands = gather(tree)
    own, elsewhere = sources_of(tree), sources_elsewhere(tree)
    deadline = compile_horizon(tree, holds)
    return Condition(
        text=show(tree.syntax),
        kind=kind,
        tree=tree,
        fields=tuple({spec.path: spec for spec in sorted(mentions(tree), key=lambda spec: spec.path)}.values()),
        sources=tuple(sorted({*own, *elsewhere})),
        own=own,
        elsewhere=elsewhere,
        reads=moved_by(tree),
        stands_alone=deadline is never and not (demands.groups or demands.lookups),
        sieve=cache(partial(sieve_of, tree)),
        series=demands.series,
        aggregates=demands.aggregates,
        groups=demands.groups,
        lookups=demands.lookups,
        holds=holds,
        deadline=deadline,
        sweep=compile_sweep(tree),
    )
