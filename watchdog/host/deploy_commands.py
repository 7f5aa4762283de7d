"""
Commands that change an application or its database while they run, told by program and subcommand.

Whoever ends a worker in the middle of them sees it start with half of the new code. Their arguments can hold anything and are never
passed on. Of other programs not even the command line is read: a process that hangs can keep whoever reads it.
"""

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import msgspec

from watchdog.host.files import number, open_directory, read, read_whole, stat

_COMMS: Final = ("ruby", "rake", "rails", "bundle", "node", "MainThread", "yarn", "npm", "pnpm")
"""How the main thread of such a command can be called; the newest versions of node call it MainThread."""
_INTERPRETER: Final = re.compile(r"(ruby|jruby|node|nodejs)[0-9.]*")
_TASK: Final = re.compile(r"[a-z0-9_]+(:[a-z0-9_]+)*")
_OF_RAILS: Final = ("db:", "assets:", "webpacker:")
_OF_BUNDLE: Final = frozenset({"install", "update", "clean", "pristine"})
_OF_NODE: Final = frozenset({"install", "ci", "add", "upgrade", "build"})
_BY_DEFAULT: Final = "install"


class _Known(msgspec.Struct, frozen=True):
    """A process whose command line was read: it is the same as long as start and name are."""

    start: int
    comm: str
    command: str


class DeployCommands:
    """Looks for them among the processes of some users; remembers which are none."""

    def __init__(self, proc: Path) -> None:
        self._proc = proc
        self._known: dict[int, _Known] = {}

    def look(self, users: Collection[int], *, besides: Collection[int]) -> str:
        """
        The command of the one with the lowest pid, '' if there is none; `users` are their numbers, the pids `besides` are known to be none.

        Raises `OSError` where the processes can't be listed.
        """
        known: dict[int, _Known] = {}
        with os.scandir(self._proc) as entries:
            pids = [int(entry.name) for entry in entries if entry.name.isdecimal() and _owner(entry) in users]
        for pid in sorted(set(pids).difference(besides)):
            if (found := self._read(pid)) is not None:
                known[pid] = found
        self._known = known
        return next((one.command for one in known.values() if one.command), "")

    def _read(self, pid: int) -> _Known | None:
        try:
            directory = open_directory(f"{self._proc}/{pid}")
        except OSError:
            return None
        try:
            comm, numbers = stat(read_whole("stat", directory))
            if not comm.startswith(_COMMS):
                return None
            start = number(numbers[19])
            before = self._known.get(pid)
            if before is not None and (before.start, before.comm) == (start, comm):
                return before
            words = [word.decode(errors="replace") for word in read("cmdline", directory).split(b"\0")]
            return _Known(start, comm, command_of(words))
        except (OSError, ValueError, LookupError):
            return None
        finally:
            os.close(directory)


def command_of(words: Sequence[str]) -> str:
    """Program and subcommand of a command line that changes an application; '' for any other. Pure."""
    if not words or not words[0]:
        return ""
    if _INTERPRETER.fullmatch(_program(words[0])):
        words = _behind_options(words[1:])
        if not words:
            return ""
    program, behind = _program(words[0]), _behind_options(words[1:])
    first = behind[0] if behind else ""
    match program:
        case "bundle" | "bundler":
            if first == "exec":
                return command_of(behind[1:])
            return f"bundle {first or _BY_DEFAULT}" if not first or first in _OF_BUNDLE else ""
        case "rake":
            return f"rake {_task(first)}".rstrip()
        case "rails":
            return f"rails {_task(first)}" if first.startswith(_OF_RAILS) else ""
        case "yarn" | "npm" | "pnpm":
            return f"{program} {first or _BY_DEFAULT}" if not first or first in _OF_NODE else ""
        case _:
            return ""


def _program(word: str) -> str:
    return word.rpartition("/")[2].removesuffix(".js").removesuffix(".cjs")


def _behind_options(words: Sequence[str]) -> Sequence[str]:
    """From the first word on that is no option and no variable; an option with a separate argument can hide a command, never make one."""
    for index, word in enumerate(words):
        if word and not word.startswith("-") and "=" not in word:
            return words[index:]
    return ()


def _task(word: str) -> str:
    """The name of a task without its arguments, as far as it looks like one."""
    name = word.partition("[")[0]
    return name if _TASK.fullmatch(name) else ""


def _owner(entry: "os.DirEntry[str]") -> int | None:
    try:
        return entry.stat().st_uid
    except OSError:
        return None  # it has ended
