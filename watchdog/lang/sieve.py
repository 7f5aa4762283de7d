"""
What of a condition rests on names alone: a part that says of most entities, by their class or their queue, that they can never be meant.

Names and flags come in few combinations and hardly ever change, so whoever judges many entities asks once for each combination (`engine.shortlist`). A part that is false
makes the whole condition false, whatever else is known or not; one that is true or unknown says nothing.
"""

from collections.abc import Iterator
from typing import Final

from watchdog.lang.checked import Checked, Comparison, Constant, Every, Inverse, OneOf, Reading, Resembles, Some, parts, readings
from watchdog.lang.compile import compile_condition
from watchdog.lang.deadline import never
from watchdog.lang.demands import Sieve
from watchdog.lang.horizon import compile_horizon
from watchdog.model.kinds import Type

_NAMES: Final = (Type.STRING, Type.BOOL)


def sieve_of(tree: Checked) -> Sieve | None:
    """The part of that condition that rests on names alone; None where there is none."""
    named = [part for part in _conjuncts(tree) if _is_of_names(part)]
    if not named:
        return None
    part, left = _joined(named), [part for part in _conjuncts(tree) if not _is_of_names(part)]
    rest = _joined(left) if left else None
    return Sieve(
        frozenset(spec.slot for spec in readings(part)),
        compile_condition(part),
        never if rest is None else compile_horizon(rest, compile_condition(rest)),
    )


def _joined(parts_: list[Checked]) -> Checked:
    return parts_[0] if len(parts_) == 1 else Every(parts_[0].syntax, tuple(parts_))


def _conjuncts(tree: Checked) -> Iterator[Checked]:
    if isinstance(tree, Every):
        for operand in tree.operands:
            yield from _conjuncts(operand)
    else:
        yield tree


def _is_of_names(node: Checked) -> bool:
    match node:
        case Reading(spec=spec):
            return spec.clock is None and spec.type in _NAMES
        case Constant():
            return True
        case Comparison() | OneOf() | Resembles() | Inverse() | Every() | Some():
            return all(map(_is_of_names, parts(node)))
        case _:
            return False
