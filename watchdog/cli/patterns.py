"""Patterns on the command line: one that is none is a wrong command line, also where no agent runs that could refuse it."""

from watchdog.cli.exits import UsageError
from watchdog.lang.glob import BadPattern, compile_pattern


def check_patterns(**given: str) -> None:
    """Raises `UsageError` for the first that is no pattern; they are named by what they are for."""
    for name, pattern in given.items():
        try:
            compile_pattern(pattern)
        except BadPattern as error:
            raise UsageError(f"{name} {pattern}: {error}; a letter that is meant as it is stands in brackets: [[]") from None
