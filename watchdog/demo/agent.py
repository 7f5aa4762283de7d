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
from watchdog.demo.page import Page
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
fleet_budget: 1000/1h
"""


def _rule(name: str, *queues: str, mode: str = "act", guards: str = "keep: 50%") -> str:
    named = ", ".join(f'"{queue}"' for queue in queues)
    return f"""\
  - rule: {name}
    severity: critical
    mode: {mode}
    each: job
    where: job.queue in [{named}] and job.class != "{LONG}"
    when: job.elapsed > {STUCK_S}s
    then:
      - recover_process: {{process: job.process, drain: {DRAIN_S}s, stuck_after: 0s, stuck_jobs: {{strikes: 2, then: quarantine}}}}
    verify: {{when: queue("{queues[0]}").size <= {DRAINED}, within: 1m}}
    guards: {{settle: 1, baseline: allow, deploy: 0s, cooldown: 1s, {guards}}}
"""


RULES: Final = f"rules:\n{_rule('stuck-job', 'push', 'pull')}"
"""Of a real server the times differ; there whatever is built is a deployment, and what is stuck when a rule is armed only asks, because nobody watches."""
_OPEN: Final = "keep: 0%, max_unhealthy: 100%, cooldown_max: 20s, budget: 1000/1h, target_budget: 1000/1h, host_budget: 1000/1h, culprits: 0, trials: 0"
OPEN_RULES: Final = f"rules:\n{_rule('stuck-job', 'push', guards=_OPEN)}{_rule('stuck-in-default', 'default', mode='ask', guards=_OPEN)}"
"""Those of the time after the story: of one queue the agent repairs by itself, of the other it asks. One worker alone serves `default`, one may wait for an answer all day, and
something is wedged again and again: none of these may keep the others from being repaired."""


class AgentEndedError(WatchdogError):
    """The agent ended by itself."""


class Agent:
    """One folder with the agent's config and state, and the agent that runs on it, when one does."""

    def __init__(self, folder: Path, socket: Path, *, page: Page | None = None) -> None:
        self._folder = folder
        self._seen = 0
        self.page = page
        self.config = folder / "config.yml"
        self.log = folder / "agent.log"
        self.config.touch(mode=0o600)  # a token stands in it
        self.config.write_text(CONFIG.format(socket=socket) + ("" if page is None else page.settings))
        self.go_by(RULES)

    def go_by(self, rules: str) -> None:
        """The rules of whoever runs next."""
        (self._folder / "rules.yml").write_text(rules)

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
