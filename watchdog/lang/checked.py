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
from watchdog.lang.demands import Function
from watchdog.lang.functions import Across
from watchdog.model.fields import FieldSpec
from watchdog.model.kinds import Kind, Type

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
    """A string is in a list of strings, or a part of another string."""

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


class Past(_Checked, frozen=True):
    """A function of the history of a number or truth of the row; `window` in milliseconds, `key` names the series."""

    type: Type
    function: Function
    kind: Kind
    key: str
    operand: "Checked"
    window: int


class Held(_Statement, frozen=True):
    """A statement was never false for `window` milliseconds; `key` names its series."""

    kind: Kind
    key: str
    operand: "Checked"
    window: int


class Elsewhere(_Checked, frozen=True):
    """A field of the entity of `kind` whose id is `entity`."""

    kind: Kind
    entity: "Checked"
    spec: FieldSpec

    @property
    def type(self) -> Type:
        """That of the field."""
        return self.spec.type


class Population(msgspec.Struct, frozen=True):
    """
    Entities of a kind that fit `where` (None: all), in groups by their field `link` (None: one group).

    `value` is what is calculated of each. `key` is the same for the same population. Equal `text`, equal meaning.
    """

    kind: Kind
    key: str
    text: str
    link: FieldSpec | None
    where: "Checked | None"
    value: "Checked | None"


class Overall(_Checked, frozen=True):
    """Something about a group of entities; `group` is the field of the row that names the group, None where there is only one."""

    type: Type
    function: Across
    population: Population
    group: FieldSpec | None


class Known(_Statement, frozen=True):
    """A value can be known."""

    operand: "Checked"


class Default(_Checked, frozen=True):
    """A value, or another of its type where it can't be known."""

    type: Type
    operand: "Checked"
    fallback: "Checked"


Checked = (
    Constant | Reading | Negative | Calculation | Comparison | OneOf | Contains | Resembles | Inverse | Every | Some
    | Past | Held | Elsewhere | Overall | Known | Default
)  # fmt: skip


def parts(node: Checked) -> tuple[Checked, ...]:
    """The nodes right below this one that are evaluated with it; what the engine remembers or counts is evaluated there."""
    match node:
        case Constant() | Reading() | Past() | Held() | Overall():
            return ()
        case Negative(operand=operand) | Inverse(operand=operand) | Known(operand=operand):
            return (operand,)
        case Elsewhere(entity=entity):
            return (entity,)
        case Default(operand=operand, fallback=fallback):
            return (operand, fallback)
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


def remembered(node: Checked) -> tuple[Checked, ...]:
    """The nodes right below this one that the engine evaluates by itself: what it remembers and what it counts."""
    match node:
        case Past(operand=operand) | Held(operand=operand):
            return (operand,)
        case Overall(population=population):
            return tuple(part for part in (population.where, population.value) if part is not None)
        case _:
            return ()


def below(node: Checked) -> Iterator[Checked]:
    """The node itself and all that are evaluated with it, in the order of the text."""
    yield node
    for part in parts(node):
        yield from below(part)


def readings(node: Checked) -> Iterator[FieldSpec]:
    """Every field of the row itself that is read now, in the order of the text, with repetitions."""
    return (part.spec for part in below(node) if isinstance(part, Reading))


def moved_by(node: Checked) -> frozenset[str]:
    """
    The slots of the row itself of which a change can change at once what the node says.

    Not those of which it asks for the past alone: an answer about a window stays until the window ends elsewhere.
    """
    found: set[str] = set()
    for part in below(node):
        match part:
            case Reading(spec=spec) | Overall(group=FieldSpec() as spec):
                found.add(spec.slot)
            case Held(operand=operand):
                found |= moved_by(operand)
            case _:
                pass
    return frozenset(found)


def mentions(node: Checked) -> Iterator[FieldSpec]:
    """Every field that the node rests on in any way, of whatever entity, with repetitions."""
    for part in below(node):
        match part:
            case Reading(spec=spec) | Elsewhere(spec=spec):
                yield spec
            case Overall(population=Population(link=link), group=group):
                yield from (spec for spec in (link, group) if spec is not None)
            case _:
                pass
        for inner in remembered(part):
            yield from mentions(inner)
