"""
The real agent with rules that move jobs, on a real Redis: what was meant and nothing else, undone to the byte, and whole wherever the agent is killed.

Each story has a Redis and an agent of its own, and they are told at the same time.
"""

import asyncio
import contextlib
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from redis.asyncio import Redis

from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import RedisServer
from tests.service.edit.test_editing import elsewhere, retries
from tests.service.edit.test_finding import NOW, failed
from tests.service.hook import Hook
from watchdog.engine.playbooks import UNPROVEN
from watchdog.model.quarantine import Kept
from watchdog.store.chain import Verified
from watchdog.store.reading import read_audit, read_quarantine, read_quarantined, verify

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
HEAD: Final = """\
rules:
  - rule: dead-domain
    each: domain
    when: domain.retries > 40
    then:
      - delete_retries: {kind: status, cap: 500}
    guards: {deploy: 0s, settle: 0, cooldown: 1h, baseline: allow}
    notify: [ops]
"""
BACK: Final = """\
  - rule: back-again
    each: redis
    when: redis.clients > 0
    then:
      - release_job: {rule: dead-domain, domain: gone.example, spread: 1m}
    guards: {deploy: 0s, settle: 0, cooldown: 1h, baseline: allow}
"""
POISON: Final = """\
rules:
  - rule: poison
    each: queue
    when: queue.size > 0
    then:
      - quarantine_job: {jid: 0123456789abcdef01234567}
    guards: {deploy: 0s, settle: 0, cooldown: 1h, baseline: allow}
    notify: [ops]
"""
PRIVATE: Final = "private"
LONG: Final = 90.0
"""Seconds that an agent may take for what it does in one, where everybody wants the processor."""
POINTS: Final = ("CountJobs:1:after", "TakeJobs:1:before", "begin:2:after", "edit:57:after", "settle:1:before", "TakeJobs:1:after")
"""Around everything that moves: from the count to the answer, in the middle of a batch and between two."""


class Story:
    """An agent on a Redis, with a hook that hears what people are told."""

    def __init__(self, folder: Path, server: RedisServer, hook: Hook, stack: contextlib.AsyncExitStack) -> None:
        self.folder = folder
        self.server = server
        self.client: Redis = server.client()
        self.hook = hook
        self._stack = stack

    async def agent(self, rules: str, *arguments: str, **env: str) -> AgentProcess:
        """One that is started with these rules; when it is ready shows in its log, for on a busy machine several take their time."""
        config = write_config(self.folder, url=self.server.url, hook=self.hook.url)
        (self.folder / "rules.yml").write_text(rules)
        agent = await self._stack.enter_async_context(contextlib.aclosing(AgentProcess(config, *arguments, env=env)))
        return await agent.start(ready=False)

    async def scores(self, key: str = "retry") -> dict[bytes, float]:
        """What stands in a set."""
        found: Any = await self.client.zrange(key, 0, -1, withscores=True)
        return dict(found)

    def kept(self) -> Counter[bytes]:
        """The jobs in quarantine, as they were found."""
        state = self.folder / "state"
        payloads = [read_quarantined(state, entry.id)[1] for entry in read_quarantine(state, (Kept.KEPT,))]
        assert None not in payloads
        return Counter(payload for payload in payloads if payload is not None)

    async def written(self, agent: AgentProcess) -> str:
        """All that anybody but `show --payload` can read: log, audit, messages, status, the list of the quarantine."""
        shown = [await agent.ask(*words) for words in (("audit", "--json"), ("status", "--json"), ("quarantine", "list", "--json"))]
        return "\n".join((*agent.lines, json.dumps(self.hook.got), *(text for _, text in shown)))


@contextlib.asynccontextmanager
async def story(folder: Path) -> AsyncIterator[Story]:
    """All of it in a folder of its own."""
    folder.mkdir()
    server = RedisServer(folder)
    await server.start()
    try:
        async with Hook() as hook, contextlib.AsyncExitStack() as stack:
            yield Story(folder, server, hook, stack)
    finally:
        await server.close()


async def test_what_rules_move(tmp_path):
    """Deleted and put back, counted only, taken from a queue, left to another agent until that is gone: each by an agent of its own, at the same time."""
    stories: dict[str, Callable[[Story], Awaitable[None]]] = {
        "deleted": deleted_and_undone, "counted": counted_only, "poison": poison_in_a_queue, "back": put_back_by_a_rule, "led": led_by_another_for_a_while
    }  # fmt: skip

    async def tell(name: str) -> None:
        async with story(tmp_path / name) as one:
            await stories[name](one)

    async with asyncio.TaskGroup() as group:
        for name in stories:
            group.create_task(tell(name), name=name)


async def deleted_and_undone(one: Story) -> None:
    """403 of one domain go and 2,000 others are untouched; people are told; by the command they come back, to the byte and with their scores."""
    mine, others = retries(403), elsewhere(2_000)
    await one.client.zadd("retry", mine | others)
    agent = await one.agent(HEAD.replace("> 40", '> 40 and domain.name == "gone.example"'))
    await agent.wait_for("incident: .*outcome='ended'", within=LONG)

    # The picture follows: what was taken is no longer counted.
    await agent.wait_for("alert: .*outcome='resolved'", within=LONG)
    assert await one.scores() == others
    assert one.kept() == dict.fromkeys(mine, 1)
    (ended,) = await agent.audit(lambda row: row["kind"] == "incident" and row["outcome"] == "ended")
    assert (ended["target"], ended["reason"]) == ("retries to gone.example with status", f"403 taken into quarantine; {UNPROVEN}")
    assert "403 taken into quarantine" in str(await one.hook.wait_for("action.ended", within=LONG))
    assert PRIVATE not in await one.written(agent)

    await agent.stop()
    ids = [str(entry.id) for entry in read_quarantine(one.folder / "state", (Kept.KEPT,))]
    assert (await agent.ask("quarantine", "release", *ids, "--reason", "it was a mistake"))[0] == 0
    assert await one.scores() == mine | others
    assert isinstance(verify(one.folder / "state"), Verified)


