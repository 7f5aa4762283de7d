"""
Storms, and what only looks like one: real Sidekiqs, Redis and PostgreSQL in trouble, with the whole agent beside them whose rules are in `act`.

The rules would end a process for each job that is held and for each silence, with nothing against it but what the guards do by themselves: the limits are shortened, no share of
threads need be left, and however many are sick. Each story can be told anywhere, in a folder of its own; `tests/trial/trial_storms.py` tells them again and again.
"""

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

from tests.patience import PATIENCE
from tests.service.agent import NO_SYSTEMD, SECRET, AgentProcess
from tests.service.conftest import RedisServer, SidekiqFactory, SidekiqProcess, _eventually, push_job
from tests.service.hook import Hook
from tests.service.whereabouts import running

HELD: Final = 25
"""Seconds after which a rule acts on a job, where nothing keeps it from that."""
CONFIG: Final = """\
mode: act
redis: {{url: "{url}", namespace: ""}}
rules: [rules.yml]
state: state
log: {{journal: false}}
receivers:
  ops: {{type: webhook, url: "{ops}", secret: "${{file:secret}}"}}
  chat: {{type: webhook, url: "{chat}", secret: "${{file:secret}}"}}
"""
THEN: Final = """\
    evidence: []
    then: [{terminate_process: {process: PROCESS, grace: 30s}}]
    guards: {deploy: 0s, cooldown: 1s, keep: 0%, alone: allow, max_unhealthy: 100%, culprits: 0, budget: 1000/1d}
    notify: [ops, chat]
"""
CAUSES: Final = """\
rules:
  - {rule: redis-full, each: redis, when: redis.maxmemory > 0 and redis.memory >= redis.maxmemory, severity: critical, summary: Redis is full, keep_firing_for: 30s, notify: [ops, chat]}
  - {rule: check-failing, each: check, when: not check.ok, severity: critical, summary: "{{ check.name }} fails: {{ check.problem }}", keep_firing_for: 30s, notify: [ops, chat]}
"""
STUCK: Final = f"  - rule: stuck-job\n    each: job\n    when: job.elapsed > 10s\n    for: {HELD - 10}s\n" + THEN.replace(
    "PROCESS", "job.process"
)
SILENT: Final = (
    "  - rule: silent-process\n    each: process\n    when: process.alive and process.beat_age > 15s\n    for: 10s\n"
    + THEN.replace("PROCESS", "process")
)
HEARD: Final = re.compile("Received |Terminating quiet|Shutting down|Got (TERM|TSTP|TTIN)|^Thread TID", re.MULTILINE)
"""What a Sidekiq writes when it was sent a signal."""


