"""
Glob patterns as `like` takes them: `*` any run of characters, `?` one character, `[abc]` `[a-z]` `[!abc]` one of a set.

A pattern stands for a whole string, small and capital letters differ, and there are no escapes: a literal star is `[*]`.
The counterpart is a regular expression that never looks back past a `*`, so that no pattern takes more than linear time
for each of its stars.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from watchdog.errors import Problem
from watchdog.lang.complaint import Complaints
from watchdog.lang.text import Text

_SPECIAL: Final = re.compile(r"[\[*?]")
_SET: Final = re.compile(r"\[(!?)(\]?[^\]]*)\]")


class BadPattern(ValueError):  # noqa: N818  (a finding about a text, raised to be told to its author)
    """Not a pattern; `at` is the offset in it, the text says what is wrong."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The expression whose `fullmatch` says whether a string fits; raises `BadPattern`."""
    runs: list[str] = []
    part: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        match character:
            case "*":
                runs.append("".join(part))
                part = []
            case "?":
                part.append(".")
            case "[":
                found = _SET.match(pattern, position - 1)
                if found is None:
                    raise BadPattern(position - 1, "'[' is never closed")
                part.append(_one_of(found, position - 1))
                position = found.end()
            case _:
                part.append(re.escape(character))
    # The first fit of a run between two stars is always good enough: the atomic group says so to the engine.
    head, *rest = [*runs, "".join(part)]
    if not rest:
        return re.compile(head, re.DOTALL)
    middle = "".join(f"(?>.*?{run})" for run in rest[:-1] if run)
    return re.compile(f"{head}{middle}.*{rest[-1]}", re.DOTALL)


def exactly(text: str) -> str:
    """The pattern that this text fits and nothing else."""
    return _SPECIAL.sub(r"[\g<0>]", text)


def wrong_with_pattern(text: Text) -> tuple[Problem, ...]:
    """What is wrong with a pattern that stands by itself; nothing if nothing is."""
    complaints = Complaints(text)
    try:
        compile_pattern(text.value)
    except BadPattern as problem:
        complaints.add("E214", problem.at, 1, f"bad pattern: {problem}", hint="a literal [ * or ? is written [[] [*] [?]")
    return complaints.found


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return compile_pattern(pattern)


def fits(value: str, patterns: Iterable[str]) -> bool:
    """Whether a string fits one of these patterns, each of which is known to be one, or is one of them letter by letter: a target may be called `web1/app[push]`."""
    return any(pattern == value or _compiled(pattern).fullmatch(value) for pattern in patterns)


def _one_of(found: re.Match[str], at: int) -> str:
    """A set as a regular expression writes it."""
    members = found[2]
    escaped: list[str] = []
    position = 0
    while position < len(members):
        low = members[position]
        if members[position + 1 : position + 2] == "-" and position + 2 < len(members):
            high = members[position + 2]
            if high < low:
                raise BadPattern(at, f"the range {low}-{high} is backwards")
            escaped.append(f"{re.escape(low)}-{re.escape(high)}")
            position += 3
        else:
            escaped.append(re.escape(low))
            position += 1
    if not escaped:
        raise BadPattern(at, "the set is empty")
    return f"[{'^' if found[1] else ''}{''.join(escaped)}]"
