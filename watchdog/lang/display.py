"""
Values as people read them in messages: `12m 5s`, `1.5 GiB`, `95 %`.

Rounded, and with spaces; nothing reads this back. The counterpart that can be read back is `show_literal`.
"""

import math
from typing import Any, Final, assert_never

from watchdog.lang.bounds import Bounds
from watchdog.lang.units import DURATIONS
from watchdog.model.kinds import Type

UNKNOWN: Final = "?"
"""Stands where a value can't be known."""
_SIZES: Final = ("KiB", "MiB", "GiB", "TiB", "PiB")


def display(value: Any, type_: Type) -> str:
    """A value, held as its type says, None or `Bounds`, for people."""
    if value is None:
        return UNKNOWN
    if isinstance(value, Bounds):
        return _bounds(value, type_)
    match type_:
        case Type.BOOL:
            return "yes" if value else "no"
        case Type.STRING:
            return str(value)
        case Type.STRINGS:
            return ", ".join(value)
        case Type.DURATION:
            return _signed(value, _duration)
        case Type.SIZE:
            return _signed(value, _size)
        case Type.RATIO:
            return f"{_number(value * 100)} %"
        case Type.RATE:
            return f"{_number(value)}/s"
        case Type.COUNT:
            return _number(value)
        case Type.CORES:
            return f"{_number(value)} cores"
        case _:
            assert_never(type_)


def lasting(milliseconds: float | None) -> str:
    """How long something took, or takes; never less than nothing, and empty where it is not known."""
    return "" if milliseconds is None else display(max(0, milliseconds), Type.DURATION)


def _bounds(value: Bounds, type_: Type) -> str:
    if math.isinf(value.high):
        return f"at least {display(value.low, type_)}"
    if math.isinf(value.low):
        return f"at most {display(value.high, type_)}"
    return f"{display(value.low, type_)} to {display(value.high, type_)}"


def _signed(value: float, shown: Any) -> str:
    return f"-{shown(-value)}" if value < 0 else str(shown(value))


def _duration(milliseconds: float) -> str:
    """The two greatest units: what is 3 days old need not be known to the second."""
    rest = round(milliseconds)
    if rest < DURATIONS["s"]:
        return f"{rest}ms" if rest else "0s"
    shown: list[str] = []
    for unit in ("d", "h", "m", "s"):
        amount, rest = divmod(rest, DURATIONS[unit])
        if amount:
            shown.append(f"{amount}{unit}")
        elif shown:
            break
        if len(shown) == 2:
            break
    return " ".join(shown)


def _size(number: float) -> str:
    if number < 1024:
        return f"{_number(number)} B"
    power = 1
    while power < len(_SIZES) and round(number / 1024**power, 1) >= 1024:
        power += 1
    return f"{_number(number / 1024**power)} {_SIZES[power - 1]}"


def _number(number: float) -> str:
    """At most one decimal, or two digits that count for what is small; thousands in groups."""
    if isinstance(number, int):
        return f"{number:,}"
    shown = f"{number:,.1f}" if abs(number) >= 0.1 or number == 0 else f"{number:.2g}"
    return shown.removesuffix(".0")
