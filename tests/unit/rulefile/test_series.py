"""Readings over time in their short notation."""

from typing import Any

import pytest

from watchdog.lang.text import Mark, Text
from watchdog.model.kinds import Type
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.series import MOST, read_series


def read(text: str, type_: Type = Type.COUNT) -> tuple[Any, ...] | None:
    """The readings; nothing may be wrong with them."""
    findings = Findings()
    series = read_series(Text(text, "t.yml"), type_, findings)
    assert findings.in_order() == ()
    return None if series is None else series.values


def said(text: str, type_: Type = Type.COUNT) -> list[str]:
    """Column, code and hint of what is wrong."""
    findings = Findings()
    assert read_series(Text(text, "t.yml", (Mark(0, 3, 11),)), type_, findings) is None
    assert all(problem.span.line == 3 for problem in findings.in_order())
    return [f"{problem.span.column} {problem.code} {problem.hint}" for problem in findings.in_order()]


GOOD = {
    "0": (Type.COUNT, (0,)),
    "0x3 1x2": (Type.COUNT, (0, 0, 0, 1, 1)),
    "5 +3x3 -1x2": (Type.COUNT, (5, 8, 11, 14, 13, 12)),
    "1 _x2 +1": (Type.COUNT, (1, None, None, 2)),
    "_": (Type.COUNT, (None,)),
    "0x0 7": (Type.COUNT, (7,)),
    "10s +500msx2": (Type.DURATION, (10_000, 10_500, 11_000)),
    "95%x2 +1%": (Type.RATIO, (0.95, 0.95, 0.96)),
    "1GiB": (Type.SIZE, (2**30,)),
    "5/s": (Type.RATE, (5.0,)),
    "truex2 false": (Type.BOOL, (True, True, False)),
    'web x2 "a bx3"x2 _': (Type.STRING, ("web", "x2", "a bx3", "a bx3", None)),
    "-x2 +": (Type.STRING, ("-", "-", "+")),
    "": (Type.COUNT, ()),
}


@pytest.mark.parametrize(("text", "expected"), GOOD.items())
def test_a_series(text: str, expected: tuple[Type, tuple[Any, ...]]) -> None:
    """Values, repetitions, steps from the last value that was known, and gaps."""
    values = read(text, expected[0])
    assert values == pytest.approx(expected[1]) if expected[0] is Type.RATIO else values == expected[1]


BAD = {
    "1 2 drei": (Type.COUNT, ["15 E430 write it like 5"]),
    "1m": (Type.COUNT, ["11 E430 write it like 5"]),
    "0sx3 10x4": (Type.DURATION, ["16 E430 a number needs a unit here: 10s"]),
    "_x3 +1": (Type.COUNT, ["15 E430 like 0x10 1x5 +3x20 _x2: a value times how often, + or - and a step times how often, _ for nothing"]),
    f"1x{MOST}0 2": (Type.COUNT, ["11 E430 write a greater 'every'"]),
    "a": (Type.STRINGS, ['11 E430 write it as a list: ["a", "b"]']),
}


@pytest.mark.parametrize(("text", "expected"), BAD.items())
def test_what_is_no_series_is_said_at_its_place(text: str, expected: tuple[Type, list[str]]) -> None:
    """The first thing that is wrong, where it stands, and what would be right."""
    assert said(text, expected[0]) == expected[1]
