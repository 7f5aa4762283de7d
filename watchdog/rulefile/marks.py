"""
Where each character of a scalar stands in the file.

A scalar's value is not its source: quotes have escapes, lines are folded, blocks are indented. A condition is checked as
a value, and its author must be shown the place in the file. So the source is undone once more, by the rules of
YAML 1.1 (§9), and the outcome compared with the value that the parser gave; if they ever differ, every
character is said to stand at the beginning, which is imprecise but never wrong about the line where the value begins.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from watchdog.lang.text import Mark, Text
from watchdog.rulefile.source import Source

_Fragment = tuple[str, int, int]
"""A run of characters of the value with line and column (from 0) of the first; `_NOWHERE` for what only YAML put there."""
_ESCAPE: Final = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPED: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", " ": " ",
    '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_DOUBLED: Final = re.compile("''")
_NOWHERE: Final = (-1, -1)
_BLOCKS: Final = ("|", ">")


def text_with_places(event: Any, source: Source) -> Text:
    """The value of a scalar event with the places of its characters."""
    start, style, value = event.start_mark, event.style or "", event.value
    fragments = _block(event, source) if style in _BLOCKS else _flow(event, source)
    marks: list[Mark] = []
    pieces: list[str] = []
    offset = 0
    for fragment, line, column in fragments:
        if fragment and line >= 0:
            marks.append(Mark(offset, *source.place(line, column)))
        pieces.append(fragment)
        offset += len(fragment)
    if marks and "".join(pieces) == value:
        if marks[0].offset:
            marks.insert(0, Mark(0, marks[0].line, marks[0].column))
        return Text(value, source.file, tuple(marks))
    inside = start.column + (1 if style in ("'", '"') else 0)
    return Text(value, source.file, (Mark(0, *source.place(start.line, inside)),))


def _flow(event: Any, source: Source) -> Iterator[_Fragment]:
    """Plain and quoted scalars: lines are trimmed and folded, then escapes undone."""
    start, end, style = event.start_mark, event.end_mark, event.style or ""
    quote = 1 if style in ("'", '"') else 0
    breaks, joined = 0, False
    for line in range(start.line, end.line + 1):
        left = start.column + quote if line == start.line else 0
        right = end.column - quote if line == end.line else len(source.lines[line])
        written = source.lines[line][left:right]
        if line > start.line:
            breaks += 1
            left += len(written) - len(written.lstrip(" \t"))
            written = written.lstrip(" \t")
        if line < end.line:
            written = _trimmed(written, style)
            if not written and line > start.line:
                continue
        if breaks:
            yield ("\n" * (breaks - 1) if breaks > 1 or joined else " "), *_NOWHERE
        joined = line < end.line and style == '"' and _ends_escaping(written)
        yield from _unescaped(written[:-1] if joined else written, line, left, style)
        breaks = 0


def _trimmed(written: str, style: str) -> str:
    """A line without the blanks at its end, but with one that is escaped."""
    bare = written.rstrip(" \t")
    return written[: len(bare) + 1] if style == '"' and bare != written and _ends_escaping(bare) else bare


def _ends_escaping(written: str) -> bool:
    return (len(written) - len(written.rstrip("\\"))) % 2 == 1


def _unescaped(written: str, line: int, column: int, style: str) -> Iterator[_Fragment]:
    if style not in ("'", '"'):
        yield written, line, column
        return
    escapes = _ESCAPE if style == '"' else _DOUBLED
    done = 0
    for match in escapes.finditer(written):
        yield written[done : match.start()], line, column + done
        yield (_character(match.group()) if style == '"' else "'"), line, column + match.start()
        done = match.end()
    yield written[done:], line, column + done


def _character(escape: str) -> str:
    letter, digits = escape[1], escape[2:]
    return chr(int(digits, base=16)) if digits else _ESCAPED.get(letter, letter)


def _block(event: Any, source: Source) -> Iterator[_Fragment]:
    """Literal and folded blocks: each line of the source that has content stands in the value as it is, without its indentation."""
    value: str = event.value
    end = len(value.rstrip(" \n"))
    indent, offset = -1, 0
    for line in range(event.start_mark.line + 1, len(source.lines)):
        written = source.lines[line]
        if offset >= end:
            break
        if not written.strip(" "):
            continue
        if indent < 0:
            content = value.lstrip("\n")
            indent = len(written) - len(written.lstrip(" ")) - (len(content) - len(content.lstrip(" ")))
        found = value.find(written[indent:], offset)
        if found < 0 or value[offset:found].strip(" \n"):
            return
        yield value[offset:found], *_NOWHERE
        yield written[indent:], line, indent
        offset = found + len(written) - indent
    yield value[offset:], *_NOWHERE