class Storm:
    """A host: Redis, Sidekiqs whose threads are `threads` in all, an agent and two receivers of messages."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.server = RedisServer(folder)
        self.sidekiq = SidekiqFactory(self.server, folder)
        self.fleet: list[SidekiqProcess] = []
        self.ops, self.chat = Hook(), Hook()
        self.sign = folder / "go"
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.server.start()
        self._stack.push_async_callback(self.server.close)
        self._stack.push_async_callback(self._end_all)
        self.client: Any = self.server.client()
        for hook in (self.ops, self.chat):
            await self._stack.enter_async_context(hook)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _end_all(self) -> None:
        for process in self.sidekiq.started:
            await process.kill()

    async def begin(self, rules: str, *, size: int = 3, threads: int = 2, more: str = "", jobs: Sequence[bytes] = ()) -> AgentProcess:
        """So many Sidekiqs that share a queue in which these jobs wait, and an agent that has found them all; `more` is more of its config."""
        self._threads = threads
        self.fleet = [await self.start_one(number) for number in range(size)]
        if jobs:
            await self.client.sadd("queues", "push")
            await self.client.lpush("queue:push", *jobs)
        config = self.folder / "config.yml"
        config.write_text(CONFIG.format(url=self.server.url, ops=self.ops.url, chat=self.chat.url) + more)
        (self.folder / "rules.yml").write_text(rules)
        (self.folder / "secret").write_text(SECRET + "\n")
        (self.folder / "secret").chmod(0o600)
        self.agent = AgentProcess(config, env=NO_SYSTEMD)
        self._stack.push_async_callback(self.agent.aclose)
        await self.agent.start(ready=False)
        for one in self.fleet:
            await self.agent.wait_for(f"{re.escape(one.identity)} is process {one.pid} of this host")
        return self.agent

    async def start_one(self, number: int, tag: str = "app") -> SidekiqProcess:
        """One more, a target of its own: its second queue is its alone."""
        return await self.sidekiq.start(("push", f"own{number}"), concurrency=self._threads, timeout=3, tag=tag)

    async def is_replaced(self, number: int) -> None:
        """Somebody ends it in good order and starts it again as another version; what it ran goes back to its queue."""
        old = self.fleet[number]
        old.signal(signal.SIGTERM)
        assert await old.wait_exit() == 0
        self.fleet[number] = await self.start_one(number, tag="v2")

    async def hold_every_thread(self, threads: int = 6) -> SidekiqProcess:
        """A job in each thread: all but one end when `sign` lies there, and that one never. The process that has got it, when beats have shown them all."""
        jids = {await push_job(self.client, "WaitForFile", [str(self.sign)]) for _ in range(threads - 1)}
        stuck = await push_job(self.client, "SleepForever")

        async def shown() -> bool:
            return await running(self.client, [one.identity for one in self.fleet]) == {*jids, stuck}

        await _eventually(shown, within=PATIENCE, what=lambda: "all jobs in one beat of each")
        for one in self.fleet:
            if stuck in await running(self.client, [one.identity]):
                return one
        raise AssertionError("nobody runs it any more")

    async def last(self, seconds: float) -> None:
        """Nothing tells that nothing happens: so long it is given the time to."""
        until = time.monotonic() + seconds
        await _eventually(lambda: _later_than(until), within=seconds + PATIENCE, what=lambda: "time to pass")

    async def all_are_denied(self, rule: str, guard: str, reason: str) -> None:
        """Waits until that rule would have acted on each of them, and was kept from it for that reason."""
        for one in self.fleet:
            told = f"decision: .*rule='{rule}'.*entity='{re.escape(one.identity)}.*guard='{guard}'.*{re.escape(reason)}"
            await self.agent.wait_for(told, within=2 * PATIENCE)

    async def told_once(self, kind: str, title: str) -> None:
        """Each receiver has got this one message, and no other."""
        for hook in (self.ops, self.chat):
            await hook.wait_for(kind)
        assert [[(body["type"], body["data"]["title"]) for body in hook.got] for hook in (self.ops, self.chat)] == [[(kind, title)]] * 2

    async def nobody_was_touched(self) -> None:
        """No signal was meant, sent or heard, and everybody lives."""
        assert await self.agent.audit(lambda row: row["kind"] == "intent") == []
        for one in self.fleet:
            assert one.alive
            assert HEARD.search(one.log.read_text(errors="replace")) is None, one.log.read_text(errors="replace")[-2_000:]

    async def ends_nobody_but(self, victim: SidekiqProcess) -> None:
        """That one is ended, in good order, and until then nobody else is sent anything."""
        assert await self.agent.sees_off(victim, HELD + 2 * PATIENCE) == 0
        # What it has pushed back would be the next trouble of somebody else.
        await self.agent.aclose()
        meant = await self.agent.audit(lambda row: row["kind"] == "intent")
        assert [row["stage"] for row in meant] == ["TERM"]
        for one in self.fleet:
            if one is not victim:
                assert one.alive
                assert HEARD.search(one.log.read_text(errors="replace")) is None


async def _later_than(moment: float) -> bool:
    return time.monotonic() > moment


async def held_up(*pids: int, seconds: float) -> None:
    """All of these processes are stopped for so long at once, as on a host whose hypervisor has something else to do."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(seconds)  # sleeps on purpose: that is what it is about
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
