"""
What comes out when values with units are calculated with: one table.

Two rules stand before it. A plain number (a literal without a unit) only scales: whatever is multiplied with it or divided by it
keeps its type. And a bare 0 is a 0 of whatever type it is added to or subtracted from. All else is the table:

    X ± X = X                         X * ratio = X      ratio * X = X     X / ratio = X
    X / X = ratio                     X * count = X      count * X = X     X / count = X
    count / duration = rate           size / duration = rate
    rate * duration = count           count / rate = duration              size / rate = duration

Rates are per second while durations are held in milliseconds: `PER_SECOND` names the results that need the factor 1000.
"""

from typing import Final

from watchdog.lang.syntax import Arithmetic
from watchdog.model.kinds import Type

NUMBERS: Final = (Type.DURATION, Type.SIZE, Type.RATIO, Type.RATE, Type.COUNT, Type.CORES)
"""The types that can be calculated with and have an order."""

_DURATION, _SIZE, _RATIO, _RATE, _COUNT = Type.DURATION, Type.SIZE, Type.RATIO, Type.RATE, Type.COUNT

RESULTS: Final[dict[tuple[Arithmetic, Type, Type], Type]] = {
    **{("+", x, x): x for x in NUMBERS},
    **{("-", x, x): x for x in NUMBERS},
    **{("*", x, _COUNT): x for x in NUMBERS},
    **{("*", _COUNT, x): x for x in NUMBERS},
    **{("*", x, _RATIO): x for x in NUMBERS},
    **{("*", _RATIO, x): x for x in NUMBERS},
    **{("/", x, _COUNT): x for x in NUMBERS},
    **{("/", x, _RATIO): x for x in NUMBERS},
    **{("/", x, x): _RATIO for x in NUMBERS},
    ("/", _COUNT, _DURATION): _RATE,
    ("/", _SIZE, _DURATION): _RATE,
    ("*", _RATE, _DURATION): _COUNT,
    ("*", _DURATION, _RATE): _COUNT,
    ("/", _COUNT, _RATE): _DURATION,
    ("/", _SIZE, _RATE): _DURATION,
}
"""Operator and the types of its operands → the type of the result; what is not here is refused."""

PER_SECOND: Final[dict[tuple[Arithmetic, Type, Type], Arithmetic]] = {
    ("/", _COUNT, _DURATION): "*",
    ("/", _SIZE, _DURATION): "*",
    ("*", _RATE, _DURATION): "/",
    ("*", _DURATION, _RATE): "/",
    ("/", _COUNT, _RATE): "*",
    ("/", _SIZE, _RATE): "*",
}
"""How the left operand takes the factor 1000 between seconds and milliseconds."""

EXAMPLES: Final[dict[Type, str]] = {
    Type.BOOL: "true", Type.STRING: '"push"', Type.STRINGS: '["push", "pull"]', Type.DURATION: "20s", Type.SIZE: "95MB",
    Type.RATIO: "95%", Type.RATE: "5/s", Type.COUNT: "5", Type.CORES: "1.5",
}  # fmt: skip
"""How a literal of each type looks."""


def with_unit(value: float, type_: Type) -> str:
    """The literal of this type that the author of a plain number most likely meant."""
    number = f"{value:f}".rstrip("0").rstrip(".")
    match type_:
        case Type.DURATION:
            return f"{number}s"
        case Type.SIZE:
            return f"{number}MB"
        case Type.RATE:
            return f"{number}/s"
        case Type.RATIO:
            percent = value * 100 if value <= 1 else value
            return f"{percent:f}".rstrip("0").rstrip(".") + "%"
        case _:
            return EXAMPLES[type_]
