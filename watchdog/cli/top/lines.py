"""What a tab shows, as plain data: lines of cells, each with what it is about. Texts are as they came; `painting` makes them harmless."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from watchdog.cli.output import Piece
from watchdog.cli.top.feed import Question
from watchdog.lang.display import display
from watchdog.model.kinds import Type

MOST: Final = 500
"""Lines of a tab at most: a piece as the agent gives it."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """
    One line: `key` stays the same while its thing does. `item` is what the agent said of it.

    `rule` and `entity` are what `why` is asked of; `approval`, `incident` and `process` the ids by which it is spoken of, and `target` what is acted on; empty where there is none.
    """

    key: str
    cells: tuple[Piece, ...]
    item: Any
    rule: str = ""
    entity: str = ""
    target: str = ""
    approval: str = ""
    incident: str = ""
    process: str = ""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """
    One tab, `short` where there is little room. `tells` are the sections of the event stream that it follows, `orders` what it can be sorted by, the usual one first, empty where its order is its sense; `asks` is asked for besides, and columns in `keeps` give way last where there is little room.

    `lines` makes lines of the answer, `total` how many there are of which these are the first, `details` a line's own page; `more` is the question that this page asks, if the line alone does not say it all.
    """

    name: str
    short: str
    path: str
    answer: Any
    tells: frozenset[str]
    headings: tuple[str, ...]
    lines: Callable[[Any], Iterable[Line]]
    details: Callable[[Line, Any], Iterable[Sequence[Piece]]]
    empty: str
    total: Callable[[Any], int | None] = lambda _answer: None
    orders: tuple[str, ...] = ()
    keeps: frozenset[str] = frozenset()
    asks: Mapping[str, str | int] = MappingProxyType({"limit": MOST})
    more: Callable[[Line], Question | None] = lambda _line: None

    def question(self, order: str) -> Question:
        """What is asked for while it is shown."""
        return Question(self.path, self.answer, self.tells, {**self.asks, **({"order": order} if order else {})})


def counted(number: int | None) -> str:
    """`1,234`, or `?`."""
    return display(number, Type.COUNT)


def sized(size: int | None) -> str:
    """`1.5 GiB`; empty where it is not known."""
    return "" if size is None else display(size, Type.SIZE)


def share(ratio: float | None) -> str:
    """`95 %`; empty where it is not known."""
    return "" if ratio is None else display(ratio, Type.RATIO)


def fact(name: str, value: Piece) -> tuple[Piece, ...]:
    """A line of details: a name, and what it is."""
    return ((f"{name:<14}", "dim"), value)
