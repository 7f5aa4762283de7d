"""
What a unit starts, read as Sidekiq reads its own command line. Pure.

Follows `Sidekiq::CLI` (lib/sidekiq/cli.rb of 6.4.1, 7.3.2 and 8.1.7). What is not surely understood is refused, not guessed.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
_BY_SHELL: Final = re.compile(r"[;&|<>$`(){}*?~#\n]")
_WITH_VALUE: Final = {
    "c": "concurrency", "e": "environment", "g": "tag", "q": "queue", "r": "require", "t": "timeout", "C": "config",
    "L": "logfile", "P": "pidfile", "i": "index",
}  # fmt: skip
"""Short options with a value → the long one. The last three were of Sidekiq 5 and 6 and do no harm."""
_WITHOUT_VALUE: Final = {"v": "verbose", "V": "version", "h": "help", "d": "daemon"}
_LONG: Final = (*_WITH_VALUE.values(), *_WITHOUT_VALUE.values())


class NotUnderstoodError(Exception):
    """The command, or its file, can mean something else than what is read of it."""


def options_of(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Long name and value of each option in the order in which they stand, as Ruby's OptionParser reads them, abbreviations included. Raises `NotUnderstoodError`."""
    options: list[tuple[str, str]] = []
    rest = iter(_arguments(words))
    for word in rest:
        if word == "--":
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found = [one for one in _LONG if one.startswith(name)]
            if name not in _LONG and len(found) != 1:
                raise NotUnderstoodError
            name = name if name in _LONG else found[0]
            if name in _WITH_VALUE.values():
                options.append((name, value if equals else _next(rest)))
        elif word.startswith("-") and len(word) > 1:
            _read_short(word[1:], rest, options)
        elif word[:1] in "$%":
            # systemd or a specifier puts other words in its place.
            raise NotUnderstoodError
    return options


def _arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    """What stands behind the word `sidekiq`, whatever starts it: bundle exec, a full path, env, a shell that does nothing else."""
    if words and Path(words[0]).name in _SHELLS:
        words = _within_shell(words)
    for place, word in enumerate(words):
        if Path(word).name == "sidekiq":
            return words[place + 1 :]
    raise NotUnderstoodError


def _within_shell(words: tuple[str, ...]) -> tuple[str, ...]:
    match words[1:]:
        # A login shell, as for rbenv: -l, -i and -e change nothing about the words.
        case (*flags, script) if flags and set("".join(flags)) <= set("-lciex") and "c" in flags[-1]:
            if _BY_SHELL.search(script):
                raise NotUnderstoodError
            try:
                return tuple(shlex.split(script))
            except ValueError:
                raise NotUnderstoodError from None
        case _:
            raise NotUnderstoodError


def _read_short(letters: str, rest: Iterator[str], options: list[tuple[str, str]]) -> None:
    for place, letter in enumerate(letters):
        if letter in _WITH_VALUE:
            options.append((_WITH_VALUE[letter], letters[place + 1 :] or _next(rest)))
            return
        if letter not in _WITHOUT_VALUE:
            raise NotUnderstoodError


def _next(rest: Iterator[str]) -> str:
    try:
        return next(rest)
    except StopIteration:
        raise NotUnderstoodError from None
