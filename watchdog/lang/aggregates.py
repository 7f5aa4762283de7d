"""
Calls that look at all entities of a kind: syntax → checked tree.

In the parentheses the counted kind is the inner one, and the rule's own entity the outer. One equality of an inner and an
outer field ties them together: it names the group, and the engine keeps a tally of each group. Nothing else of the outer
entity can stand there, or each entity would need a walk through all others.
"""

from collections.abc import Iterator
from typing import Final

from watchdog.lang import checked, syntax
from watchdog.lang.arithmetic import NUMBERS
from watchdog.lang.checked import Checked, Overall, Population
from watchdog.lang.complaint import nearest, quoted
from watchdog.lang.functions import Across
from watchdog.lang.inner import Inner, Inside
from watchdog.lang.printer import show
from watchdog.lang.text import Text
from watchdog.lang.vocabulary import article, fields_of
from watchdog.model.kinds import Kind, Type

_OF_VALUES: Final = frozenset({Across.SUM, Across.AVG, Across.MIN, Across.MAX})


class Aggregates(Inner):
    """Checks the functions of `Across`."""

    def overall(self, node: syntax.Call, function: Across) -> Checked | None:
        """`count(job where …)` and its kin."""
        how = f"{function}({'job.elapsed' if function in _OF_VALUES else 'job'} where condition)"
        if len(node.arguments) != 1 or (node.where is None and function in {Across.SHARE, Across.ANY, Across.ALL}):
            self.complain(
                "E218", node, f"{function} is written {how}", hint="count(job) > 0 asks whether there is one" if node.arguments else ""
            )
            return None
        if not self.allowed(node, f"{function} can't stand"):
            return None
        counted = node.arguments[0]
        inner = self._value_kind(counted) if function in _OF_VALUES else self._counted_kind(counted)
        if inner is None:
            return None
        checker = self.nested(Inside.AGGREGATE, kind=inner, outer=self._kind)
        value = checker.value(counted) if function in _OF_VALUES else None
        pair, rest, sound = self._conditions(node.where, checker, inner)
        if not sound or (function in _OF_VALUES and value is None):
            return None
        if value is not None and value.type not in NUMBERS:
            self.complain(
                "E222", counted, f"there is no {function} of {article(value.type)}", hint=f"{function} is of numbers; count(…) counts"
            )
            return None
        group = None if pair is None else pair[1].spec
        return Overall(node, _of_aggregate(function, value), function, _population(inner, pair, rest, value), group)

    def _counted_kind(self, node: syntax.Node) -> Kind | None:
        match node:
            case syntax.Path(names=(word,)) if word in tuple(Kind):
                return Kind(word)
            case syntax.Path(names=(word,)):
                meant = nearest(word, Kind)
            case _:
                meant = None
        hint = (
            f"did you mean {meant}?"
            if meant
            else f"write an entity: {' '.join(kind for kind in Kind if fields_of(kind, self._vocabulary))}"
        )
        self.complain("E222", node, f"{quoted(show(node))} is no kind of entity", hint=hint)
        return None

    def _value_kind(self, node: syntax.Node) -> Kind | None:
        """Of whose fields a value is made: another kind if one is mentioned, else the rule's own."""
        kinds = [Kind(name) for name in _entities(node) if name in tuple(Kind)]
        if kinds:
            return next((kind for kind in kinds if kind is not self._kind), self._kind)
        if self.nested(Inside.AGGREGATE, outer=self._kind).value(node) is not None:
            hint = "name a field of an entity, like queue.size; a history has its window: avg(queue.size, 5m)"
            self.complain("E222", node, f"{quoted(show(node))} is of no entity", hint=hint)
        return None

    def _conditions(
        self, where: syntax.Node | None, checker: "Aggregates", inner: Kind
    ) -> tuple["tuple[checked.Reading, checked.Reading] | None", list[Checked], bool]:
        """The equality of inner and outer fields, all else that must hold, and whether all of it is sound."""
        pair: tuple[checked.Reading, checked.Reading] | None = None
        rest: list[Checked] = []
        sound = True
        for conjunct, text in _conjuncts(where, self._complaints.text):
            sides = _sides(conjunct, inner, self._kind)
            if sides is None:
                truth = checker.nested(Inside.AGGREGATE, text=text).statement(conjunct, "where")
                if truth is None:
                    sound = False
                else:
                    rest.append(truth)
            elif pair is not None:
                self.nested(self._inside, text=text).complain(
                    "E223", conjunct, f"only one equality can tie a {inner} to the {self._kind}", hint="keep one of them"
                )
                sound = False
            else:
                pair = self.nested(self._inside, text=text).pair(conjunct, *sides, checker.nested(Inside.AGGREGATE, text=text))
                sound = sound and pair is not None
        return pair, rest, sound

    def pair(
        self, node: syntax.Node, one: syntax.Node, other: syntax.Node, checker: "Aggregates"
    ) -> tuple[checked.Reading, checked.Reading] | None:
        """The fields of inner and outer entity that an equality ties together."""
        link, group = checker.value(one), self.value(other)
        if link is None or group is None or self.agree(node, link, group) is None:
            return None
        if isinstance(link, checked.Reading) and isinstance(group, checked.Reading) and not link.spec.clock and not group.spec.clock:
            return link, group
        self.complain("E223", node, "what grows by itself ties nothing together", hint="compare names or ids")
        return None


