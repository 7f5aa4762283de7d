"""
The files of a new config: whole or not at all, for root and the agent's group alone, and never in place of one that is there.

A file is written under another name, then linked to its own: a link fails where the name is taken, so nobody's file is ever replaced, not even
one that somebody writes at the same moment.
"""

import contextlib
import grp
import os
import secrets
from pathlib import Path
from typing import Final

from watchdog.config.disk import why
from watchdog.errors import WatchdogError

GROUP: Final = "sidekiq-watchdog"
_FILE: Final = 0o640
_FOLDER: Final = 0o755
"""Others may look into it: beside the config lie files that are no secret, for other programs."""


class NotWrittenError(WatchdogError):
    """A file that is there already, or can't be made."""


def write_all(folder: Path, files: dict[str, str]) -> None:
    """
    Write these files, in their order, into a folder that is made if it is not there.

    Raises `NotWrittenError`, before anything is written where one of them is there with another content. One with the very same content is left as it is.
    """
    for name, text in files.items():
        _refuse_other(folder / name, text)
    try:
        if not folder.exists():
            folder.mkdir(mode=_FOLDER, parents=True)
            _give(folder)
        for name, text in files.items():
            if not os.path.lexists(folder / name):
                _write(folder / name, text)
    except OSError as error:
        raise NotWrittenError(f"{error.filename or folder} can't be written: {why(error)}; --print shows the config") from error


def taken(path: Path) -> bool:
    """Whether something has that name."""
    return os.path.lexists(path)


def _refuse_other(path: Path, text: str) -> None:
    if not taken(path):
        return
    with contextlib.suppress(OSError, ValueError):
        if path.is_file() and path.read_text("utf-8") == text:
            return
    raise NotWrittenError(
        f"{path} is there already, and nothing is ever overwritten: move it away, or see what would be written with --print"
    )


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), _FILE)
            if (group := _group()) is not None:
                os.fchown(file.fileno(), -1, group)
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            raise NotWrittenError(f"{path} has just been made by somebody else, and is left as it is") from None
    finally:
        draft.unlink()
    _sync(path.parent)


def _give(folder: Path) -> None:
    if (group := _group()) is not None:
        os.chown(folder, -1, group)
    folder.chmod(_FOLDER)


def lacks_group() -> bool:
    """Whether root writes for an agent whose group there is not yet."""
    return os.geteuid() == 0 and _group() is None


def _group() -> int | None:
    """That of the agent, where it exists and this user may give files to it."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return grp.getgrnam(GROUP).gr_gid
    return None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
