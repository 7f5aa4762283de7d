"""
Whatever a program sends to a running agent: each answer is one that the OpenAPI document has, and fits its schema; none is a fault of ours.

By schemathesis, from a fixed seed. It comes by the socket as root, so that nothing is refused before it is looked at.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import aiohttp
import pytest
import schemathesis
from schemathesis.config import (
    ChecksConfig,
    FuzzingPhaseConfig,
    GenerationConfig,
    PhasesConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
    StatefulPhaseConfig,
)
from schemathesis.engine import events, from_schema

from tests.service.agent import AgentProcess, write_config

pytestmark = pytest.mark.needs("redis-server")
EXAMPLES: Final = 5
"""Of each endpoint, beside those that its schema suggests."""
HOSTILE: Final = "<script>'\"%s{{7*7}}&amp;"


@contextlib.asynccontextmanager
async def by_tcp(path: Path, answers: list[bytes]) -> AsyncIterator[str]:
    """An address that leads to the socket, for a client that knows no sockets; all that comes back is put into `answers`."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, noted: list[bytes]) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                noted.append(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(str(path))
        await asyncio.gather(pass_on(reader, there_writer, []), pass_on(there_reader, writer, answers))

    server = await asyncio.start_server(lead, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def filled(client) -> None:
    """A process with names that nobody would choose, and a job in it."""
    identity = f"{HOSTILE}:1:abcdef"
    info = {
        "hostname": HOSTILE,
        "started_at": time.time() - 60,
        "pid": 1,
        "tag": HOSTILE,
        "concurrency": 5,
        "queues": [HOSTILE, "default"],
        "labels": [],
        "identity": identity,
    }
    job = {
        "class": HOSTILE,
        "args": ["secret-argument"],
        "jid": "b" * 24,
        "queue": HOSTILE,
        "created_at": time.time(),
        "enqueued_at": time.time(),
    }
    work = {"queue": HOSTILE, "run_at": int(time.time()) - 30, "payload": json.dumps(job)}
    await client.sadd("processes", identity)
    await client.hset(identity, mapping={"info": json.dumps(info), "busy": "1", "beat": str(time.time()), "quiet": "false"})
    await client.hset(f"{identity}:work", "tid1", json.dumps(work))
    await client.sadd("queues", HOSTILE, "default")
    await client.lpush(f"queue:{HOSTILE}", json.dumps(job))


def failures(base: str) -> list[str]:
    """What schemathesis finds."""
    config = SchemathesisConfig(
        seed=1, max_failures=20,
        projects=ProjectsConfig(
            default=ProjectConfig(
                base_url=base, request_timeout=30,
                # What has the right shape can say nothing all the same: that a pause ends yesterday.
                checks=ChecksConfig(positive_data_acceptance=PositiveDataAcceptanceConfig(enabled=False)),
                generation=GenerationConfig(max_examples=EXAMPLES, deterministic=True, no_shrink=True, database="none"),
                phases=PhasesConfig(fuzzing=FuzzingPhaseConfig(), stateful=StatefulPhaseConfig(enabled=False)),
            )
        ),
    )  # fmt: skip
    schema = schemathesis.openapi.from_url(f"{base}/api/v1/openapi.json", config=config).exclude(path="/api/v1/events")
    found = []
    for event in from_schema(schema).execute():
        match event:
            case events.ScenarioFinished():
                for checks in event.recorder.checks.values():
                    found += [
                        f"{event.recorder.label}: {check.name}: {check.failure_info.failure}"
                        for check in checks
                        if check.failure_info is not None
                    ]
            case events.NonFatalError():
                found.append(f"{event.label}: {event.info.message}")
            case events.FatalError():
                found.append(str(event.exception))
    return found


async def shows_the_job(socket: Path) -> bool:
    """Whether the agent has seen it."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(socket))) as session,
        session.get("http://api/api/v1/jobs") as answer,
    ):
        return [job["class"] for job in (await answer.json())["items"]] == [HOSTILE]


async def test_whatever_is_sent(redis_server, tmp_path, until):
    """No fault, no answer that the document has not; the agent lives, and shows no argument of a job."""
    await filled(redis_server.client())
    config = write_config(tmp_path, url=redis_server.url, mode="observe")
    socket = Path(f"/tmp/w-{tmp_path.stat().st_ino}.sock")
    config.write_text(config.read_text() + f"api: {{socket: {socket}}}\n")
    async with contextlib.aclosing(AgentProcess(config)) as agent:
        await agent.start()
        await agent.wait_for(f"listens at {socket}")
        await until(lambda: shows_the_job(socket), what="the job")
        answers: list[bytes] = []
        async with by_tcp(socket, answers) as base:
            found = await asyncio.to_thread(failures, base)
        assert not found, "\n".join(found)
        assert await agent.stop() == 0
    log = "\n".join(agent.lines)
    assert "could not be answered" not in log
    assert b"secret-argument" not in b"".join(answers)
    assert "secret-argument" not in log
