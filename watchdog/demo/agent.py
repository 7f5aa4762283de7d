"""
The agent of the demo: the very program, as a child process, with a config and a rule file of its own.

What it thinks is read where every operator reads it, in its audit trail.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from watchdog.demo.jobs import LONG
from watchdog.demo.server import stop
from watchdog.demo.tied import tied
from watchdog.errors import WatchdogError
from watchdog.store.failures import NoStateError
from watchdog.store.reading import read_audit

STUCK_S: Final = 5
DRAIN_S: Final = 4
DRAINED: Final = 10
"""So many jobs wait at most in a queue that moves."""
STOP_S: Final = 8.0
PROGRAM: Final = (sys.executable, "-P", "-c", "from watchdog.cli import main; main()")
"""The command `sidekiq-watchdog` of this very installation, wherever its script may be."""

CONFIG: Final = """\
mode: act
redis: {{url: "unix://{socket}"}}
rules: [rules.yml]
state: state
"""
RULES: Final = f"""\
rules:
  - rule: stuck-job
    severity: critical
    each: job
    where: job.queue in ["push", "pull"] and job.class != "{LONG}"
    when: job.elapsed > {STUCK_S}s
    then:
      - recover_process: {{process: job.process, drain: {DRAIN_S}s, stuck_after: 0s, stuck_jobs: {{strikes: 2, then: quarantine}}}}
    verify: {{when: queue("push").size <= {DRAINED}, within: 1m}}
    guards: {{settle: 1, cooldown: 1s, keep: 50%, deploy: 0s}}
"""
"""Of a real server only the times differ: minutes there, seconds here; and whatever else is built on this machine is no deployment of it."""


class AgentEndedError(WatchdogError):
    """The agent ended by itself."""


class Agent:
    """One folder with the agent's config and state, and the agent that runs on it, when one does."""

    def __init__(self, folder: Path, socket: Path) -> None:
        self._folder = folder
        self._seen = 0
        self.config = folder / "config.yml"
        self.log = folder / "agent.log"
        self.config.write_text(CONFIG.format(socket=socket))
        (folder / "rules.yml").write_text(RULES)

    @asynccontextmanager
    async def running(self, mode: str) -> AsyncIterator[asyncio.Task[None]]:
        """Runs it in that mode; the task ends, with `AgentEndedError`, only if the agent does. Stopped with SIGTERM at the end."""
        with self.log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *tied([*PROGRAM, "run", "--config", str(self.config), "--mode", mode]),
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        watch = asyncio.create_task(self._watch(process), name="agent")
        try:
            yield watch
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError, AgentEndedError):
                await watch
            await stop(process, within=STOP_S)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        said = self.log.read_text(errors="replace").strip().splitlines()[-12:]
        raise AgentEndedError("\n".join([f"the agent ended with code {code}; it last said:", *said]))

    async def ask(self, *words: str) -> str:
        """What another command of the program says, in the same folder; raises `AgentEndedError` where it fails."""
        process = await asyncio.create_subprocess_exec(
            *tied([*PROGRAM, *words, "--config", str(self.config)]),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, complaint = await process.communicate()
        if process.returncode:
            raise AgentEndedError(f"{' '.join(words)} ended with code {process.returncode}: {complaint.decode(errors='replace').strip()}")
        return said.decode()

    def news(self) -> Iterator[dict[str, Any]]:
        """Rows of the audit trail that were not seen before."""
        with suppress(NoStateError):  # the agent has yet to make it
            for row in read_audit(self._folder / "state", after=self._seen):
                self._seen = row["seq"]
                yield row
