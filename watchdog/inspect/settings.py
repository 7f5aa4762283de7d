"""
inspect.toml: which units may be read, who may ask, which environment variables may be told.

Root says so and nobody else: a file that another user owns or could have written is not read at all.
"""

import os
import pwd
import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

_LARGEST: Final = 65_536
_UNIT: Final = re.compile(r"[A-Za-z0-9:_.\\-][A-Za-z0-9:_.\\@-]*(?:\*[A-Za-z0-9:_.\\@-]*)?\.service\Z")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_KEYS: Final = ("units", "allow", "env")


class Settings(NamedTuple):
    """`units` are names, with `*` for any text; `uids` may ask; `environment` names the variables that are told."""

    units: tuple[str, ...]
    uids: frozenset[int]
    environment: tuple[str, ...] = ()


class SettingsError(Exception):
    """The file can't be used; the text names the file, the key, and what is right."""


def load(path: Path) -> Settings:
    """Read the file; raises `SettingsError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            _trust(os.fstat(descriptor), path)
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise SettingsError(
            f"{path} can't be read: {error.strerror}; it is a file, not a link, that this program's user may read"
        ) from error
    if len(text) > _LARGEST:
        raise SettingsError(f"{path} is longer than {_LARGEST} bytes")
    return parse(text, str(path))


def parse(text: bytes, name: str, *, uid_of: Callable[[str], int] | None = None) -> Settings:
    """Read the text; `name` is that of its file, `uid_of` finds a user (KeyError: there is none). Raises `SettingsError`."""
    try:
        said = tomllib.loads(text.decode())
    except ValueError as error:
        raise SettingsError(f"{name} is no TOML: {error}") from error
    for key in said:
        if key not in _KEYS:
            raise SettingsError(f"{name}: nothing is called {key!r}; there are {', '.join(_KEYS)}")
    units = _texts(said, "units", name)
    for unit in units:
        if not _UNIT.match(unit):
            raise SettingsError(
                f"{name}: units: {unit!r} is no name of a service: it ends with `.service`, and does not begin with its only `*`"
            )
    environment = _texts(said, "env", name)
    for variable in environment:
        if not _VARIABLE.match(variable):
            raise SettingsError(f"{name}: env: {variable!r} is no name of an environment variable")
    if not units:
        raise SettingsError(
            f'{name}: units is missing or empty: name the services that may be read, as in units = ["mastodon-sidekiq.service"]'
        )
    return Settings(units, _uids(said, name, uid_of or (lambda user: pwd.getpwnam(user).pw_uid)), environment)


def _trust(about: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise SettingsError(f"{path} is no file")
    if about.st_uid != 0:
        raise SettingsError(f"{path} belongs to uid {about.st_uid}: it must belong to root (chown root)")
    if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SettingsError(f"{path} can be written by others than root: its mode must be 0644 or less (chmod go-w)")


def _uids(said: dict[str, Any], name: str, uid_of: Callable[[str], int]) -> frozenset[int]:
    allow = said.get("allow")
    if not isinstance(allow, list) or not allow:
        raise SettingsError(f'{name}: allow is missing or empty: name the user that the agent runs as, as in allow = ["sidekiq-watchdog"]')
    uids = set()
    for user in allow:
        if isinstance(user, bool) or not isinstance(user, int | str) or (isinstance(user, int) and user < 0):
            raise SettingsError(f"{name}: allow: {user!r} is neither the name of a user nor a uid")
        try:
            uids.add(user if isinstance(user, int) else uid_of(user))
        except KeyError as error:
            raise SettingsError(f"{name}: allow: there is no user {user!r}") from error
    return frozenset(uids)


def _texts(said: dict[str, Any], key: str, name: str) -> tuple[str, ...]:
    values = said.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise SettingsError(f"{name}: {key} is a list of texts")
    return tuple(values)
