"""
The real agent as a child process, with everything a test waits for told by the agent itself.

It says READY through its notify socket, writes each audit row into its log as it is committed, and
can be made to die (SIGKILL, no goodbye) exactly before or after one of its own steps.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.patience import PATIENCE

ROOT: Final = Path(__file__).parents[2]
CONFIG: Final = """\
mode: {mode}
redis: {{url: "{url}", namespace: ""}}
rules: [rules.yml]
state: state
fleet_budget: 1000/1d
receivers:
  ops: {{type: webhook, url: "{hook}", secret: "${{file:secret}}"}}
"""
RULES: Final = """\
rules:
  - rule: stuck-job
    each: job
    where: job.queue in ["push", "pull"]
    when: job.elapsed > {elapsed}
    evidence: []
    then:
      - terminate_process: {{process: job.process, grace: {grace}}}
    guards: {{deploy: 0s, settle: 0, cooldown: 5m, keep: 0%, max_unhealthy: 100%, baseline: allow}}
    notify: [ops]
"""
NO_SYSTEMD: Final = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere/bus"}
"""The units of the machine that the tests run on are nothing to them."""
RECOVER: Final = """\
rules:
  - rule: stuck-job
    each: job
    where: {where}
    when: job.elapsed > {elapsed}
    then:
      - recover_process: {{process: job.process, drain: {drain}, grace: {grace}, stuck_after: 0s, rescue: {rescue}}}
    guards: {{deploy: 0s, settle: 0, cooldown: 5s, cooldown_max: 0s, keep: 0%, budget: 1000/1d, target_budget: 1000/1d, host_budget: 1000/1d, culprits: 0, max_unhealthy: 100%, baseline: allow, trials: 0}}
    notify: [ops]
"""
SILENT: Final = """\
  - rule: silent-process
    each: process
    when: process.beat_age > 60s
    then:
      - recover_process: {{process: process, drain: {drain}, grace: {grace}, rescue: {rescue}}}
    guards: {{deploy: 0s, settle: 0, cooldown: 5s, cooldown_max: 0s, keep: 0%, budget: 1000/1d, target_budget: 1000/1d, host_budget: 1000/1d, culprits: 0, max_unhealthy: 100%, baseline: allow, trials: 0}}
    notify: [ops]
"""
SECRET: Final = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cw=="


def write_config(
    folder: Path,
    *,
    url: str,
    mode: str = "act",
    elapsed: str = "20s",
    grace: str = "10s",
    hook: str = "http://127.0.0.1:9/hook",
    settle: int = 0,
) -> Path:
    """The config and rule of the documentation, with a test's own numbers; the path of the config. `settle` is 3 where nobody says otherwise."""
    (folder / "secret").write_text(SECRET + "\n")
    (folder / "secret").chmod(0o600)
    (folder / "rules.yml").write_text(RULES.format(elapsed=elapsed, grace=grace).replace("settle: 0", f"settle: {settle}"))
    config = folder / "config.yml"
    config.write_text(CONFIG.format(mode=mode, url=url, hook=hook))
    return config


def write_recovery(
    config: Path,
    *,
    where: str = 'job.class == "SleepForever"',
    elapsed: str = "2s",
    drain: str = "10s",
    grace: str = "10s",
    rescue: str = "proven",
) -> Path:
    """Rules that recover instead of those beside this config; its path. Only jobs for which `where` holds are stuck."""
    text = (RECOVER + SILENT).format(where=where, elapsed=elapsed, drain=drain, grace=grace, rescue=rescue)
    (config.parent / "rules.yml").write_text(text)
    return config


