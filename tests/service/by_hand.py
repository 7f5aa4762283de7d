"""A command of the program that somebody has typed: what it has said so far, and how it ended; and somebody who starts again what has ended."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.service.agent import NO_SYSTEMD, ROOT
from tests.service.conftest import SidekiqFactory, SidekiqProcess


class Typed:
    """One that runs; `wait_for` waits for a line of it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._came = asyncio.Condition()
        assert process.stdout is not None  # made so below
        self._reader = asyncio.create_task(self._read(process.stdout))

    @classmethod
    async def type(cls, config: Path, *arguments: str) -> "Typed":
        """`sidekiq-watchdog` with these arguments and that config."""
        return cls(
            await asyncio.create_subprocess_exec(
                Path(sys.executable).with_name("sidekiq-watchdog"), *arguments, "--config", str(config), cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **NO_SYSTEMD},
            )
        )  # fmt: skip

    async def wait_for(self, text: str, within: float = 60) -> None:
        """Until a line holds this."""
        try:
            async with asyncio.timeout(within), self._came:
                await self._came.wait_for(lambda: any(text in line for line in self.lines) or self._reader.done())
        except TimeoutError:
            raise AssertionError(f"no line with {text!r} in {within} s:\n{self.said}") from None
        assert any(text in line for line in self.lines), f"it ended without {text!r}:\n{self.said}"

    async def ends(self, within: float = 120) -> int:
        """Its exit code."""
        try:
            async with asyncio.timeout(within):
                code = await self.process.wait()
                await self._reader
        except TimeoutError:
            self.process.kill()
            raise AssertionError(f"it has not ended in {within} s:\n{self.said}") from None
        return code

    @property
    def said(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    async def _read(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            async with self._came:
                self.lines.append(line.decode(errors="replace").rstrip())
                self._came.notify_all()
        async with self._came:
            self._came.notify_all()


async def replaced(sidekiq: SidekiqFactory, victim: SidekiqProcess, queues: Sequence[str], *, within: float = 90) -> SidekiqProcess:
    """What a supervisor does: as soon as the victim has ended, another one is started in its place."""
    await victim.wait_exit(within)
    return await sidekiq.start(queues, concurrency=2)
