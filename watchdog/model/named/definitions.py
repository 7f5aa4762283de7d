"""What one command is, and how its argument list is made: by filling in, never by joining words for a shell."""

from collections.abc import Mapping
from typing import NamedTuple

from watchdog.model.named.arguments import NO_BOUNDS, Bounds, fits, shown


class Argument(NamedTuple):
    """One argument: the name of its type, and what bounds it."""

    kind: str
    bounds: Bounds = NO_BOUNDS


class Definition(NamedTuple):
    """
    One command.

    `argv` is its argument list, the first of it the whole path of a program; `{NAME}` as a whole, or after `--option=`, is where that argument goes.
    `timeout` is in seconds. `environment` is all that it finds in its environment, beside HOME, USER, LOGNAME, PATH and LANG.
    """

    name: str
    user: str
    argv: tuple[str, ...]
    directory: str
    timeout: int
    environment: dict[str, str]
    arguments: dict[str, Argument]
    summary: str = ""


def place_in(word: str) -> tuple[str, str]:
    """What a word of `argv` begins with, and the name of the argument that follows; the name is empty where the word stands for itself."""
    before, brace, rest = word.partition("{")
    return (before, rest[:-1]) if brace else (word, "")


def why_not(definition: Definition, values: Mapping[str, object]) -> str:
    """Why the command can't be run with these values, or ''. No value is repeated as it is."""
    for name in values:
        if name not in definition.arguments:
            return f"{definition.name} has no argument {shown(name)}"
    for name, argument in definition.arguments.items():
        if name not in values:
            return f"the argument {name} of {definition.name} is missing"
        if not fits(argument.kind, values[name], argument.bounds):
            return f"the argument {name} of {definition.name} is no {argument.kind}: {shown(values[name])}"
    return ""


def argument_list(definition: Definition, values: Mapping[str, str]) -> list[str]:
    """What is run; only for values that `why_not` has nothing against."""
    return [before + values[name] if name else before for before, name in map(place_in, definition.argv)]