def _of_aggregate(function: Across, value: Checked | None) -> Type:
    match function:
        case Across.COUNT:
            return Type.COUNT
        case Across.SHARE:
            return Type.RATIO
        case Across.ANY | Across.ALL:
            return Type.BOOL
        case _:
            assert value is not None  # the others are of values
            return value.type


def _population(kind: Kind, pair: tuple[checked.Reading, checked.Reading] | None, rest: list[Checked], value: Checked | None) -> Population:
    where: Checked | None = None
    if len(rest) == 1:
        where = rest[0]
    elif rest:
        where = checked.Every(syntax.And(0, 0, tuple(part.syntax for part in rest)), tuple(rest))
    link = None if pair is None else pair[0].spec
    text = str(kind) if value is None else show(value.syntax)
    if where is not None:
        text += f" where {show(where.syntax)}"
    return Population(kind, f"{kind}: {text}" + (f" by {link.path}" if link is not None else ""), text, link, where, value)


def _conjuncts(node: syntax.Node | None, text: Text) -> Iterator[tuple[syntax.Node, Text]]:
    """What `and` joins, each with the text in which it stands."""
    match node:
        case None:
            return
        case syntax.And(operands=operands):
            for operand in operands:
                yield from _conjuncts(operand, text)
        case syntax.Named(meaning=meaning, text=defined):
            yield from _conjuncts(meaning, defined)
        case _:
            yield node, text


def _sides(node: syntax.Node, inner: Kind, outer: Kind) -> tuple[syntax.Node, syntax.Node] | None:
    """The fields of inner and outer entity that an equality compares."""
    match node:
        case syntax.Compare(operator="==", left=syntax.Path(names=(one, _)) as left, right=syntax.Path(names=(other, _)) as right):
            ends = {one: left, other: right}
            return (ends[inner], ends[outer]) if inner is not outer and ends.keys() == {inner, outer} else None
        case _:
            return None


def _entities(node: syntax.Node) -> Iterator[str]:
    """The first words of all names with a dot."""
    match node:
        case syntax.Path(names=(entity, _, *_)):
            yield entity
        case syntax.Minus(operand=operand) | syntax.Not(operand=operand):
            yield from _entities(operand)
        case syntax.Binary(left=left, right=right) | syntax.Compare(left=left, right=right):
            yield from _entities(left)
            yield from _entities(right)
        case syntax.And(operands=several) | syntax.Or(operands=several) | syntax.Call(arguments=several):
            for one in several:
                yield from _entities(one)
        case syntax.Named(meaning=meaning):
            yield from _entities(meaning)
        case _:
            pass
