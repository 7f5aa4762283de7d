"""Reading commands.toml only where it is root's: a file that another user owns or could have written is not read at all."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.model.named.reading import DefinitionError, Definitions, parse

_LARGEST: Final = 262_144


def read(path: Path) -> Definitions:
    """Read the file, whoever it belongs to; raises `DefinitionError`. For the agent: what it takes from it is checked again by who runs the command."""
    return load(path, owner=None)


def load(path: Path, *, owner: int | None = 0) -> Definitions:
    """Read the file, which belongs to the uid `owner` (None: to whomever); raises `DefinitionError`."""
    try:
        _trust(path.parent.stat(), path.parent, owner, stat.S_ISDIR)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            _trust(os.fstat(descriptor), path, owner, stat.S_ISREG)
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise DefinitionError(
            f"{path} can't be read: {error.strerror}; it is a file, not a link, that everybody may read, and so may its folders be entered"
        ) from error
    if len(text) > _LARGEST:
        raise DefinitionError(f"{path} is longer than {_LARGEST} bytes")
    return parse(text, str(path))


def _trust(about: os.stat_result, path: Path, owner: int | None, is_right: Callable[[int], bool]) -> None:
    if not is_right(about.st_mode):
        raise DefinitionError(f"{path} is not what it should be: commands.toml is a file in a folder")
    if owner is None:
        return
    if about.st_uid != owner:
        raise DefinitionError(f"{path} belongs to uid {about.st_uid}: it must belong to root (chown root)")
    if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise DefinitionError(f"{path} can be written by others than root (chmod go-w)")
