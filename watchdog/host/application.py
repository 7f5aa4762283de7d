"""
Whether the application is just being deployed, or has been since its processes were started.

The counterpart of `code_files.py` and `deploy_commands.py`, which read; here is decided whose folder and whose commands matter. What it can't find out
it says, with the reason: a guard that asks must not take that for a no.
"""

import os
import pwd
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog.host.boot import Here, since_boot
from watchdog.host.cgroup import unit
from watchdog.host.code_files import UNIT_FOLDERS, Files, read_files, read_unit_files
from watchdog.host.deploy_commands import DeployCommands
from watchdog.host.files import number, open_directory, read, table

_TOLERANCE: Final = 2_000
"""Milliseconds after its start in which what is changed belongs to the start itself."""
_Found = Mapping[str, tuple[int, int]]


class Origin(msgspec.Struct, frozen=True):
    """Of one process: its user and unit, and the folder that it runs in; None where that is not shown to us."""

    user: int
    unit: str
    folder: Path | None


class Application:
    """
    `folder` and `user` are what the operator has said; without them those of the processes themselves count.

    `trouble` is why something can't be known, a sentence, empty while all can.
    """

    def __init__(
        self, here: Here, *, folder: Path | None = None, user: str | None = None, unit_folders: tuple[Path, ...] = UNIT_FOLDERS
    ) -> None:
        self._here = here
        self._folder = folder
        self._user = user
        self._unit_folders = unit_folders
        self._origins: dict[tuple[int, int], Origin | None] = {}
        self._commands = DeployCommands(here.proc)
        self.trouble = ""

    def look(self, found: _Found) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """The readings of the host by slot, and those of each of these processes (identity → pid and start). Never raises."""
        self.trouble = ""
        self._origins = {one: self._origins[one] if self._origins.get(one) else self._origin_of(one[0]) for one in found.values()}
        command = self._deploying()
        files: dict[Path | str, Files] = {}
        of_processes = {identity: self._age_of(one, files) for identity, one in found.items()}
        return {"deploying": None if command is None else bool(command), "deploy_command": command}, of_processes

    def where(self) -> Path | None:
        """The folder of the application: what the operator has said, else that of a process that was found; None while nobody knows."""
        return self._folder or next((one.folder for one in self._origins.values() if one is not None and one.folder is not None), None)

    def _deploying(self) -> str | None:
        users = self._users()
        if not users:
            return None
        try:
            return self._commands.look(users, besides={pid for pid, _ in self._origins})
        except OSError as error:
            self.trouble = f"{self._here.proc} can't be listed: {error.strerror}"
            return None

    def _users(self) -> set[int]:
        if self._user is None:
            return {origin.user for origin in self._origins.values() if origin is not None}
        try:
            return {pwd.getpwnam(self._user).pw_uid}
        except KeyError:
            self.trouble = f"there is no user {self._user} on this host"
            return set()

    def _age_of(self, process: tuple[int, int], files: dict[Path | str, Files]) -> dict[str, Any]:
        """Whether something is newer than this process, and what; `files` are those of folders and units that were read already."""
        origin = self._origins[process]
        folder = self._folder or (None if origin is None else origin.folder)
        if folder is None:
            self.trouble = "the folder of the application is not shown to the agent: name it in the config, `app: {folder: …}`"
            return {"code_changed": None, "changed_file": None, "changed_wall": None}
        if folder not in files:
            files[folder] = read_files(folder)
        code = files[folder]
        name = "" if origin is None else origin.unit
        if name not in files:
            files[name] = read_unit_files(name, self._unit_folders)
        of_unit = files[name]
        both = Files(tuple(sorted((*code.changed, *of_unit.changed))), code.hidden or of_unit.hidden)
        newer = both.newer_than(self._start_of(process))
        if not newer and not code.changed:
            newer = None  # a unit that is as old as its process says nothing of the code
        if newer is None:
            self.trouble = f"{folder / code.hidden} can't be looked at" if code.hidden else f"{folder} holds no application"
            return {"code_changed": None, "changed_file": None, "changed_wall": None}
        return {"code_changed": bool(newer), "changed_file": newer, "changed_wall": both.when(newer)}

    def _start_of(self, process: tuple[int, int]) -> int:
        age = since_boot() - process[1] * 1000 // self._here.ticks_per_second
        return time.time_ns() // 1_000_000 - age + _TOLERANCE

    def _origin_of(self, pid: int) -> Origin | None:
        try:
            directory = open_directory(f"{self._here.proc}/{pid}")
        except OSError:
            return None
        try:
            user = number(table(read("status", directory))[b"Uid"].split()[1])
            return Origin(user, unit(read("cgroup", directory).decode(errors="replace")), _folder_of(directory))
        except (OSError, ValueError, LookupError):
            return None
        finally:
            os.close(directory)


def _folder_of(directory: int) -> Path | None:
    """The folder that a process runs in. The kernel shows it to its own user, and to who may trace it; not across users."""
    try:
        return Path(os.readlink("cwd", dir_fd=directory))
    except OSError:
        return None