async def counted_only(one: Story) -> None:
    """In dry-run the number is told, and Redis is as it was."""
    before = retries(403) | elsewhere(30)
    await one.client.zadd("retry", before)
    agent = await one.agent(HEAD.replace("cap: 500", "cap: 300"), "--mode", "dry-run")
    await agent.wait_for("would: ", within=LONG)

    (would,) = await agent.audit(lambda row: row["kind"] == "would")
    assert (would["stage"], would["detail"]) == ("take", {"jobs": 403})
    assert would["reason"] == "300 would be taken into quarantine, and 103 left: retries to gone.example with status"
    assert await one.scores() == before
    assert await one.client.keys("*watchdog*") == []
    assert read_quarantine(one.folder / "state") == []


async def poison_in_a_queue(one: Story) -> None:
    """A job that waits in the middle of its queue is taken from there before anybody runs it; its lock goes with it, and the others stay in their order."""
    jid = "0123456789abcdef01234567"
    poison = orjson.dumps({"class": "Loop", "queue": "push", "args": ["a private post"], "jid": jid, "lock_digest": "uniquejobs:p"})
    others = [orjson.dumps({"class": "A", "queue": "push", "args": [jid, number], "jid": f"{number:024x}"}) for number in range(200)]
    await one.client.sadd("queues", "push")
    await one.client.hset("uniquejobs:p:LOCKED", jid, "1.0")
    await one.client.lpush("queue:push", *others[:100], poison, *others[100:])
    agent = await one.agent(POISON)
    await agent.wait_for("incident: .*outcome='ended'", within=LONG)

    assert await one.client.lrange("queue:push", 0, -1) == others[::-1]
    assert one.kept() == {poison: 1}
    assert await one.client.exists("uniquejobs:p:LOCKED") == 0
    assert PRIVATE not in await one.written(agent)


async def put_back_by_a_rule(one: Story) -> None:
    """One agent takes, its successor's rule puts back; what is due by then comes over a minute, one after the other."""
    mine = {failed(number, failed_at=NOW - 10 * number): NOW - 100 for number in range(60)}
    await one.client.zadd("retry", mine)
    agent = await one.agent(HEAD)
    await agent.wait_for("incident: .*outcome='ended'", within=LONG)
    await agent.stop()
    assert await one.scores() == {}

    successor = await one.agent(HEAD.split("  - rule")[0] + BACK)
    await successor.wait_for("rule='back-again'.*outcome='ended'", within=LONG)
    scores = await one.scores()
    assert set(scores) == set(mine)
    in_order = sorted(scores.values())
    assert [round(later - earlier, 1) for earlier, later in itertools.pairwise(in_order)] == [1.0] * 59
    assert PRIVATE not in await one.written(successor)


async def led_by_another_for_a_while(one: Story) -> None:
    """While the agent of another host leads, what it would take is that one's to take; once its lease is no more this one leads, and takes it."""
    mine = retries(60)
    await one.client.zadd("retry", mine)
    await one.client.set("sidekiq-watchdog:lead", '{"token":"another","host":"web2"}', px=3_600_000)
    agent = await one.agent(HEAD)
    await agent.wait_for("decision: .*guard='in_flight'", within=LONG)
    (denied,) = await agent.audit(lambda row: row["kind"] == "decision" and row["guard"] == "in_flight")
    assert denied["reason"] == "the agent of web2 leads: what concerns the whole is its to do"
    assert await one.scores() == mine

    assert await one.client.delete("sidekiq-watchdog:lead") == 1
    await agent.wait_for("incident: .*outcome='ended'", within=LONG)
    assert await one.scores() == {}
    assert one.kept() == dict.fromkeys(mine, 1)


async def test_killed_in_the_middle(tmp_path):
    """SIGKILL at each of these points: its successor brings it to the end, all are taken once, and none of the others."""
    async with asyncio.TaskGroup() as group:
        for point in POINTS:
            group.create_task(killed_at(point, tmp_path / point.replace(":", "-")), name=point)


async def killed_at(point: str, folder: Path) -> None:
    """120 are to be taken, in three batches."""
    mine, others = retries(120), elsewhere(30)
    async with story(folder) as one:
        await one.client.zadd("retry", mine | others)
        mortal = await one.agent(HEAD, DIE_AT=point)
        await mortal.wait_exit(LONG)
        over = any(row["kind"] == "incident" and row["outcome"] == "ended" for row in read_audit(folder / "state"))
        successor = await one.agent(HEAD)
        await successor.wait_for("sidekiq-watchdog .* runs in mode" if over else "incident: .*outcome='ended'", within=LONG)

        assert await one.scores() == others, point
        assert one.kept() == dict.fromkeys(mine, 1), point
        rows = list(read_audit(folder / "state"))
        assert [row["reason"] for row in rows if row["kind"] == "incident" and row["outcome"] == "ended"] == [
            f"120 taken into quarantine; {UNPROVEN}"
        ], point
        assert len({row["incident"] for row in rows if row["kind"] == "incident"}) == 1, point
        assert PRIVATE not in f"{rows}{mortal.lines}{successor.lines}{one.hook.got}", point
    assert isinstance(verify(folder / "state"), Verified)
