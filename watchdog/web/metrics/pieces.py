"""Rows a few hundred at a time, so that a scrape of a thousand processes keeps no event waiting for longer than a turn does."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from watchdog.model.rows import Row

PIECE: Final = 250
"""Rows that are read without letting the loop have its turn: about a millisecond."""


def pieces(rows: Mapping[str, Row]) -> Iterator[list[Any]]:
    """All rows that there are now; what comes or goes meanwhile is not among them, or still is."""
    there = list(rows.values())
    for start in range(0, len(there), PIECE):
        yield there[start : start + PIECE]
