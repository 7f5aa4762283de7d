"""A few hundred things at a time, so that a scrape of a thousand processes keeps no event waiting for longer than a turn does."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

PIECE: Final = 250
"""So many are read without letting the loop have its turn: about a millisecond."""


def pieces(table: Mapping[str, Any]) -> Iterator[list[Any]]:
    """All that stand in it now; what comes or goes meanwhile is not among them, or still is."""
    there = list(table.values())
    for start in range(0, len(there), PIECE):
        yield there[start : start + PIECE]
