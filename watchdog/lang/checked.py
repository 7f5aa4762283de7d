"""
The tree of a condition that has been checked: names are fields, types agree, units have been converted.

The checker makes it; compiler, evaluator and horizon walk it, so it has as few kinds of node as the meaning allows:
`not in` is `in` inside `Inverse`, a sign in front of a literal is part of it. Each node keeps the
syntax that it came from, for its text and its place. Nothing here has been evaluated.
"""

from collections.abc import Iterator
from typing import assert_never

import msgspec

from watchdog.lang import syntax
from watchdog.model.fields import FieldSpec
from watchdog.model.kinds import Type

Scalar = bool | int | float | str
Value = Scalar | tuple[str, ...]


class _Checked(msgspec.Struct, frozen=True):
    syntax: syntax.Node


class Constant(_Checked, frozen=True):
    """A literal, held as its type says."""

    type: Type
    value: Scalar


class Reading(_Checked, frozen=True):
    """A field of the row."""

    spec: FieldSpec

    @property
    def type(self) -> Type:
        """That of the field."""
        return self.spec.type


class Negative(_Checked, frozen=True):
    """Minus a number."""

    type: Type
    operand: "Checked"


class Calculation(_Checked, frozen=True):
    """Arithmetic on two numbers; both are in the units in which their types are held, and so is the result."""

    type: Type
    operator: syntax.Arithmetic
    left: "Checked"
    right: "Checked"


class _Statement(_Checked, frozen=True):
    @property
    def type(self) -> Type:
        """It is true or false."""
        return Type.BOOL


class Comparison(_Statement, frozen=True):
    """Two values of one type; `operator` is one of == != < <= > >=."""

    operator: syntax.Comparator
    left: "Checked"
    right: "Checked"


class OneOf(_Statement, frozen=True):
    """A value is one of these constants of its type."""

    item: "Checked"
    options: tuple[Scalar, ...]


class Contains(_Statement, frozen=True):
    """A string is in a list of strings."""

    container: "Checked"
    item: "Checked"


class Resembles(_Statement, frozen=True):
    """A string as a whole fits a glob pattern."""

    item: "Checked"
    pattern: str


class Inverse(_Statement, frozen=True):
    """It is not so."""

    operand: "Checked"


class Every(_Statement, frozen=True):
    """All of these hold."""

    operands: tuple["Checked", ...]


class Some(_Statement, frozen=True):
    """At least one of these holds."""

    operands: tuple["Checked", ...]


Checked = Constant | Reading | Negative | Calculation | Comparison | OneOf | Contains | Resembles | Inverse | Every | Some


def parts(node: Checked) -> tuple[Checked, ...]:
    """The nodes right below this one."""
    match node:
        case Constant() | Reading():
            return ()
        case Negative(operand=operand) | Inverse(operand=operand):
            return (operand,)
        case Calculation(left=left, right=right) | Comparison(left=left, right=right):
            return (left, right)
        case OneOf(item=item) | Resembles(item=item):
            return (item,)
        case Contains(container=container, item=item):
            return (container, item)
        case Every(operands=operands) | Some(operands=operands):
            return operands
        case _:
            assert_never(node)


def readings(node: Checked) -> Iterator[FieldSpec]:
    """Every field that is read somewhere below, in the order of the text, with repetitions."""
    if isinstance(node, Reading):
        yield node.spec
    for part in parts(node):
        yield from readings(part)
