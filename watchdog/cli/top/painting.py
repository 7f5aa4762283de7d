"""
From lines of pieces to what the terminal shows. The only place where text becomes something to look at: names of queues, classes and hosts are strangers' words, and none of them is taken for markup or
for a terminal's command.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.text import Text

from watchdog.cli.output import Piece
from watchdog.lang.harmless import harmless

STYLES: Final = {"good": "green", "warn": "yellow", "bad": "bold red", "dim": "dim", "strong": "bold", "chosen": "bold reverse"}
LONGEST: Final = 2_000
"""Characters of a piece in a page of details; the window wraps it."""


def cell(piece: Piece, width: int, *, is_old: bool = False) -> Text:
    """A cell of a table, no wider than that; `is_old` greys it."""
    text, style = (piece, "") if isinstance(piece, str) else piece
    return Text(harmless(text, max(width, 1)), style="dim" if is_old else STYLES.get(style, ""), no_wrap=True, overflow="ellipsis")


def is_same(one: Text, other: Text) -> bool:
    """Whether two cells look the same; for rich the style is no part of that."""
    return one.plain == other.plain and one.style == other.style


def row(pieces: Sequence[Piece], *, is_old: bool = False) -> Text:
    """A line, however long."""
    return Text.assemble(*(_piece(piece, is_old=is_old) for piece in pieces))


def page(rows: Iterable[Sequence[Piece]], *, is_old: bool = False) -> Text:
    """Several lines."""
    return Text("\n").join(row(pieces, is_old=is_old) for pieces in rows)


def _piece(piece: Piece, *, is_old: bool) -> tuple[str, str]:
    text, style = (piece, "") if isinstance(piece, str) else piece
    # Blanks at either side are ours: they separate pieces and indent lines.
    inner = text.strip(" ")
    if not inner:
        return text, ""
    before, _, after = text.partition(inner)
    return f"{before}{_kept(inner)}{after}", "dim" if is_old else STYLES.get(style, "")


def _kept(text: str) -> str:
    """The same, with runs of our own blanks as they are."""
    return text[:LONGEST] if text.isascii() and text.isprintable() else harmless(text, LONGEST)
