"""
How long Sidekiq waits for its jobs at a stop, from what a unit starts.

Follows `Sidekiq::CLI` (lib/sidekiq/cli.rb of 6.4.1, 7.3.2 and 8.1.7): `-t` or `--timeout`, then `timeout` of the file named with `-C`, else of
config/sidekiq.yml or config/sidekiq.yml.erb in the application's folder, then 25 s. What is not surely understood is not known.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from watchdog.config.disk import bytes_of

DEFAULT: Final = 25_000
"""Milliseconds, where nobody says anything."""
_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
_BY_SHELL: Final = re.compile(r"[;&|<>$`(){}*?~#\n]")
_WITH_VALUE: Final = {
    "c": "concurrency", "e": "environment", "g": "tag", "q": "queue", "r": "require", "t": "timeout", "C": "config",
    "L": "logfile", "P": "pidfile", "i": "index",
}  # fmt: skip
"""Short options with a value → the long one. The last three were of Sidekiq 5 and 6 and do no harm."""
_WITHOUT_VALUE: Final = {"v": "verbose", "V": "version", "h": "help", "d": "daemon"}
_LONG: Final = (*_WITH_VALUE.values(), *_WITHOUT_VALUE.values())
_KEY: Final = re.compile(r"""^(\s*)["']?:?timeout["']?\s*:(?:\s+(.*?))?\s*(?:#.*)?$""")
_LARGEST: Final = 2**20


class Start(msgspec.Struct, frozen=True):
    """The words of the command, as the unit has them, and the folder that it is started in."""

    words: tuple[str, ...]
    folder: str


class _NotUnderstoodError(Exception):
    """The command, or its file, can mean something else than what is read of it."""


def sidekiq_timeout(start: Start, *, root: Path = Path("/")) -> int | None:
    """Milliseconds; None where that can't be known. Reads at most one file, under `root`. Never raises for what a unit or a file holds."""
    try:
        options = _options(_arguments(start.words))
        if (written := options.get("timeout")) is not None:
            return _seconds(written)
        return _of_file(options, start.folder, root)
    except _NotUnderstoodError:
        return None


def _arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    """What stands behind the word `sidekiq`, whatever starts it: bundle exec, a full path, env, a shell that does nothing else."""
    if words and Path(words[0]).name in _SHELLS:
        words = _within_shell(words)
    for place, word in enumerate(words):
        if Path(word).name == "sidekiq":
            return words[place + 1 :]
    raise _NotUnderstoodError


def _within_shell(words: tuple[str, ...]) -> tuple[str, ...]:
    match words[1:]:
        # A login shell, as for rbenv: -l, -i and -e change nothing about the words.
        case (*flags, script) if flags and set("".join(flags)) <= set("-lciex") and "c" in flags[-1]:
            if _BY_SHELL.search(script):
                raise _NotUnderstoodError
            try:
                return tuple(shlex.split(script))
            except ValueError:
                raise _NotUnderstoodError from None
        case _:
            raise _NotUnderstoodError


def _options(arguments: tuple[str, ...]) -> dict[str, str]:
    """Long name → value, the last one where it is written twice; as Ruby's OptionParser reads them, abbreviations included."""
    options: dict[str, str] = {}
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found = [one for one in _LONG if one.startswith(name)]
            if name not in _LONG and len(found) != 1:
                raise _NotUnderstoodError
            name = name if name in _LONG else found[0]
            if name in _WITH_VALUE.values():
                options[name] = value if equals else _next(rest)
        elif word.startswith("-") and len(word) > 1:
            _read_short(word[1:], rest, options)
        elif word[:1] in "$%":
            # systemd or a specifier puts other words in its place.
            raise _NotUnderstoodError
    return options


def _read_short(letters: str, rest: Iterator[str], options: dict[str, str]) -> None:
    for place, letter in enumerate(letters):
        if letter in _WITH_VALUE:
            options[_WITH_VALUE[letter]] = letters[place + 1 :] or _next(rest)
            return
        if letter not in _WITHOUT_VALUE:
            raise _NotUnderstoodError


def _next(rest: Iterator[str]) -> str:
    try:
        return next(rest)
    except StopIteration:
        raise _NotUnderstoodError from None


def _seconds(written: str) -> int:
    if not (written.isascii() and written.isdigit() and 0 < len(written) <= 6):
        raise _NotUnderstoodError
    return int(written) * 1000


def _of_file(options: dict[str, str], folder: str, root: Path) -> int:
    if (named := options.get("config")) is not None:
        return _read(_place(named, folder, root))
    required = options.get("require", ".")
    base = _place(required, folder, root)
    try:
        if not base.is_dir():
            # -r names a Ruby file; then Sidekiq looks in the folder that it is started in.
            base = _place(".", folder, root)
        # Path.exists takes a folder that may not be looked into for one that is not there.
        present = {path.name for path in (base / "config").iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return DEFAULT
    except OSError:
        raise _NotUnderstoodError from None
    for name in ("sidekiq.yml", "sidekiq.yml.erb"):
        if name in present:
            return _read(base / "config" / name)
    return DEFAULT


def _place(named: str, folder: str, root: Path) -> Path:
    if any(sign in f"{named}{folder}" for sign in "$%~"):
        raise _NotUnderstoodError
    return root / str(Path(folder, named)).lstrip("/")


def _read(path: Path) -> int:
    try:
        text = bytes_of(path, _LARGEST + 1).decode(errors="replace")
    except OSError:
        raise _NotUnderstoodError from None
    found = [found for line in text.splitlines() if (found := _KEY.match(line)) is not None]
    if len(text) > _LARGEST or len(found) > 1 or any(one[1] for one in found):
        # Several, or one of an environment or of something else: which of them counts is for Sidekiq to say.
        raise _NotUnderstoodError
    return _seconds(found[0][2] or "") if found else DEFAULT
