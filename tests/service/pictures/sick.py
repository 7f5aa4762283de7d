"""
Nine processes of one real Sidekiq, each in a state of its own that looks like another, and what the real agent says of each, and when.

Played for each version at the same time. What is compared is told by the agent alone: the alerts in its audit log, each for the process that it is about.
"""

import asyncio
import contextlib
import json
import re
import signal
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import _eventually, push_job
from tests.service.matrix.parts import Sidekiq, Store, end, start_program, start_sidekiq
from tests.service.proxy import Proxy
from tests.suites.inside import Inside
from watchdog.host.boot import boot_id, here, host_name
from watchdog.host.proc import read_process
from watchdog.host.signals import look, send
from watchdog.model.results import Refused
from watchdog.model.targets import ProcessRef, Signal

APP: Final = Path(__file__).parents[1] / "sidekiq_app"
JOBS: Final = {"frozen": ("Freeze", [600]), "swamped": ("Spin", []), "waiting": ("WaitForChild", [600]), "zombie": ("BlockNatively", [600])}
"""Name → the job that brings it into its state."""
NAMES: Final = ("well", "stopped", *JOBS, "silent net", "net gone", "booting")
SICK: Final = {
    "frozen": "frozen",
    "silent net": "cut-off",
    "net gone": "cut-off",
    "stopped": "held",
    "zombie": "zombie",
    "swamped": "swamped",
    "waiting": "hung-child",
}
"""Name → the one rule that fires on it."""
RULES: Final = """\
rules:
  - {rule: frozen, each: process, when: process.frozen}
  - {rule: cut-off, each: process, when: process.cut_off, for: 2s}
  - {rule: held, each: process, when: process.stopped or process.traced}
  - {rule: zombie, each: process, when: process.zombie, for: 2s}
  - {rule: swamped, each: process, when: 'held(process.hottest_kind == "processor" and process.cpu > 5%, 15s)'}
  - {rule: hung-child, each: process, when: process.child_still > 20s and not process.stopped}
  - {rule: crashed, each: process, on: ProcessCrashed, keep_firing_for: 10m}
"""
PRUNE: Final = 'require "sidekiq/api"; Sidekiq::ProcessSet.new.size'
"""What everybody does who opens Sidekiq's page: those that are silent are removed from `processes`."""


class Told(msgspec.Struct, frozen=True):
    """What came of one state: the rules that fired on the process, and the seconds from the beginning of the state to the first."""

    rules: tuple[str, ...] = ()
    seconds: float | None = None
    note: str = ""


class Table(msgspec.Struct, frozen=True):
    """
    Of one version: by name what was told of each process, and how the ends of some were told; `listed` are those that Redis lists after it; `trouble` is why it could not be played.

    `shown` is what `status` shows of each while all of it goes on, `host` what of the host, `cost` what looking at them costs.
    """

    suite: str
    version: str = ""
    told: dict[str, Told] = {}
    shown: dict[str, dict[str, Any]] = {}
    cost: dict[str, Any] = {}
    host: dict[str, Any] = {}
    endings: dict[str, str] = {}
    crashed: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    trouble: str = ""


async def play_all(suites: Iterable[str], folder: Path) -> list[Table]:
    """Every version at the same time."""
    return list(await asyncio.gather(*(_try(suite, folder / suite) for suite in suites)))


async def _try(suite: str, folder: Path) -> Table:
    try:
        async with contextlib.AsyncExitStack() as stack:
            return await _Ward(suite, folder, stack).play()
    except BaseException as failure:
        if isinstance(failure, asyncio.CancelledError | KeyboardInterrupt):
            raise
        return Table(suite, trouble=f"{type(failure).__name__}: {failure}")


