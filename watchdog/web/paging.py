"""Every list that is shown is a piece of it, with the way to the next one."""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")
USUAL = 50
"""Items of a piece where nobody says how many."""
MOST = 500
"""Items of a piece at most."""


class Slice(msgspec.Struct, Generic[T], frozen=True):
    """
    Some of the items, in their order. `total` counts all that fit what was asked, None where to count them would cost as much as to read them.

    `next` is what to give as `after` for those that follow, empty where these were the last; what comes or goes meanwhile moves nobody else's place.
    """

    items: tuple[T, ...]
    total: int | None
    next: str = ""
