"""
What the agent asks for: its two files, taken only if they are the agent's own, and once.

Whoever could put a file there is the agent's user, or root; whoever reads it is the command's user, who trusts neither name nor content.
"""

import fcntl
import json
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from watchdog.model.named.definitions import Definition, why_not
from watchdog.model.named.handing_over import BEGUN, LARGEST_REQUEST, Ended, ended_line, is_id

_FLAGS: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class RefusedError(Exception):
    """What was asked for is not run; the text says why, and holds no value as it was given."""


class AlreadyRunError(RefusedError):
    """The run has begun before."""


class Asked:
    """One run; use it in `with`. Made, it belongs to whoever made it: nobody else can begin it any more. Raises `RefusedError`."""

    def __init__(self, run: str, *, spool: Path, agent: int) -> None:
        if not is_id(run):
            raise RefusedError("the run is named by 32 hexadecimal digits")
        self._request, self._result = -1, -1
        try:
            # Entered only: nobody but the agent may list it.
            folder = os.open(spool, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise RefusedError(f"{spool} can't be entered: {error.strerror}") from error
        try:
            _must_be(os.fstat(folder), str(spool), agent, stat.S_IWGRP | stat.S_IWOTH, stat.S_IFDIR)
            self._request = _open(folder, f"{run}.json", os.O_RDONLY, agent, stat.S_IWGRP | stat.S_IWOTH)
            # Its group bits are the mask of its access list: the command's user may append.
            self._result = _open(folder, f"{run}.out", os.O_WRONLY | os.O_APPEND, agent, stat.S_IWOTH)
            _claim(self._result)
        except BaseException:
            self.close()
            raise
        finally:
            os.close(folder)

    def values(self, definition: Definition) -> dict[str, str]:
        """The arguments, each of them checked by root's definition. Raises `RefusedError`."""
        data = os.read(self._request, LARGEST_REQUEST + 1)
        if len(data) > LARGEST_REQUEST:
            raise RefusedError(f"the request is longer than {LARGEST_REQUEST} bytes")
        try:
            said: Any = json.loads(data, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise RefusedError("the request is no JSON that can be read") from error
        if not isinstance(said, dict) or said.keys() != {"command", "arguments"} or not isinstance(said["arguments"], dict):
            raise RefusedError("the request is not made of a command and its arguments")
        if said["command"] != definition.name:
            raise RefusedError("the request is for another command")
        if why := why_not(definition, said["arguments"]):
            raise RefusedError(why)
        return said["arguments"]

    def tell(self, ended: Ended) -> None:
        """Write down how it ended; raises OSError."""
        _write(self._result, ended_line(ended))

    def close(self) -> None:
        """Let it go."""
        for descriptor in (self._request, self._result):
            if descriptor >= 0:
                os.close(descriptor)
        self._request = self._result = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _open(folder: int, name: str, flags: int, agent: int, forbidden: int) -> int:
    try:
        descriptor = os.open(name, flags | _FLAGS, dir_fd=folder)
    except OSError as error:
        raise RefusedError(f"{name} can't be opened: {error.strerror}") from error
    try:
        _must_be(os.fstat(descriptor), name, agent, forbidden, stat.S_IFREG)
    except RefusedError:
        os.close(descriptor)
        raise
    return descriptor


def _must_be(about: os.stat_result, name: str, agent: int, forbidden: int, kind: int) -> None:
    if stat.S_IFMT(about.st_mode) != kind or (kind == stat.S_IFREG and about.st_nlink != 1):
        raise RefusedError(f"{name} is not what the agent makes there")
    if about.st_uid != agent:
        raise RefusedError(f"{name} belongs to uid {about.st_uid}, not to the agent")
    if about.st_mode & forbidden:
        raise RefusedError(f"{name} can be written by others than the agent")


def _claim(result: int) -> None:
    """Whoever writes the first line runs it; held until we end, whatever ends us."""
    try:
        fcntl.flock(result, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise AlreadyRunError("it runs already") from error
    if os.fstat(result).st_size:
        raise AlreadyRunError("it was run already")
    _write(result, BEGUN)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)