class _Ward:
    """The nine of one version, their server, and the agent that watches."""

    def __init__(self, suite: str, folder: Path, stack: contextlib.AsyncExitStack) -> None:
        self.suite = suite
        self.stack = stack
        self.store = Store("Redis 7", folder)
        self.one: dict[str, Sidekiq] = {}
        self.began: dict[str, float] = {}

    async def play(self) -> Table:
        self.stack.push_async_callback(self.store.close)
        await self.store.start()
        port = int(self.store.url.rsplit(":", 1)[1].partition("/")[0])
        nets = {name: await self.stack.enter_async_context(Proxy(port)) for name in ("silent net", "net gone")}
        envs = {name: {"REDIS_URL": net.url} for name, net in nets.items()} | {"booting": {"BOOT_SECONDS": "600"}}
        for name in NAMES:
            tag = name.replace(" ", "-")
            # With no other thread that wakes up soon the one that beats is often the first to wait for Ruby's lock, and then does so in another way.
            threads = 1 if name == "frozen" else 2
            self.one[name] = await start_sidekiq(
                self.suite, self.store, tag=tag, queues=(tag,), concurrency=threads, app=APP, env=envs.get(name)
            )
            self.stack.push_async_callback(end, self.one[name])
        client = self.store.client()
        await asyncio.gather(*(process.wait_beat(client) for name, process in self.one.items() if name != "booting"))
        agent = await self._agent()
        await self._all_found(agent)
        booting = self._signal_one_that_boots()
        await self._make_sick(nets)
        for name, rule in SICK.items():
            await agent.wait_for(f"{re.escape(self.one[name].identity)}.*{rule}|{rule}.*{re.escape(self.one[name].identity)}", within=100)
        told = await self._told(agent)
        picture = json.loads((await agent.ask("status", "--json"))[1])
        names = {process.identity: name for name, process in self.one.items() if process.identity}
        shown = {names[row["id"]]: row for row in picture["processes"]}
        endings = await self._endings(agent)
        crashed = tuple(name for name, rules in (await self._fired(agent)).items() if "crashed" in rules)
        members = await self.store.client().smembers("processes")
        listed = tuple(name for name in endings if self.one[name].identity.encode() in members)
        return Table(
            self.suite,
            self.one["well"].version,
            told={**told, "booting": booting},
            shown=shown,
            cost=picture["looking"],
            host=picture["hosts"][0],
            endings=endings,
            crashed=crashed,
            listed=listed,
        )

    async def _agent(self) -> AgentProcess:
        folder = self.store.folder / "agent"
        folder.mkdir()
        config = write_config(folder, url=self.store.url, mode="observe")
        (folder / "rules.yml").write_text(RULES)
        agent = AgentProcess(config)
        self.stack.push_async_callback(agent.aclose)
        return await agent.start()

    async def _all_found(self, agent: AgentProcess) -> None:
        for name, process in self.one.items():
            if name != "booting":
                await agent.wait_for(f"{re.escape(process.identity)} is process {process.pid} of this host")

    async def _make_sick(self, nets: dict[str, Proxy]) -> None:
        client = self.store.client()
        for name, (job, args) in JOBS.items():
            await push_job(client, job, args, name)

        async def run() -> bool:
            return all(job in self.one[name].log.read_text(errors="replace") for name, (job, _) in JOBS.items())

        await _eventually(run, within=PATIENCE, what=lambda: "the jobs to begin")
        self.began = dict.fromkeys(JOBS, time.time())
        # Told to end now it gives its job two seconds, by which that is in native code.
        self._begin("zombie", lambda: self.one["zombie"].signal(signal.SIGTERM))
        self._begin("stopped", lambda: self.one["stopped"].signal(signal.SIGSTOP))
        self._begin("silent net", nets["silent net"].fall_silent)
        self._begin("net gone", nets["net gone"].vanish)

    def _begin(self, name: str, what: Any) -> None:
        self.began[name] = time.time()
        what()

    def _signal_one_that_boots(self) -> Told:
        """No signal reaches one whose application is still loading: TSTP and TTIN would stop it. It is in no picture of Redis, and none is made up."""
        began = time.monotonic()
        pid = self.one["booting"].pid
        facts = read_process(pid)
        assert facts is not None
        ref = ProcessRef(f"{host_name()}/booting", f"{host_name()}:{pid}:x", host_name(), pid, facts.start_ticks, boot_id(), tag="booting")
        answers = [send(ref, one, here(name=host_name())) for one in (Signal.TSTP, Signal.TTIN, Signal.TERM, Signal.KILL)]
        assert all(isinstance(answer, Refused) for answer in answers), answers
        seen = look(ref, here(name=host_name()))
        assert seen.state in {"R", "S", "D"}, seen
        assert not {"TSTP", "TTIN"} & set(seen.catches or facts.catches), facts
        return Told(seconds=time.monotonic() - began, note="no beat yet; every signal is refused")

    async def _fired(self, agent: AgentProcess) -> dict[str, dict[str, float]]:
        """Name → rule → when it fired first."""
        names = {process.identity: name for name, process in self.one.items() if process.identity}
        fired: dict[str, dict[str, float]] = {name: {} for name in self.one}
        for row in await agent.audit(lambda row: row["kind"] == "alert" and row["outcome"] == "firing"):
            fired[names[row["entity"]]].setdefault(row["rule"], datetime.fromisoformat(row["at"]).timestamp())
        return fired

    async def _told(self, agent: AgentProcess) -> dict[str, Told]:
        fired = await self._fired(agent)
        return {
            name: Told(tuple(sorted(fired[name])), min(fired[name].values()) - self.began[name] if fired[name] else None)
            for name in self.one
            if name != "booting"
        }

    async def _endings(self, agent: AgentProcess) -> dict[str, str]:
        """How the ends of four are told: one is killed, one stops by itself, one is ended after it was taken out of Redis by others, one that is a zombie."""
        client = self.store.client()

        async def expired() -> bool:
            return not await client.exists(self.one["stopped"].identity)

        await _eventually(expired, within=PATIENCE, what=lambda: "the beat of the stopped one to be forgotten")
        inside = Inside(self.suite, app=APP, run=self.store.folder)
        await client.delete("process_cleanup")
        pruned = await start_program(
            inside.command("ruby", "-e", PRUNE, env={"REDIS_URL": self.store.url}), self.store.folder / "prune.log"
        )
        assert await pruned.wait_exit() == 0, (self.store.folder / "prune.log").read_text()

        async def removed() -> bool:
            return not await client.sismember("processes", self.one["stopped"].identity)

        await _eventually(removed, within=PATIENCE, what=lambda: "the stopped one to be taken out")
        self.one["well"].signal(signal.SIGKILL)
        self.one["stopped"].signal(signal.SIGKILL)
        self.one["zombie"].signal(signal.SIGKILL)
        self.one["waiting"].signal(signal.SIGTERM)
        ways = "ended without a clean stop|stopped cleanly|exited|was killed by this agent"
        endings = {}
        for name in ("well", "stopped", "zombie", "waiting"):
            line = await agent.wait_for(f"{re.escape(self.one[name].identity)} ({ways})$")
            endings[name] = line.partition(f"{self.one[name].identity} ")[2]
        return endings
