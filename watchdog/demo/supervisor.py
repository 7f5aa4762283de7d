"""
Starts the demo's workers, and starts each again when it ends: what systemd does with `Restart=always`, `RestartSec=1`.

The agent never starts anything in this demo; it ends what is wedged, and whoever keeps the service running does the rest.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

import msgspec

from watchdog.demo.server import stop
from watchdog.demo.tied import tied
from watchdog.demo.title import ROOM

RESTART_S: Final = 1.0
STOP_S: Final = 4.0
"""More than a worker's own timeout and its fetch together."""


class Unit(msgspec.Struct, frozen=True):
    """One worker as the supervisor knows it; `queues` in the order in which it asks them."""

    name: str
    queues: tuple[str, ...]
    threads: int


class Ended(msgspec.Struct, frozen=True):
    """The end of a worker: below zero, `code` is the number of the signal that killed it."""

    unit: str
    pid: int
    code: int


class Supervisor:
    """Keeps the units running until it is stopped; `pids` is by name, `ended` is in order."""

    def __init__(self, units: tuple[Unit, ...], *, socket: Path, folder: Path) -> None:
        self._units = units
        self._socket = socket
        self._folder = folder
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self.ended: list[Ended] = []

    @property
    def units(self) -> tuple[Unit, ...]:
        """What is kept running."""
        return self._units

    @property
    def pids(self) -> dict[str, int]:
        """Name → pid of each unit that lives."""
        return {name: process.pid for name, process in self._processes.items() if process.returncode is None}

    def log(self, name: str) -> Path:
        """Where that unit writes."""
        return self._folder / f"{name}.log"

    async def run(self) -> None:
        """Until cancelled; then every unit is ended, with SIGKILL if need be, since one of them may not listen."""
        try:
            async with asyncio.TaskGroup() as group:
                for unit in self._units:
                    group.create_task(self._keep(unit), name=unit.name)
        finally:
            async with asyncio.TaskGroup() as group:
                for process in self._processes.values():
                    group.create_task(stop(process, within=STOP_S))

    async def _keep(self, unit: Unit) -> None:
        while True:
            process = self._processes[unit.name] = await self._start(unit)
            code = await process.wait()
            self.ended.append(Ended(unit.name, process.pid, code))
            await asyncio.sleep(RESTART_S)

    async def _start(self, unit: Unit) -> asyncio.subprocess.Process:
        worker = [sys.executable, "-P", "-m", "watchdog.demo.worker"]
        arguments = [str(self._socket), ",".join(unit.queues), str(unit.threads), ROOM]
        with self.log(unit.name).open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *tied([*worker, *arguments]), stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
