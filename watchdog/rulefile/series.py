"""
How a test of a rule writes readings over time: `0x10 1x5 +3x20 _x2`.

Ten times 0, five times 1, twenty times three more than before, two times nothing. A reading a step of the test; the last one stays as it is.
The counterpart of what sources deliver.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from watchdog.lang.checked import Value
from watchdog.lang.literal import read_literal
from watchdog.lang.text import Mark, Text
from watchdog.lang.vocabulary import article
from watchdog.model.kinds import Type
from watchdog.rulefile.findings import Findings, quoted

MOST: Final = 100_000
"""So many readings of one field are enough for a day at one a second."""
_TOKEN: Final = re.compile(r'[+-]?(?:"[^"]*"|[^\s"])+')
_REPEATED: Final = re.compile(r"(.+?)x([0-9]{1,9})", re.DOTALL)
_GAP: Final = "_"
_HINT: Final = "like 0x10 1x5 +3x20 _x2: a value times how often, + or - and a step times how often, _ for nothing"
_NUMBERS: Final = (Type.COUNT, Type.DURATION, Type.SIZE, Type.RATIO, Type.RATE, Type.CORES)


class Series(msgspec.Struct, frozen=True):
    """One reading a step, None where there was nothing to be read; the last one holds from then on."""

    values: tuple[Value | None, ...]


def read_series(text: Text, type_: Type, findings: Findings) -> Series | None:
    """The readings of a field of this type; None if anything is wrong, which is then noted."""
    errors = findings.errors
    values: list[Value | None] = []
    for token in _TOKEN.finditer(text.value):
        part = _part(text, token.start(), token.end())
        values.extend(_readings(part, type_, values, findings))
        if findings.errors > errors:
            return None
        if len(values) > MOST:
            findings.add("E430", part.span(0, len(part.value)), f"more than {MOST:,} readings", hint="write a greater 'every'")
            return None
    return Series(tuple(values))


def _readings(token: Text, type_: Type, before: list[Value | None], findings: Findings) -> Iterator[Value | None]:
    match = _REPEATED.fullmatch(token.value)
    written, count = (match[1], int(match[2])) if match else (token.value, 1)
    if written == _GAP:
        yield from [None] * min(count, MOST + 1)
        return
    is_step = written[0] in "+-" and type_ in _NUMBERS
    value = _value(_part(token, 1 if is_step else 0, len(written)), type_, findings)
    if value is None:
        return
    if not is_step:
        yield from [value] * min(count, MOST + 1)
        return
    last = next((one for one in reversed(before) if one is not None), None)
    if not isinstance(last, int | float) or not isinstance(value, int | float):
        findings.add(
            "E430", token.span(0, len(token.value)), f"{quoted(token.value)} is a step, and there is no value before it", hint=_HINT
        )
        return
    step = value if written[0] == "+" else -value
    for number in range(1, min(count, MOST + 1) + 1):
        yield last + step * number


def _value(text: Text, type_: Type, findings: Findings) -> Value | None:
    written = text.value
    if type_ is Type.STRING:
        return written[1:-1] if len(written) > 1 and written[0] == written[-1] == '"' else written
    if type_ is Type.STRINGS:
        findings.add(
            "E430", text.span(0, len(written)), "a list of strings does not change over time here", hint='write it as a list: ["a", "b"]'
        )
        return None
    value, problems = read_literal(text, type_) if written else (None, ())
    if value is None:
        reason = next((problem.hint for problem in problems if problem.hint), _HINT)
        findings.add("E430", text.span(0, len(written)), f"{quoted(written)} is not {article(type_)}", hint=reason)
    return value


def _part(text: Text, start: int, end: int) -> Text:
    """A piece of a text that still knows its place."""
    place = text.span(start)
    marks = [Mark(0, place.line, place.column)]
    marks += [Mark(mark.offset - start, mark.line, mark.column) for mark in text.marks if start < mark.offset < end]
    return Text(text.value[start:end], text.file, tuple(marks))
