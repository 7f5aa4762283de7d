"""
What came of a form, until the page that follows has shown it.

It is kept here and named by chance, not written into an address: nobody can make a link that has the page say something.
"""

import secrets
from collections import OrderedDict
from typing import Final

import msgspec

_MOST: Final = 200


class Notice(msgspec.Struct, frozen=True):
    """One sentence or two; `good` says that it was heeded."""

    good: bool
    title: str
    text: str = ""


class Notices:
    """The newest of them; a page that is loaded again shows its own once more."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Notice] = OrderedDict()

    def keep(self, notice: Notice) -> str:
        """The name by which it is found again."""
        name = secrets.token_urlsafe(9)
        self._kept[name] = notice
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return name

    def find(self, name: str) -> Notice | None:
        """That one; None where it is too long ago, or never was."""
        return self._kept.get(name)
