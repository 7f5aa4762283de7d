"""
Cutting a piece out of a list that moves: what comes or goes meanwhile moves nobody else's place.

The place is the rank and the id of the last item that was shown, not how many there were before it.
"""

import heapq
from collections.abc import Callable, Collection
from typing import Final, TypeVar

from watchdog.web.failures import NotUnderstoodError

T = TypeVar("T")
Place = tuple[float, str]
"""Where an item stands in its list: a rank, the smallest first, and then its id."""
START: Final[Place] = (float("-inf"), "")


def place_of(after: str) -> Place:
    """The place in what a piece gave as `next`; before everything where it is empty. Raises `NotUnderstoodError`."""
    if not after:
        return START
    rank, bar, name = after.partition("|")
    try:
        return (float(rank), name) if bar else _refuse(after)
    except ValueError:
        return _refuse(after)


def cut(items: Collection[T], place: Callable[[T], Place], *, after: str, limit: int) -> tuple[list[T], str]:
    """The `limit` items that come next after that place, in order, and the place to go on from; empty where these were the last."""
    begin = place_of(after)
    placed = [(place(item), number, item) for number, item in enumerate(items)]
    if begin != START:
        placed = [one for one in placed if one[0] > begin]
    # One more than is shown says whether any are left.
    first = heapq.nsmallest(limit + 1, placed)
    shown = first[:limit]
    return [item for _, _, item in shown], written(shown[-1][0]) if len(first) > limit else ""


def written(place: Place) -> str:
    """The place as a piece gives it: `place_of` reads it back."""
    rank, name = place
    return f"{rank!r}|{name}"


def _refuse(after: str) -> Place:
    raise NotUnderstoodError(f"`after` is what the piece before gave as `next`, not {after[:40]!r}")
