"""Printing on a terminal, by rich; the counterpart of `output.Plain`. Only imported where there is one."""

from collections.abc import Iterable, Sequence
from typing import Final, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from watchdog.cli.output import Piece, text_of

_THEME: Final = Theme({"good": "green", "warn": "yellow", "bad": "bold red", "dim": "dim", "strong": "bold"})

NARROW: Final = 70
"""Columns of a window below which a wide table is no table any more."""


class Terminal:
    """Colours (unless NO_COLOR is set), tables as wide as the window."""

    def __init__(self, stream: TextIO, *, width: int | None = None, force_terminal: bool | None = None) -> None:
        self._console = Console(
            file=stream, theme=_THEME, highlight=False, markup=False, emoji=False, width=width, force_terminal=force_terminal
        )

    def line(self, *pieces: Piece) -> None:
        """One line; the terminal wraps it, so that what is copied from it is whole."""
        self._console.print(_text(pieces), soft_wrap=True)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[Piece]]) -> None:
        """A table; cells wrap and are never cut. In a narrow window each row that would not fit is a few lines of its own, as on a telephone nobody reads a column of three letters."""
        rows = [tuple(row) for row in rows]
        widths = [max(map(len, map(text_of, column))) for column in zip(headings, *rows, strict=True)]
        if self._console.width < NARROW and sum(widths) + 3 * len(widths) > self._console.width:
            self._blocks(headings, rows)
            return
        table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, show_edge=False)
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(_text((cell,)) for cell in row))
        self._console.print(table)

    def _blocks(self, headings: Sequence[str], rows: Iterable[Sequence[Piece]]) -> None:
        for row in rows:
            self._console.print(_text((row[0],)), style="strong")
            named = zip(headings[1:], row[1:], strict=True)
            for heading, cell in ((heading, cell) for heading, cell in named if text_of(cell)):
                self._console.print(_text(((f"  {heading} " if heading else "  ", "dim"), cell)))


def _text(pieces: Sequence[Piece]) -> Text:
    return Text.assemble(*((text_of(piece), "" if isinstance(piece, str) else piece[1]) for piece in pieces))
