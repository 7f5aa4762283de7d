"""
A Mastodon server with nothing but real parts, and the agent beside it with both packs as they are shipped.

What takes minutes or hours on a server takes seconds here: `adjust:` shortens what the rules under test call long, and nothing else is changed. Every other rule holds as it is
shipped, so whatever else fires or would act is seen.
"""

import asyncio
import contextlib
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
from redis.asyncio import Redis

from tests.patience import PATIENCE
from tests.service.agent import SECRET, AgentProcess
from tests.service.conftest import RedisServer, SidekiqFactory, SidekiqProcess, _eventually
from tests.service.patterns.neighbours import Neighbours
from tests.service.patterns.payloads import PRIVATE, push
from tests.service.whereabouts import runs
from watchdog.host.boot import here
from watchdog.host.child_tree import read_tree

T = TypeVar("T")
APP: Final = Path(__file__).parents[1] / "sidekiq_app" / "mastodon.rb"
CONFIG: Final[dict[str, Any]] = {
    "mode": "act",
    "rules": ["pack:sidekiq", "pack:mastodon"],
    "state": "state",
    "mastodon": {"domain": "social.example", "web_log": "none"},
}
READY: Final = {"deploy": "0s", "settle": 0, "cooldown": "5s", "cooldown_max": "0s", "culprits": 0, "baseline": "allow", "trials": 0}
"""Guards that have nothing against a server that was started a moment ago."""
FFMPEG: Final = """\
#!/bin/sh
case "$2" in
*1/original.mp4) read -r _ < "$SERVER/nobody-writes" ;;
*2/original.mp4) until [ -e "$SERVER/enough" ]; do i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done; sleep 0.2; done ;;
*) i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done ;;
esac
"""
"""Computes, as far as the number of the film wants it (`payloads.media`)."""


class MastodonServer:
    """`folder` is its home; `client` that of its Redis. Files that lie in `folder` are what its database would do (see the application)."""

    def __init__(self, folder: Path, redis_server: RedisServer, neighbours: Neighbours) -> None:
        self.folder = folder
        self.redis = redis_server
        self.client: Redis = redis_server.client()
        self.neighbours = neighbours
        self.sidekiqs = SidekiqFactory(redis_server, folder, app=APP)
        self._agents: list[AgentProcess] = []
        self._adjusted: set[str] = set()
        programs = folder / "bin"
        programs.mkdir()
        (programs / "ffmpeg").write_text(FFMPEG)
        (programs / "ffmpeg").chmod(0o755)
        os.mkfifo(folder / "nobody-writes")

    async def start(self, *queues: str, threads: int = 5, read_timeout: float = 10, tag: str = "live") -> SidekiqProcess:
        """A Sidekiq for these queues; whoever stands first is asked first."""
        env = {
            "SERVER": str(self.folder),
            "NEIGHBOURS": self.neighbours.at,
            "DEAD": self.neighbours.dead,
            "READ_TIMEOUT": str(read_timeout),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
        }
        return await self.sidekiqs.start(queues, concurrency=threads, tag=tag, env=env, timeout=4)

    async def watch(self, *, log: Path | None = None, hook: str = "", **adjust: dict[str, Any]) -> AgentProcess:
        """The agent, with these changes to rules (`_` for `-` in their names). `log` is what a Sidekiq writes, which stands in the journal elsewhere; `hook` is the address that is told everything."""
        adjusted = {rule.replace("_", "-"): settings for rule, settings in adjust.items()}
        config = self.folder / "config.yml"
        logs = {"journal": False, **({} if log is None else {"files": {"any": str(log)}})}
        told: dict[str, Any] = {}
        if hook:
            secret = self.folder / "secret"
            secret.write_text(f"{SECRET}\n")
            secret.chmod(0o600)
            told = {
                "receivers": {"ops": {"type": "webhook", "url": hook, "secret": "${file:secret}"}},
                "routes": [{"notify": ["ops"]}],
            }
        # JSON is YAML too.
        config.write_text(
            json.dumps({**CONFIG, **told, "redis": {"url": self.redis.url, "namespace": ""}, "log": logs, "adjust": adjusted}, indent=1)
        )
        agent = AgentProcess(config)
        self._agents.append(agent)
        return await agent.start()

    async def push(self, *jobs: tuple[str, list[Any]]) -> list[str]:
        """Push them all at once; their jids."""
        return await push(self.client, *jobs)

    async def done(self, *jids: str, within: float = PATIENCE) -> None:
        """Wait until Sidekiq says that these jobs were done."""

        async def so() -> bool:
            return set(jids) <= runs([one.log for one in self.sidekiqs.started], "done").keys()

        await eventually(so, f"{jids} to be done", within=within)

    async def agent_sees(self, counter: str, least: int) -> None:
        """Wait until the agent has read of Sidekiq that so many were counted."""

        async def so() -> bool:
            status = json.loads((await self._agents[-1].ask("status", "sidekiq", "--json"))[1])
            return int((status["sidekiq"] or {}).get(counter) or 0) >= least

        await eventually(so, f"the agent to see {least} {counter}")

    @contextlib.asynccontextmanager
    async def stream(self, rate: float, give: Callable[[int], Sequence[tuple[str, list[Any]]]]) -> AsyncIterator[None]:
        """So many times a second what `give` gives for a number, as long as the block runs."""
        over = asyncio.Event()

        async def produce() -> None:
            number = 0
            while not over.is_set():
                await self.push(*give(number))
                number += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), 1 / rate)

        task = asyncio.create_task(produce())
        try:
            yield
        finally:
            # It is not cancelled: a call that is cancelled in the middle has pushed its jobs, or not.
            over.set()
            await task

    async def close(self) -> None:
        """End everything, and what jobs have started."""
        for agent in self._agents:
            await agent.aclose()
        for one in self.sidekiqs.started:
            for member in read_tree(one.pid, here(name="web1"))[1:]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(member.pid, 9)
            await one.kill()


async def fires(agent: AgentProcess, rule: str, *, within: float = PATIENCE) -> None:
    """Wait until that rule has fired."""
    await agent.wait_for(rf"alert: .*rule='{re.escape(rule)}'.*outcome='firing'", within=within)


async def resolves(agent: AgentProcess, rule: str, *, within: float = PATIENCE) -> None:
    """Wait until that rule has resolved."""
    await agent.wait_for(rf"alert: .*rule='{re.escape(rule)}'.*outcome='resolved'", within=within)


async def eventually(ask: Callable[[], Awaitable[T]], what: str, *, within: float = PATIENCE) -> T:
    """The first true answer of Redis, the kernel or the agent, none of which announces it."""
    return await _eventually(ask, within=within, what=lambda: what)


class Answer:
    """What the agent has told and done: `fired` are rules, `decided` (rule, decision), `stages` of what was done, in order."""

    def __init__(self, rows: list[dict[str, Any]], lines: list[str]) -> None:
        self.rows = rows
        self.fired = {row["rule"] for row in rows if row["kind"] == "alert" and row["outcome"] == "firing"}
        self.decided = {(row["rule"], row["decision"]) for row in rows if row["kind"] == "decision"}
        self.stages = [(row["stage"], row["outcome"]) for row in rows if row["kind"] in ("intent", "outcome")]
        self.private = PRIVATE in orjson.dumps(rows).decode() or any(PRIVATE in line for line in lines)


async def answer(agent: AgentProcess) -> Answer:
    """What it has told and done so far."""
    return Answer(await agent.audit(), agent.lines)
