"""
How the readers of this package say what is wrong: a list that grows, bounded, each item with its place.

The counterpart of `codes.py`, which explains the codes. Nothing here decides what is wrong.
"""

import difflib
from collections.abc import Iterable
from typing import Final

from watchdog.errors import Problem
from watchdog.lang.text import Text

MOST_PROBLEMS: Final = 20
"""Nobody reads further; and a megabyte of rubbish must not become a megabyte of problems."""
_LONGEST: Final = 300
_LONGEST_QUOTE: Final = 40


class Complaints:
    """What has been found wrong with one text so far."""

    __slots__ = ("_found", "text")

    def __init__(self, text: Text, found: list[Problem] | None = None) -> None:
        self.text = text
        self._found: list[Problem] = [] if found is None else found

    def about(self, text: Text) -> "Complaints":
        """The same list, for the places of another text."""
        return Complaints(text, self._found)

    def add(self, code: str, offset: int, width: int, message: str, *, hint: str = "") -> None:
        """
        Notes one problem with the `width` characters from `offset` on; beyond `MOST_PROBLEMS` it is dropped.

        Whatever of the author's text is in message and hint, they are bounded and fit for a terminal.
        """
        problem = Problem(code, self.text.span(offset, width), _fit(message, _LONGEST), _fit(hint, _LONGEST))
        # A definition that is used twice has its problems once.
        if not self.full and problem not in self._found:
            self._found.append(problem)

    @property
    def full(self) -> bool:
        """There is no use in looking for more."""
        return len(self._found) >= MOST_PROBLEMS

    @property
    def found(self) -> tuple[Problem, ...]:
        """All problems in the order of their places."""
        return tuple(sorted(self._found, key=lambda problem: (problem.span, problem.code)))

    @property
    def any(self) -> bool:
        """Something is wrong."""
        return bool(self._found)


def quoted(text: str) -> str:
    """
    A piece of the author's text as it can stand in a message: cut, in single quotes, on one line.

    What a terminal would not show as itself is escaped.
    """
    return f"'{_fit(text, _LONGEST_QUOTE)}'"


def _fit(text: str, longest: int) -> str:
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(character if character.isprintable() else character.encode("unicode_escape").decode("ascii") for character in cut)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that the author most likely meant, None where none is near."""
    if len(word) > _LONGEST_QUOTE:
        return None
    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.7)
    return by_folded[found[0]] if found else None
