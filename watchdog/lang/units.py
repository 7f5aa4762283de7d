"""
Numbers with units, as people write them: `20s`, `1h30m`, `95%`, `500MB`, `100/m`.

`read_quantity` and `show_quantity` are each other's counterpart: what is shown reads back as the same value.
All arithmetic on the way is exact; only ratios and rates end as floats.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

import msgspec

from watchdog.lang.complaint import nearest, quoted
from watchdog.lang.syntax import Number
from watchdog.model.kinds import Type

LIMIT: Final = 2**63
"""No number reaches this, in milliseconds, bytes or whatever its type is held in."""
_LONGEST: Final = 40

DURATIONS: Final[dict[str, int]] = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
"""Unit → milliseconds."""
SIZES: Final[dict[str, int]] = {
    "B": 1,
    "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
"""Unit → bytes."""
_SPOKEN: Final[dict[str, str]] = {
    "millisecond": "ms", "milliseconds": "ms", "msec": "ms",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d",
    "b": "B", "byte": "B", "bytes": "B",
    "k": "kB", "g": "GB", "t": "TB", "ki": "KiB", "mi": "MiB", "gi": "GiB", "ti": "TiB",
    "percent": "%",
}  # fmt: skip
"""What people write for a unit, in small letters → how the language writes it."""

NUMBER: Final = re.compile(
    r"[0-9]+(?:\.[0-9]+)?"
    r"(?:%|[A-Za-z_]+(?:[0-9]+(?:\.[0-9]+)?[A-Za-z_]+)*)?"
    r"(?:/(?:ms|s|m|h|d)(?![A-Za-z0-9_.(]))?"
)
"""A number with all that belongs to it, whether the unit exists or not."""
_PART: Final = re.compile(r"([0-9.]+)([A-Za-z_%]*)")


class Quantity(msgspec.Struct, frozen=True):
    """A number that could be read; `value` is held as `Type` says."""

    value: Number
    type: Type


class Fault(msgspec.Struct, frozen=True):
    """Why a number could not be read."""

    code: str
    message: str
    hint: str = ""


def read_quantity(written: str) -> Quantity | Fault:
    """The value of something that `NUMBER` matches in full."""
    if len(written) > _LONGEST:
        return Fault("E304", f"the number {quoted(written)} is too long")
    body, _, per = written.partition("/")
    parts = [(Fraction(digits), unit) for digits, unit in _PART.findall(body)]
    match parts:
        case [(amount, "")]:
            quantity: Quantity | Fault = _checked(_plain(amount), Type.COUNT, written)
        case [(amount, "%")]:
            quantity = _checked(float(amount / 100), Type.RATIO, written)
        case [(amount, unit)] if unit in SIZES:
            quantity = _checked(round(amount * SIZES[unit]), Type.SIZE, written)
        case _:
            quantity = _duration(parts, written)
    if not per or isinstance(quantity, Fault):
        return quantity
    if quantity.type not in (Type.COUNT, Type.SIZE):
        return Fault("E305", f"{quoted(written)} is not a rate", "a rate counts things or bytes: 5/s, 100/m, 2MB/s")
    return _checked(float(Fraction(quantity.value) * DURATIONS["s"] / DURATIONS[per]), Type.RATE, written)


def _duration(parts: list[tuple[Fraction, str]], written: str) -> Quantity | Fault:
    for _, unit in parts:
        if unit not in DURATIONS:
            return _unknown_unit(unit, written, alone=len(parts) == 1)
    factors = [DURATIONS[unit] for _, unit in parts]
    if factors != sorted(set(factors), reverse=True):
        return Fault("E307", f"the parts of {quoted(written)} are out of order", "the greater unit comes first, and each once: 1h30m")
    total = sum((amount * factor for (amount, _), factor in zip(parts, factors, strict=True)), Fraction())
    if total.denominator != 1:
        return Fault("E307", f"{quoted(written)} is not a whole number of milliseconds", "nothing is measured more finely than 1ms")
    return _checked(int(total), Type.DURATION, written)


def _unknown_unit(unit: str, written: str, *, alone: bool) -> Fault:
    units = (*DURATIONS, *SIZES)
    folded = {name.casefold(): name for name in units if name != "m"}
    meant = _SPOKEN.get(unit.casefold()) or folded.get(unit.casefold()) or nearest(unit, units)
    digits = written[: written.index(unit)]
    if meant and alone:
        return Fault("E305", f"unknown unit {quoted(unit)}", f"write {digits}{meant}")
    known = "durations ms s m h d, sizes B kB MB GB TB KiB MiB GiB TiB, ratios %, rates /s /m /h"
    return Fault("E305", f"unknown unit {quoted(unit)}", known)


def is_unit(word: str) -> bool:
    """Whether a word was written as a unit, in this language or as people speak."""
    return word in DURATIONS or word in SIZES or word == "%" or word.casefold() in _SPOKEN


def _plain(amount: Fraction) -> Number:
    return int(amount) if amount.denominator == 1 else float(amount)


def _checked(value: Number, type_: Type, written: str) -> Quantity | Fault:
    if value >= LIMIT:
        return Fault("E304", f"the number {quoted(written)} is too big")
    return Quantity(value, type_)


def show_quantity(value: Number, type_: Type) -> str:
    """
    The canonical way to write a number of this type; reads back as the same value.

    Raises ValueError for a type that is not a number's.
    """
    if value < 0:
        return f"-{show_quantity(-value, type_)}"
    match type_:
        case Type.DURATION:
            return _in_units(value, DURATIONS)
        case Type.SIZE:
            return _in_units(value, SIZES)
        case Type.RATIO:
            return f"{_decimal(Decimal(repr(float(value))).scaleb(2))}%"
        case Type.RATE:
            return _rate(float(value))
        case Type.COUNT | Type.CORES:
            return _decimal(Decimal(repr(value)))
        case _:
            raise ValueError(f"a {type_} is not a number")


def _in_units(value: Number, units: dict[str, int]) -> str:
    whole = round(value)
    if not whole:
        return "0s" if units is DURATIONS else "0B"
    fitting = [(whole // factor, unit) for unit, factor in units.items() if whole % factor == 0]
    amount, unit = min(fitting, key=lambda pair: pair[0])
    return f"{amount}{unit}"


def _rate(value: float) -> str:
    for unit in ("s", "m", "h", "d"):
        seconds = DURATIONS[unit] // DURATIONS["s"]
        amount = round(value * seconds)
        if float(Fraction(amount, seconds)) == value:
            return f"{amount}/{unit}"
    return f"{_decimal(Decimal(repr(value)))}/s"


def _decimal(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
