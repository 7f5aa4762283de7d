"""
Which rules add nothing, because another one is true whenever they are, and does and says the same.

The counterpart of a proof: what is found here is so, and much that is so is not found. Conditions are taken as the sets of their conjuncts;
one follows from another if their texts are equal or if both bound the same value (`x > 20m` implies `x > 10m`).
"""

from collections.abc import Hashable, Iterable, Iterator
from typing import Final

import msgspec

from watchdog.engine.rules import Rule, Step
from watchdog.lang.checked import Checked, Comparison, Constant, Every, OneOf, Scalar
from watchdog.lang.printer import show

_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_MOST: Final = 50
"""With so many others that lead to the same each rule is compared: with thousands of them nobody reads warnings."""


class _Bound(msgspec.Struct, frozen=True):
    """A comparison of `subject` (its text) with constants; there are several only where `operator` is `in`."""

    subject: str
    operator: str
    values: tuple[Scalar, ...]


class _Facts(msgspec.Struct, frozen=True):
    """What a condition says: each of its conjuncts by its text, with the bound that it is; and the bounds by subject."""

    conjuncts: dict[str, _Bound | None]
    bounds: dict[str, list[_Bound]]


def covered(rules: Iterable[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Each rule that adds nothing with the first one that covers it; of two that are equal the later."""
    alike: dict[Hashable, list[tuple[Rule, _Facts]]] = {}
    for rule in rules:
        alike.setdefault(_effect(rule), []).append((rule, _facts(rule)))
    for group in alike.values():
        for number, narrow in enumerate(group):
            for other, wide in enumerate(group[:_MOST]):
                if other == number or not _covers(*wide, *narrow) or (other > number and _covers(*narrow, *wide)):
                    continue
                yield narrow[0], wide[0]
                break


def _effect(rule: Rule) -> Hashable:
    """All that a rule looks at and leads to."""
    return (
        (rule.each, rule.on, rule.severity, rule.mode, rule.notify, rule.evidence),
        (_steps(rule.steps), _steps(rule.or_else), (rule.verify.when.text, rule.verify.within) if rule.verify else None),
        (tuple(sorted(rule.guards.items())), tuple(sorted(rule.labels.items()))),
    )


def _steps(steps: Iterable[Step]) -> Hashable:
    return tuple((step.action, step.target.text if step.target else "", tuple(sorted(step.arguments.items()))) for step in steps)


def _facts(rule: Rule) -> _Facts:
    tree = rule.condition.tree
    conjuncts = {show(part.syntax): _bound(part) for part in (tree.operands if isinstance(tree, Every) else (tree,))}
    bounds: dict[str, list[_Bound]] = {}
    for bound in conjuncts.values():
        if bound is not None:
            bounds.setdefault(bound.subject, []).append(bound)
    return _Facts(conjuncts, bounds)


def _bound(node: Checked) -> _Bound | None:
    match node:
        case Comparison(operator=operator, left=left, right=Constant(value=value)) if not isinstance(left, Constant):
            return _Bound(show(left.syntax), operator, (value,))
        case Comparison(operator=operator, left=Constant(value=value), right=right) if not isinstance(right, Constant):
            return _Bound(show(right.syntax), _TURNED[operator], (value,))
        case OneOf(item=item, options=options) if options:
            return _Bound(show(item.syntax), "in", options)
        case _:
            return None


def _covers(wide: Rule, loose: _Facts, narrow: Rule, strict: _Facts) -> bool:
    """Whether `wide` fires no later than `narrow`, and stays no shorter, whatever happens."""
    if wide.hold > narrow.hold or wide.keep_firing < narrow.keep_firing:
        return False
    for text, asked in loose.conjuncts.items():
        if text in strict.conjuncts:
            continue
        if asked is None or not any(_implies(known, asked) for known in strict.bounds.get(asked.subject, ())):
            return False
    return True


def _implies(known: _Bound, asked: _Bound) -> bool:
    """Whether `asked` is true wherever `known` is; both are about the same value."""
    if known.operator in ("==", "in"):
        return all(_meets(value, asked.operator, asked.values) for value in known.values)
    if asked.operator in ("==", "in"):
        return False
    value, bound = known.values[0], asked.values[0]
    match known.operator, asked.operator:
        case (">", ">" | ">=" | "!=") | (">=", ">="):
            return _at_least(value, bound)
        case ("<", "<" | "<=" | "!=") | ("<=", "<="):
            return _at_least(bound, value)
        case (">=", ">" | "!="):
            return _at_least(value, bound) and value != bound
        case ("<=", "<" | "!="):
            return _at_least(bound, value) and value != bound
        case _:
            return False


def _meets(value: Scalar, operator: str, bounds: tuple[Scalar, ...]) -> bool:
    match operator:
        case "==" | "in":
            return value in bounds
        case "!=":
            return value not in bounds
        case ">":
            return _at_least(value, bounds[0]) and value != bounds[0]
        case ">=":
            return _at_least(value, bounds[0])
        case "<":
            return _at_least(bounds[0], value) and value != bounds[0]
        case "<=":
            return _at_least(bounds[0], value)
        case _:
            return False


def _at_least(one: Scalar, other: Scalar) -> bool:
    """Whether both have an order, and the first is not below the second."""
    return isinstance(one, int | float) and isinstance(other, int | float) and one >= other