class AgentProcess:
    """One agent. `lines` is all that it has logged; `wait_for` waits for a line. `before` is a command that runs it, somewhere else."""

    def __init__(self, config: Path, *arguments: str, env: dict[str, str] | None = None, before: Sequence[str] = ()) -> None:
        self.config = config
        self.lines: list[str] = []
        self._before = before
        self._arguments = arguments
        self._env = env or {}
        self._came = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._notified: asyncio.Queue[str] = asyncio.Queue()
        self._socket: socket.socket | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None, "it was not started"
        return self._process.pid

    async def start(self, *, ready: bool = True) -> "AgentProcess":
        """Starts it, and waits until it says that it is ready."""
        path = self.config.parent / f"notify-{os.urandom(4).hex()}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._hear)
        self._process = await asyncio.create_subprocess_exec(
            *self._before, sys.executable, "-m", "tests.service.mortal_agent", "run", "--config", str(self.config), *self._arguments,
            cwd=ROOT, env={**os.environ, "NOTIFY_SOCKET": str(path), "PYTHONPATH": str(ROOT), **NO_SYSTEMD, **self._env},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        if ready:
            await self.notified("READY=1")
        return self

    def signal(self, number: int) -> None:
        """Sends it a signal."""
        assert self._process is not None, "it was not started"
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def notified(self, message: str, within: float = PATIENCE) -> None:
        """Waits until it tells systemd this."""
        assert self._process is not None, "it was not started"
        ended = asyncio.create_task(self._process.wait())
        try:
            async with asyncio.timeout(within):
                while True:
                    told = asyncio.create_task(self._notified.get())
                    done, _ = await asyncio.wait({ended, told}, return_when=asyncio.FIRST_COMPLETED)
                    if told in done:
                        if message in told.result():
                            return
                        continue
                    told.cancel()
                    raise AssertionError(f"it ended with {ended.result()}:\n" + "\n".join(self.lines))
        finally:
            ended.cancel()

    async def wait_for(self, pattern: str, *, within: float = PATIENCE, after: int = 0) -> str:
        """The first log line from number `after` on that matches; fails with the whole log."""

        def found() -> str | None:
            return next((line for line in self.lines[after:] if re.search(pattern, line)), None)

        try:
            async with asyncio.timeout(within), self._came:
                await self._came.wait_for(lambda: found() is not None)
        except TimeoutError:
            raise AssertionError(f"no line matched {pattern!r} in {within} s:\n" + "\n".join(self.lines)) from None
        return found() or ""

    async def wait_exit(self, within: float = PATIENCE) -> int:
        """Its exit status."""
        assert self._process is not None, "it was not started"
        async with asyncio.timeout(within):
            status = await self._process.wait()
            if self._reader is not None:
                await self._reader
        return status

    async def stop(self) -> int:
        """SIGTERM, and its exit status."""
        self.signal(signal.SIGTERM)
        return await self.wait_exit()

    async def aclose(self) -> None:
        """Whatever state it is in, it is gone afterwards."""
        if self._process is not None and self._process.returncode is None:
            self.signal(signal.SIGKILL)
            await self._process.wait()
        if self._reader is not None:
            await self._reader
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    async def ask(self, *arguments: str) -> tuple[int, str]:
        """Runs another command of the program with the same config: exit code and output."""
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("sidekiq-watchdog"), *arguments, "--config", str(self.config), cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, errors = await process.communicate()
        return process.returncode or 0, output.decode() + errors.decode()

    async def status_has(self, keep: Callable[[dict[str, Any]], bool], *, within: float = PATIENCE) -> dict[str, Any]:
        """The first picture, as `status --json` prints it, of which that is true: the one that is printed may be a second old."""
        async with asyncio.timeout(within):
            while True:
                _, output = await self.ask("status", "--json")
                picture: dict[str, Any] = json.loads(output.splitlines()[0])
                if keep(picture):
                    return picture

    async def audit(self, keep: Callable[[dict[str, Any]], bool] = lambda _row: True) -> list[dict[str, Any]]:
        """The audit rows, as the command prints them."""
        status, output = await self.ask("audit", "--json")
        assert status == 0, output
        return [row for row in map(json.loads, output.splitlines()) if keep(row)]

    async def sees_off(self, victim: Any, within: float = 2 * PATIENCE) -> int:
        """The exit status of a process that it is to end; fails with the whole log if that lives on."""
        try:
            status: int = await victim.wait_exit(within)
        except TimeoutError:
            raise AssertionError(f"pid {victim.pid} still lives after {within} s:\n" + "\n".join(self.lines)) from None
        return status

    async def audit_has(self, keep: Callable[[dict[str, Any]], bool], *, within: float = 90) -> None:
        """Waits until there is such an audit row, be it that a predecessor wrote it."""
        seen = 0
        async with asyncio.timeout(within), self._came:
            while not await self.audit(keep):
                await self._came.wait_for(partial(self._has_more_than, seen))
                seen = len(self.lines)

    def _has_more_than(self, lines: int) -> bool:
        return len(self.lines) > lines

    async def _read(self) -> None:
        assert self._process is not None, "it was not started"
        assert self._process.stderr is not None, "start() made it"
        async for line in self._process.stderr:
            async with self._came:
                self.lines.append(line.decode(errors="replace").rstrip())
                self._came.notify_all()

    def _hear(self) -> None:
        assert self._socket is not None  # only then is it heard
        with contextlib.suppress(BlockingIOError):
            while True:
                self._notified.put_nowait(self._socket.recv(4096).decode())
