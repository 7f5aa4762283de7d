"""Another host on this machine: a name, processes and a network of its own, and the same files. What runs there ends with it."""

import asyncio
import signal
from pathlib import Path
from typing import Final, Self

from tests.service.conftest import Served, _die_with_parent

_BEGIN: Final = 'hostname "$1" && echo there && exec sleep infinity'


class OtherHost:
    """`inside` is the beginning of a command that runs there, in that folder."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._served: Served | None = None
        self._init = 0

    async def __aenter__(self) -> Self:
        process = await asyncio.create_subprocess_exec(
            "unshare", "--uts", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", _BEGIN, "sh", self.name,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, preexec_fn=_die_with_parent,
        )  # fmt: skip
        self._served = Served(process)
        assert process.stdout is not None, "it was asked for"
        assert await process.stdout.readline() == b"there\n"
        (self._init,) = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._served is not None, "it is there"
        self._served.signal(signal.SIGKILL)
        await self._served.process.wait()

    def inside(self, folder: Path) -> tuple[str, ...]:
        """Signals reach what runs the command, not the command."""
        return ("nsenter", "-t", str(self._init), "--uts", "--net", "--pid", "--mount", "env", "-C", str(folder))
