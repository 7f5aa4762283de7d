"""
What can be wrong with a text that a person wrote, and the one exception that carries it.

A `Problem` is a value: readers collect all of them before anything stops.
The tables of codes lie beside the readers that raise them (`lang/codes.py`, `rulefile/codes.py`),
so that a code, its meaning and its example are added in one place.
"""

import msgspec


class WatchdogError(Exception):
    """Anything this program raises on purpose; its text is fit to be shown to the operator."""


class Span(msgspec.Struct, frozen=True, order=True):
    """
    A place in a text.

    `line` and `column` count from 1, `column` and `width` in characters.
    """

    file: str
    line: int
    column: int
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a text, at the place where its author can put it right."""

    code: str
    span: Span
    message: str
    hint: str = ""

    @property
    def is_warning(self) -> bool:
        """A warning (`W…`) is worth a look and stops nothing."""
        return self.code.startswith("W")

    def __str__(self) -> str:
        hint = f"   hint: {self.hint}" if self.hint else ""
        return f"{self.span}: {self.code} {self.message}{hint}"


class ProblemsError(WatchdogError):
    """All that is wrong with what was read; at least one of them is not a warning."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class CodeSpec(msgspec.Struct, frozen=True):
    """
    One problem code as the reference shows it.

    `example` is a text that provokes the code; a test reads it and expects just that.
    """

    code: str
    title: str
    doc: str
    example: str
