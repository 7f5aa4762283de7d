"""
What a condition of a rule will probably be regretted for: windows that no history fills, and `all` where there may be nothing.

The counterpart of `lint.py`, which looks at everything else. It walks the checked tree, and finds each place through the syntax that a
node came from: in the rule's own text, or in the definition that its author used there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from watchdog.errors import Problem, Span
from watchdog.lang import syntax
from watchdog.lang.checked import (
    Checked,
    Comparison,
    Constant,
    Every,
    Held,
    Inverse,
    Overall,
    Past,
    Population,
    Some,
    below,
    parts,
    remembered,
)
from watchdog.lang.functions import Across
from watchdog.lang.text import Text
from watchdog.lang.units import show_quantity
from watchdog.model.kinds import Kind, Type

LONGEST_WINDOW: Final = 24 * 3_600_000
"""Milliseconds. A value that changes each second and is to be remembered for a day takes a twentieth of all that histories may."""
_SECOND: Final = 1000
_SINGLE: Final = (Kind.REDIS, Kind.SIDEKIQ)
"""Of these there is always one."""
_NEEDS_ONE: Final = (Across.SHARE, Across.AVG, Across.MIN, Across.MAX)
"""Over nothing these are unknown, and so is what they are compared with."""
Texts = Sequence[tuple[syntax.Node, Text]]
"""Trees as they were written, each with its text."""


def looks_back(tree: Checked) -> bool:
    """Whether the condition rests on more than the present."""
    return any(isinstance(node, Past | Held) for node in _everywhere(tree))


def lint_condition(tree: Checked, texts: Texts) -> Iterator[Problem]:
    """All problems of a condition whose parts were written in `texts`."""
    places = dict(_places(texts))
    yield from _long_windows(tree, places)
    yield from _empty_sets(tree, places)


def _long_windows(tree: Checked, places: Mapping[int, Span]) -> Iterator[Problem]:
    for node in _everywhere(tree):
        if isinstance(node, Past | Held) and node.window > LONGEST_WINDOW and (place := places.get(id(node.syntax))):
            yield Problem("W615", place, _too_long(node), hint="a day or less")


def _too_long(node: Past | Held) -> str:
    from watchdog.engine.history import BUDGET
    from watchdog.engine.steps import STEP_BYTES

    takes = round(STEP_BYTES * node.window / _SECOND / 2**20, 1)
    window = show_quantity(node.window, Type.DURATION)
    return f"a value that changes each second takes {takes}MiB of memory in {window}, for each {node.kind}; all histories together have {BUDGET >> 20}MiB"


def _empty_sets(tree: Checked, places: Mapping[int, Span]) -> Iterator[Problem]:
    for node in _alone(tree, (), wanted=True):
        if place := places.get(id(node.syntax)):
            group, kind = node.population, node.population.kind
            where = f" where {group.link.path} == {node.group.path}" if group.link and node.group else ""
            message = f"'all' is true, too, where there is no {kind} at all{' in the group' if where else ''}"
            yield Problem("W616", place, message, hint=f"add: count({kind}{where}) > 0 and …")


def _alone(node: Checked, beside: tuple[Checked, ...], *, wanted: bool) -> Iterator[Overall]:
    """Every `all` whose truth can make the whole true (`wanted` says whether that of this node can) while its set is empty."""
    match node:
        case Overall(function=Across.ALL, population=population) if wanted and population.kind not in _SINGLE:
            if not any(_is_filled(other, node) for other in beside):
                yield node
        case Every(operands=operands) if wanted:
            for operand in operands:
                yield from _alone(operand, (*beside, *operands), wanted=True)
        case Some(operands=operands) if not wanted:
            for operand in operands:
                yield from _alone(operand, beside, wanted=False)
        case Inverse(operand=operand):
            yield from _alone(operand, beside, wanted=not wanted)
        case _:
            for part in parts(node):
                yield from _alone(part, beside, wanted=wanted)


def _is_filled(node: Checked, asked: Overall) -> bool:
    """Whether the node can only be true where the set of `asked` has something in it."""
    match node:
        case Overall(function=Across.ANY) as other:
            return _is_same(other, asked)
        case Comparison(operator=operator, left=Overall() as other, right=Constant(value=int() | float() as value)):
            return _is_same(other, asked) and _needs_one(other.function, operator, value)
        case Comparison(operator=operator, left=Constant(value=int() | float() as value), right=Overall() as other):
            return _is_same(other, asked) and _needs_one(other.function, _TURNED[operator], value)
        case Every(operands=operands):
            return any(_is_filled(operand, asked) for operand in operands)
        case _:
            return False


_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _needs_one(function: Across, operator: str, value: float) -> bool:
    if function in _NEEDS_ONE:
        return True
    if function is not Across.COUNT:
        return False
    match operator:
        case ">":
            return value >= 0
        case ">=" | "==":
            return value > 0
        case "!=":
            return value == 0
        case _:
            return False


def _is_same(one: Overall, other: Overall) -> bool:
    """Whether both are about the same entities, whatever is asked of them."""
    return _set_of(one.population, one) == _set_of(other.population, other)


def _set_of(population: Population, node: Overall) -> tuple[Kind, str, str]:
    return population.kind, population.link.path if population.link else "", node.group.path if node.group else ""


def _everywhere(tree: Checked) -> Iterator[Checked]:
    """Every node, those within histories and populations included."""
    for node in below(tree):
        yield node
        for inner in remembered(node):
            yield from _everywhere(inner)


def _places(texts: Texts) -> Iterator[tuple[int, Span]]:
    """Where each node of the syntax stands, by its identity; what a definition stands for is found in the definition."""
    waiting = list(texts)
    while waiting:
        node, text = waiting.pop()
        yield id(node), text.span(node.offset, node.width)
        waiting += _within(node, text)


def _within(node: syntax.Node, text: Text) -> Iterator[tuple[syntax.Node, Text]]:
    match node:
        case syntax.Named(meaning=meaning, text=inside):
            yield meaning, inside
        case syntax.Listing(items=inner) | syntax.And(operands=inner) | syntax.Or(operands=inner):
            yield from ((one, text) for one in inner)
        case syntax.Minus(operand=operand) | syntax.Not(operand=operand):
            yield operand, text
        case syntax.Binary(left=left, right=right) | syntax.Compare(left=left, right=right):
            yield left, text
            yield right, text
        case syntax.Member(of=of):
            yield of, text
        case syntax.Call(arguments=arguments, where=where):
            yield from ((one, text) for one in arguments)
            if where is not None:
                yield where, text
        case _:
            pass
