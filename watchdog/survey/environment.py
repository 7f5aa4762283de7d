"""
The environment of a service or process, and where each variable of it stands.

What the process itself has goes before what its application reads from files, as dotenv has it; among those `.env.production.local` goes before `.env.local`, `.env.production` and
`.env` (dotenv-rails). Of systemd's `EnvironmentFile=` only what systemd takes is taken: no `export`, no `$NAME`.
"""

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from watchdog.mastodon.dotenv import parse
from watchdog.survey.files import UnreadableError, text_of, under
from watchdog.survey.remarks import Remark, remark

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DOTENV: Final = (".env.{0}.local", ".env.local", ".env.{0}", ".env")
_MOST_SHOWN: Final = 3
"""Lines of one file that are complained of; a file that is something else altogether has many."""


class Setting(msgspec.Struct, frozen=True):
    """A value, which may be a secret, and the place where it stands."""

    value: str
    source: str

    def __repr__(self) -> str:
        return f"Setting(…, {self.source!r})"


Environment = dict[str, Setting]


def plain(environment: Mapping[str, Setting]) -> dict[str, str]:
    """The values alone."""
    return {name: setting.value for name, setting in environment.items()}


def assigned(words: str, source: str) -> Environment:
    """What `Environment=` of a unit sets: `NAME=value "OTHER=with blanks"`."""
    try:
        found = shlex.split(words)
    except ValueError:
        return {}
    pairs = (word.partition("=") for word in found)
    return {name: Setting(value, source) for name, equals, value in pairs if equals and _NAME.fullmatch(name)}


def of_systemd_file(path: str, root: Path, remarks: list[Remark]) -> Environment:
    """What a file that `EnvironmentFile=` names sets; one with `-` in front may be absent."""
    optional, path = path.startswith("-"), path.removeprefix("-")
    try:
        text = text_of(under(root, path))
    except FileNotFoundError:
        if not optional:
            remarks.append(remark("unread-file", file=path, why="is not there, though a unit names it"))
        return {}
    except UnreadableError as error:
        remarks.append(remark("unread-file", file=path, why=str(error)))
        return {}
    found: Environment = {}
    line = 1
    for whole in re.split(r"(?<!\\)\n", text):
        name, equals, value = whole.replace("\\\n", "").strip().partition("=")
        if equals and _NAME.fullmatch(name.strip()):
            value = value.strip()
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            found[name.strip()] = Setting(value[1:-1] if quoted else value, f"{path}:{line}")
        line += whole.count("\n") + 1
    return found


def of_application(folder: str, environment: Mapping[str, Setting], root: Path, remarks: list[Remark]) -> Environment:
    """The environment with what the application reads from the files in its folder."""
    found: Environment = dict(environment)
    rails = environment.get("RAILS_ENV")
    place = under(root, folder)
    if os.path.exists(place) and not os.access(place, os.R_OK | os.X_OK):  # noqa: PTH110
        remarks.append(remark("unread-file", file=f"{folder}/.env.production", why="can't be read: this user may not look into the folder"))
        return found
    for name in _DOTENV:
        path = f"{folder.rstrip('/')}/{name.format(rails.value if rails else 'production')}"
        for variable, setting in _of_dotenv(path, plain(found), root, remarks).items():
            found.setdefault(variable, setting)
    return found


def _of_dotenv(path: str, outer: Mapping[str, str], root: Path, remarks: list[Remark]) -> Environment:
    try:
        entries, troubles = parse(text_of(under(root, path)), outer)
    except FileNotFoundError:
        return {}
    except UnreadableError as error:
        remarks.append(remark("unread-file", file=path, why=str(error)))
        return {}
    remarks.extend(remark("strange-line", file=f"{path}:{one.line}", why=one.text) for one in troubles[:_MOST_SHOWN])
    if len(troubles) > _MOST_SHOWN:
        remarks.append(remark("strange-line", file=path, why=f"{len(troubles) - _MOST_SHOWN} more lines are no NAME=value"))
    return {entry.name: Setting(entry.value, f"{path}:{entry.line}") for entry in entries if entry.value is not None}


def of_process(entries: Iterable[bytes], pid: int) -> Environment:
    """What /proc/PID/environ holds."""
    pairs = (entry.decode("utf-8", "replace").partition("=") for entry in entries)
    return {name: Setting(value, f"the environment of the process {pid}") for name, equals, value in pairs if equals}
