"""
The tree of a condition as its author wrote it: every node with its place, nothing looked up yet.

The parser makes it, the printer turns it back into text, the checker makes the tree of `checked.py` from it.
A node says nothing of whether its names exist or its types agree.
"""

from typing import Final, Literal

import msgspec

from watchdog.lang.text import Text
from watchdog.model.kinds import Type

Number = int | float
Arithmetic = Literal["+", "-", "*", "/"]
Comparator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "contains", "not contains"]

OR: Final = 1
AND: Final = 2
NOT: Final = 3
COMPARE: Final = 4
SUM: Final = 5
PRODUCT: Final = 6
SIGN: Final = 7
"""How strongly each kind of operator binds; parser and printer go by the same numbers."""


class Place(msgspec.Struct, frozen=True):
    """Where a node stands: `width` characters of the text from `offset` on."""

    offset: int
    width: int


class Value(Place, frozen=True):
    """A literal. `value` is held as `Type` says; a plain number is a COUNT, and a float if it has decimals."""

    value: bool | int | float | str
    type: Type


class Listing(Place, frozen=True):
    """`["push", "pull"]`."""

    items: tuple["Node", ...]


class Path(Place, frozen=True):
    """Words joined by dots: `job.elapsed`; or a single word, which can be anything."""

    names: tuple[str, ...]


class Call(Place, frozen=True):
    """`avg(queue.size, 5m)`, `count(job where job.retries > 3)`, `queue("pull")`; `where` is what stands behind that word."""

    name: str
    arguments: tuple["Node", ...]
    where: "Node | None"


class Member(Place, frozen=True):
    """A field of what a call gives: `queue("pull").size`."""

    of: Call
    names: tuple[str, ...]


class Named(Place, frozen=True):
    """A word that the file defines, and what it stands for; the places of `meaning` are those of `text`. No parser makes it, `names.py` does."""

    name: str
    meaning: "Node"
    text: Text


class Broken(Place, frozen=True):
    """Something that could not be read and has been complained of; whatever contains it says no more about it."""


class Minus(Place, frozen=True):
    """`-x`."""

    operand: "Node"


class Binary(Place, frozen=True):
    """Arithmetic with two operands."""

    operator: Arithmetic
    left: "Node"
    right: "Node"


class Compare(Place, frozen=True):
    """Two operands and what is asked of them."""

    operator: Comparator
    left: "Node"
    right: "Node"


class Not(Place, frozen=True):
    """`not x`."""

    operand: "Node"


class And(Place, frozen=True):
    """At least two operands, as they stood without parentheses."""

    operands: tuple["Node", ...]


class Or(Place, frozen=True):
    """At least two operands, as they stood without parentheses."""

    operands: tuple["Node", ...]


Node = Value | Listing | Path | Call | Member | Named | Broken | Minus | Binary | Compare | Not | And | Or
