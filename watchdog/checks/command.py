"""
`type: command`: a program of the operator's that must end with 0.

Why so strict about its file: the agent may run as root, and whoever could change that file would be root, too.
"""

import asyncio
import contextlib
import os
import pwd
import signal
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from watchdog.checks.attempt import CheckFailedError, fit

ENVIRONMENT: Final = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_SAID: Final = 4_096
"""Bytes of its output that are kept; the rest is read and dropped, so that it is never held up by us."""
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class ProgramCheck:
    """Runs `words`, the program first, as `user`; without one as the agent's own. `owner` is the uid whose the file must be."""

    def __init__(self, words: Sequence[str], user: str | None, *, owner: int = 0) -> None:
        self._words = tuple(words)
        self._user = user
        self._owner = owner

    async def __call__(self) -> None:
        """Runs it to its end; raises `CheckFailedError`. When it is cancelled, everything that it has started in its session is ended."""
        program = Path(self._words[0])
        # Disks and directories of users can be slow: neither may hold up the agent.
        if wrong := await asyncio.to_thread(_wrong_with, program, self._owner):
            raise CheckFailedError(wrong)
        identity = await asyncio.to_thread(_identity, self._user)
        try:
            process = await _begun(self._words, identity)
        except OSError as error:
            raise CheckFailedError(f"{program} can't be run: {os.strerror(error.errno) if error.errno else type(error).__name__}") from None
        try:
            said = await _output(process)
            code = await process.wait()
        finally:
            await _end(process)
        if code != 0:
            ended = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
            words = fit(said.decode("utf-8", "replace"))
            raise CheckFailedError(f"{program.name} {ended}" + (f": {words}" if words else ""))


async def _begun(words: Sequence[str], identity: Mapping[str, Any]) -> asyncio.subprocess.Process:
    """Starts it; raises OSError. Cancelled meanwhile, it ends what it has started, as the caller can't yet."""
    beginning = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            **identity,
        )
    )
    try:
        return await asyncio.shield(beginning)
    except asyncio.CancelledError:
        # By then the program runs. asyncio, cancelled there, ends it alone and waits for the end of its output, which whatever it has started keeps open.
        while not beginning.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({beginning})
        if not beginning.cancelled() and beginning.exception() is None:
            await _end(beginning.result())
        raise


async def _output(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None  # asked for
    said = bytearray()
    while piece := await process.stdout.read(_SAID):
        said += piece[: _SAID - len(said)]
    return bytes(said)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        # Its own session: whatever it has started goes with it. Until it has been waited for the number is nobody else's.
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
    transport: asyncio.SubprocessTransport = process._transport  # type: ignore[attr-defined]  # noqa: SLF001
    # A grandchild that made a session of its own must not keep the pipe open: its end is part of what is waited for.
    if (output := transport.get_pipe_transport(1)) is not None:
        output.close()
    await process.wait()
    transport.close()


def _wrong_with(program: Path, owner: int) -> str:
    """Why this file is not run; empty if nothing is wrong. What a link points to counts, too."""
    try:
        real = program.resolve(strict=True)
        for path in (program, *program.parents, real, *real.parents):
            status = path.lstat()
            if status.st_uid not in {0, owner}:
                return f"{path} does not belong to root, so {program.name} is not run"
            if status.st_mode & _OTHERS_MAY_WRITE and not (stat.S_ISLNK(status.st_mode) or _is_sticky_folder(status.st_mode)):
                return f"others than root can write to {path}, so {program.name} is not run"
    except OSError as error:
        return f"{program} can't be run: {os.strerror(error.errno) if error.errno else type(error).__name__}"
    return ""


def _is_sticky_folder(mode: int) -> bool:
    """As /tmp: others can add to it, but not take away or rename what belongs to root."""
    return stat.S_ISDIR(mode) and bool(mode & stat.S_ISVTX)


def _identity(user: str | None) -> dict[str, Any]:
    """How to become that user; nothing where the agent already is."""
    if user is None:
        return {}
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise CheckFailedError(f"there is no user {user} on this machine") from None
    if entry.pw_uid == os.geteuid():
        return {}
    if os.geteuid() != 0:
        raise CheckFailedError(f"the agent does not run as root, so it can run nothing as {user}")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": os.getgrouplist(user, entry.pw_gid)}
