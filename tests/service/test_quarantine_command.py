"""`quarantine` beside a running agent, and without one: jobs go back, the audit log stays whole, and what was left half-way is finished."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from tests.service.agent import AgentProcess, write_config
from watchdog.clock import Clock
from watchdog.model.quarantine import CameFrom, Kept
from watchdog.recovery.quarantine import Quarantine
from watchdog.recovery.taking import Candidate, Why
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.keys import Keys
from watchdog.store.beside import open_beside
from watchdog.store.chain import Verified
from watchdog.store.reading import read_audit, read_quarantine, verify

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
PAYLOAD: Final = b'{"class":"A","args":["a private post",1.0e+20],"jid":"0123456789abcdef01234567","queue":"push"}'


async def take(url: str, state: Path, payloads: Sequence[bytes]) -> None:
    """As an agent would, into the folder of another one."""
    edits = Edits(url=url, keys=Keys())
    try:
        async with open_beside(state, wall=Clock().wall) as shelf:
            wanted = [Candidate(token=f"test/{n}", payload=one, came_from=CameFrom.RETRY) for n, one in enumerate(payloads)]
            await Quarantine(shelf, edits, wall=Clock().wall).take(wanted, Why(reason="it froze two processes"))
    finally:
        edits.close()


async def test_beside_a_running_agent(redis_server, tmp_path):
    """One is released, one dropped, one is unknown; the agent goes on, and both write into one chain."""
    client = redis_server.client()
    agent = AgentProcess(write_config(tmp_path, url=redis_server.url))
    state = tmp_path / "state"
    second = PAYLOAD.replace(b"0123", b"4567")
    await client.zadd("retry", {PAYLOAD: 5.5, second: 6})
    try:
        await agent.start()
        await take(redis_server.url, state, [PAYLOAD, second])
        assert await client.zcard("retry") == 0

        code, listed = await agent.ask("quarantine", "list", "--json")
        assert (code, [json.loads(line)["state"] for line in listed.splitlines()]) == (0, ["kept", "kept"])
        assert (await agent.ask("quarantine", "release", "1", "--reason", "mended"))[0] == 0
        assert (await agent.ask("quarantine", "drop", "2", "9", "--reason", "never", "--json"))[0] == 1

        assert await client.zrange("retry", 0, -1, withscores=True) == [(PAYLOAD, 5.5)]
        assert [entry.state for entry in read_quarantine(state)] == [Kept.RELEASED, Kept.DROPPED]
        assert (await agent.ask("status"))[0] in (0, 1)
    finally:
        await agent.aclose()
    assert isinstance(verify(state), Verified)
    rows = [row for row in read_audit(state) if row["action"] in ("release_job", "drop_job")]
    assert [(row["action"], row["kind"], row["reason"], row["outcome"]) for row in rows] == [
        ("release_job", "intent", "mended", ""),
        ("release_job", "outcome", "", "released"),
        ("drop_job", "intent", "never", ""),
        ("drop_job", "outcome", "", "dropped"),
    ]
    assert all(row["detail"]["by"] for row in rows if row["kind"] == "intent")
    assert "private" not in "".join(map(str, read_audit(state))) + "".join(agent.lines)


async def test_without_an_agent_and_without_redis(redis_server, tmp_path):
    """Redis is away: it is said, the entry stands half-way, and the agent finishes it as soon as it runs."""
    client = redis_server.client()
    agent = AgentProcess(write_config(tmp_path, url=redis_server.url))
    state = tmp_path / "state"
    await client.zadd("retry", {PAYLOAD: 5.5})
    try:
        await agent.start()
        await take(redis_server.url, state, [PAYLOAD])
        await agent.aclose()
        await redis_server.stop()
        code, said = await agent.ask("quarantine", "release", "1", "--reason", "mended")
        assert (code, "begun" in said, "refused" in said) == (1, True, True)
        assert [entry.state for entry in read_quarantine(state)] == [Kept.RELEASING]

        await redis_server.start()
        agent = AgentProcess(tmp_path / "config.yml")
        await agent.start()
        await agent.wait_for("1 entries of the quarantine stood half-way and are finished")
    finally:
        await agent.aclose()
    assert [entry.state for entry in read_quarantine(state)] == [Kept.RELEASED]
    assert await client.zrange("retry", 0, -1) == [PAYLOAD]


def delivery(number: int, **more: Any) -> bytes:
    """A delivery that failed."""
    return orjson.dumps({
        "class": "ActivityPub::DeliveryWorker", "queue": "push", "args": ["a private post", 1, "https://gone.example/inbox"], "jid": f"{number:024x}",
        "error_class": "Mastodon::UnexpectedResponseError", "error_message": "https://gone.example/inbox returned code 410", "retry_count": 3,
        "failed_at": 1.0, **more,
    })  # fmt: skip


async def test_retries_that_are_not_wanted(redis_server, tmp_path):
    """Counted, then taken up to the cap, then by jid; what was taken by mistake goes back to the score it had."""
    client = redis_server.client()
    agent = AgentProcess(write_config(tmp_path, url=redis_server.url))
    jobs = {delivery(number): 1000.25 + number for number in range(30)}
    other = delivery(99, **{"class": "Other"})
    await client.zadd("retry", {**jobs, other: 7})
    await client.rpush("queue:pull", delivery(77))
    await client.sadd("queues", "pull")
    try:
        await agent.start()
        asked = (
            "quarantine",
            "take",
            "--class",
            "ActivityPub::DeliveryWorker",
            "--domain",
            "gone.example",
            "--status",
            "410",
            "--failing-for",
            "1d",
            "--json",
        )
        code, said = await agent.ask(*asked, "--dry-run")
        assert (code, json.loads(said)["fit"], json.loads(said)["taken"], await client.zcard("retry")) == (0, 30, 0, 31)
        code, said = await agent.ask(*asked, "--cap", "20", "--reason", "the server is gone")
        assert (code, json.loads(said)["taken"], json.loads(said)["left"], await client.zcard("retry")) == (0, 20, 10, 11)
        code, said = await agent.ask("quarantine", "take", "--jid", f"{77:024x}", "--reason", "it freezes processes", "--json")
        assert (code, json.loads(said)["ids"], await client.llen("queue:pull")) == (0, [21], 0)
        assert (await agent.ask("quarantine", "take", "--jid", "nobody", "--reason", "x"))[0] == 1

        await agent.ask("quarantine", "release", *map(str, range(1, 22)), "--reason", "a mistake")

        assert dict(await client.zrange("retry", 0, -1, withscores=True)) == {**jobs, other: 7}
        assert await client.lrange("queue:pull", 0, -1) == [delivery(77)]
        audit = await agent.audit(lambda row: row["action"] == "quarantine_job")
        assert {row["reason"] for row in audit if row["kind"] == "intent"} == {"the server is gone", "it freezes processes"}
        await redis_server.stop()
        code, said = await agent.ask(*asked, "--reason", "x")
        assert (code, "refused" in said) == (1, True)
    finally:
        await agent.aclose()


async def test_many_at_once_beside_a_busy_agent(redis_server, tmp_path):
    """Several people and the agent write into one database: each waits its turn, and each entry is released once."""
    client = redis_server.client()
    agent = AgentProcess(write_config(tmp_path, url=redis_server.url))
    state = tmp_path / "state"
    jobs = [orjson.dumps({"class": "A", "args": [], "jid": f"{n:024x}"}) for n in range(20)]
    await client.zadd("retry", dict.fromkeys(jobs, 7))
    try:
        await agent.start()
        await take(redis_server.url, state, jobs)
        ids = [str(n) for n in range(1, 21)]
        answers = await asyncio.gather(*(agent.ask("quarantine", "release", *ids, "--reason", "mended", "--json") for _ in range(3)))
    finally:
        await agent.aclose()
    outcomes = [json.loads(line)["outcome"] for _, said in answers for line in said.splitlines()]
    assert len(outcomes) == 60
    assert set(outcomes) <= {"released", "left"}
    assert sorted(await client.zrange("retry", 0, -1)) == sorted(jobs)
    assert isinstance(verify(state), Verified)
    released = [row["target"] for row in read_audit(state) if row["outcome"] == "released"]
    assert sorted(released) == [f"{n:024x}" for n in range(20)]
