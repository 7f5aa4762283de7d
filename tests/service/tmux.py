"""A terminal that a test looks at and types into: a tmux of its own, on a socket in the test's folder, ended by its own pid."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.patience import PATIENCE
from tests.service.conftest import Served, _die_with_parent, _eventually

_CLEAN: Final = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE", "NO_COLOR")}

_STAYING: Final = ("sh", "-c", '"$@"; echo "ended with $?"; exec cat', "sh")
"""Runs a command, and stays: tmux does not always notice that the last process of a window has ended."""


class Terminal:
    """One window of that size in which a command runs; what it ends with stays to be seen, with `ended with` and its exit code."""

    def __init__(self, socket: Path, name: str) -> None:
        self._socket = socket
        self._name = name
        self.seen = ""

    async def screen(self) -> str:
        """What stands in it."""
        self.seen = await _tmux(self._socket, "capture-pane", "-p", "-t", self._name)
        return self.seen

    async def sees(self, *texts: str, without: Sequence[str] = ()) -> str:
        """The screen once all of that stands in it, and none of `without`."""

        async def is_there() -> bool:
            screen = await self.screen()
            return all(text in screen for text in texts) and not any(text in screen for text in without)

        await _eventually(is_there, within=PATIENCE, what=lambda: f"{texts} in the terminal, which shows:\n{self.seen}")
        return self.seen

    async def press(self, *keys: str) -> None:
        """Keys by tmux' names for them."""
        await _tmux(self._socket, "send-keys", "-t", self._name, *keys)

    async def type(self, text: str) -> None:
        """Letters as they are."""
        await _tmux(self._socket, "send-keys", "-l", "-t", self._name, text)


class Tmux:
    """Opens terminals."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._number = 0

    async def open(self, *command: str, columns: int = 100, lines: int = 30, env: dict[str, str] | None = None) -> Terminal:
        """A new one of that size."""
        self._number += 1
        name = f"window{self._number}"
        given = [part for key, value in (env or {}).items() for part in ("-e", f"{key}={value}")]
        await _tmux(self._socket, "new-session", "-d", "-s", name, "-x", str(columns), "-y", str(lines), *given, *_STAYING, *command)
        return Terminal(self._socket, name)


@asynccontextmanager
async def tmux(folder: Path) -> AsyncIterator[Tmux]:
    """A server, and nothing of it left behind."""
    socket, config = folder / "tmux.sock", folder / "tmux.conf"
    config.write_text("set -g status off\nset -g default-terminal screen-256color\n")
    process = await asyncio.create_subprocess_exec(
        "tmux", "-u", "-D", "-S", str(socket), "-f", str(config), env=_CLEAN, stdin=asyncio.subprocess.DEVNULL, preexec_fn=_die_with_parent
    )  # fmt: skip
    try:

        async def listens() -> bool:
            return socket.exists()

        await _eventually(listens, within=PATIENCE, what=lambda: "tmux")
        yield Tmux(socket)
    finally:
        await Served(process).kill()


async def _tmux(socket: Path, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "tmux", "-u", "-S", str(socket), *words, env=_CLEAN, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, f"tmux {words}: {err.decode()}"
    return out.decode()
