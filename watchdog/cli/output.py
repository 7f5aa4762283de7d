"""
How commands print: plain lines for pipes and logs, colours and tables on a terminal, JSON for programs.

`Plain` and `terminal.Terminal` are two forms of the same thing. Names of jobs, queues and hosts come from strangers: whatever
is printed goes through `clean`, so that no text can move the cursor, hide a line or set the title of a window.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TextIO

Piece = str | tuple[str, str]
"""A text, or a text with its style: `good`, `warn`, `bad`, `dim`, `strong`."""


class Output(Protocol):
    """Where lines go."""

    def line(self, *pieces: Piece) -> None:
        """One line, however long."""

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[Piece]]) -> None:
        """A table; each row has a cell for each heading."""


class Plain:
    """Text and nothing else: columns are padded with blanks, two at least between them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def line(self, *pieces: Piece) -> None:
        """One line, however long."""
        print("".join(map(text_of, pieces)).rstrip(), file=self._stream)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[Piece]]) -> None:
        """A table; an empty cell is a dash, so that a line can be cut into words."""
        cells = [list(headings), *([text_of(cell) or "-" for cell in row] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            self.line("  ", "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def output() -> Output:
    """Standard output, in the form that suits it."""
    return _suited(sys.stdout)


def errors() -> Output:
    """Standard error, in the form that suits it."""
    return _suited(sys.stderr)


def say_json(value: Any) -> None:
    """One object on one line; what is not ASCII is escaped, so that it is harmless wherever it is shown."""
    print(json.dumps(value, separators=(",", ":")))


def clean(text: str) -> str:
    """The same text with everything made visible that a terminal would obey, or that has no place on a line."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode("ascii") for char in text)


def count(number: int, noun: str) -> str:
    """`1 rule`, `2 rules`, `1,002 rules`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def text_of(piece: Piece) -> str:
    """The text of a piece, fit to be printed."""
    return clean(piece if isinstance(piece, str) else piece[0])


def _suited(stream: TextIO) -> Output:
    if not stream.isatty():
        return Plain(stream)
    from watchdog.cli.terminal import Terminal

    return Terminal(stream)
