"""
One journalctl as a child: its output in pieces, its words on standard error, and its end, whatever happens.

The counterpart of `command`. It is asked for nothing but text, gets no terminal and no language of its own, and is ended by its own handle as soon as nobody
listens any more.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from typing import Final

from watchdog.host.log_source import LogUnreadableError

PIECE: Final = 262_144
"""Bytes that are taken at a time."""
_SAID: Final = 4_000
"""Bytes of its complaints that are kept."""
_FORBIDDEN: Final = (
    "insufficient permissions",
    "You are currently not seeing messages",
    "Permission denied",
)
_NOTHING: Final = "No journal files were found"
NO_JOURNAL: Final = "this host keeps no journal (hint: name the log file of Sidekiq under `log: files:`)"
NOT_ALLOWED: Final = "this user may not read the journal (hint: it must be in the group systemd-journal: `usermod -aG systemd-journal USER`, then restart what it runs)"


class Child:
    """A running journalctl; `open` starts one and ends it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._complaints = asyncio.create_task(self._listen(), name="journalctl: standard error")

    async def piece(self) -> bytes:
        """The next piece of its output; b"" at its end. Raises `LogUnreadableError` where it failed."""
        assert self._process.stdout is not None
        piece = await self._process.stdout.read(PIECE)
        if not piece and (code := await self._process.wait()):
            raise LogUnreadableError(_explained(await self._complaints, code))
        return piece

    async def complaints(self) -> str:
        """All that it said on standard error, once it has ended."""
        await self._process.wait()
        return await self._complaints

    async def close(self) -> None:
        """End it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._complaints
        # What it had already written must not keep the pipe open.
        self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001

    async def _listen(self) -> str:
        assert self._process.stderr is not None
        said = bytearray()
        while piece := await self._process.stderr.read(PIECE):
            said += piece[: _SAID - len(said)]
        return said.decode(errors="replace")


@contextlib.asynccontextmanager
async def open_child(command: Sequence[str]) -> AsyncIterator[Child]:
    """Run it for as long as the block lasts. Raises `LogUnreadableError` where there is no such program."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=PIECE,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "SYSTEMD_COLORS": "0"},
        )
    except OSError as error:
        raise LogUnreadableError(
            f"journalctl can't be run: {error.strerror} (hint: without systemd, name the log file of Sidekiq under `log: files:`)"
        ) from error
    child = Child(process)
    try:
        yield child
    finally:
        await asyncio.shield(child.close())


def hindrance(complaints: str) -> str:
    """Why journalctl shows nothing, by what it says; '' if there is nothing else to show."""
    if any(words in complaints for words in _FORBIDDEN):
        return NOT_ALLOWED
    return NO_JOURNAL if _NOTHING in complaints else ""


def _explained(complaints: str, code: int) -> str:
    if reason := hindrance(complaints):
        return reason
    first = complaints.strip().partition("\n")[0]
    return f"journalctl failed with {code}: {first or 'it said nothing'}"
