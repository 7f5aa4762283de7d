"""
The problems of one text, as its readers find them.

The counterpart of `errors.Problem`: readers add here and go on, so that everything wrong is said at once.
A text is never quoted in full, nor with characters that a terminal would obey.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from watchdog.errors import Problem, Span

LIMIT: Final = 100
"""So many errors of one text, and so many warnings, are worth reading; what is found beyond them is dropped."""
_LONGEST_QUOTE: Final = 60
_LONGEST_GUESS: Final = 64


class Findings:
    """Collects problems: at most `LIMIT` errors and as many warnings, so that no crowd of warnings can hide an error."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}
        self._warnings = 0
        self.errors = 0
        """How many were found that are not warnings, the dropped ones included."""

    def add(self, code: str, span: Span, message: str, *, hint: str = "") -> None:
        """Note one problem."""
        self.take((Problem(code, span, message, hint),))

    def take(self, problems: Iterable[Problem]) -> None:
        """Note problems that another reader found."""
        for problem in problems:
            if problem.is_warning:
                self._warnings += 1
                kept = self._warnings <= LIMIT
            else:
                self.errors += 1
                kept = self.errors <= LIMIT
            if kept:
                # A definition that is wrong is found to be so wherever it is used.
                self._problems[problem] = None

    @property
    def full(self) -> bool:
        """No more errors are kept: whoever is in a loop can leave it."""
        return self.errors >= LIMIT

    def in_order(self) -> tuple[Problem, ...]:
        """All problems, from the top of the text to its end."""
        return tuple(sorted(self._problems, key=lambda problem: (problem.span.line, problem.span.column, problem.code)))


def quoted(text: str) -> str:
    """What the author wrote, fit for a message: in quotes, on one line, shortened, control characters made visible."""
    short = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
    return "'" + "".join(char if char.isprintable() else ascii(char)[1:-1] for char in short) + "'"


def nearest(word: str, names: Iterable[str]) -> str:
    """A hint with the name that was probably meant; else the names that there are."""
    known = sorted(names)
    if not known:
        return ""
    if len(word) <= _LONGEST_GUESS and (
        close := get_close_matches(word.lower().replace("_", "-"), [name.replace("_", "-") for name in known], 1)
    ):
        meant = next(name for name in known if name.replace("_", "-") == close[0])
        return f"did you mean '{meant}'?"
    return "one of: " + ", ".join(known)
