"""
Cutting a piece out of a list that moves: what comes or goes meanwhile moves nobody else's place.

The place is the rank and the id of the last item that was shown, not how many there were before it. It must be quick for the thousands of jobs that run at a time: ranks come as a list of numbers, and only
what is shown is named.
"""

import heapq
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from watchdog.web.failures import NotUnderstoodError

T = TypeVar("T")
Place = tuple[float, str]
"""Where an item stands in its list: a rank, the smallest first, and then its id."""
START: Final[Place] = (float("-inf"), "")
LAST: Final = float("inf")
"""The rank of what has none."""


def place_of(after: str) -> Place:
    """The place in what a piece gave as `next`; before everything where it is empty. Raises `NotUnderstoodError`."""
    if not after:
        return START
    rank, bar, name = after.partition("|")
    try:
        return (float(rank), name) if bar else _refuse(after)
    except ValueError:
        return _refuse(after)


def cut(items: Sequence[T], ranks: Sequence[float], name: Callable[[T], str], *, after: str, limit: int) -> tuple[list[T], str]:
    """The `limit` items that come next after that place, in order, and the place to go on from; empty where these were the last. Raises `NotUnderstoodError`."""
    begin = place_of(after)
    # One more than is shown says whether any are left.
    wanted = limit + 1
    if begin != START:
        later = [number for number, rank in enumerate(ranks) if rank > begin[0] or (rank == begin[0] and name(items[number]) > begin[1])]
        items, ranks = [items[number] for number in later], [ranks[number] for number in later]
    if len(ranks) > wanted:
        border = heapq.nsmallest(wanted, ranks)[-1]
        near = [number for number, rank in enumerate(ranks) if rank <= border]
    else:
        near = list(range(len(ranks)))
    placed = sorted(((ranks[number], name(items[number])), number) for number in near)
    shown = placed[:limit]
    return [items[number] for _, number in shown], written(shown[-1][0]) if len(placed) > limit else ""


def written(place: Place) -> str:
    """The place as a piece gives it: `place_of` reads it back."""
    rank, name = place
    return f"{rank!r}|{name}"


def _refuse(after: str) -> Place:
    raise NotUnderstoodError(f"`after` is what the piece before gave as `next`, not {after[:40]!r}")
