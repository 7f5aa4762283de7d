"""packaging/README.md shows what the program is asked and answers: each request that stands there is sent, and the answer looks as it does there."""

import asyncio
import json
import re
import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.service.inspect.conftest import ref
from tests.service.inspect.test_frozen_sidekiq import payload, push

PAGE = (Path(__file__).parents[3] / "packaging/README.md").read_text()
BLOCKS = [block.splitlines() for block in re.findall(r"```json\n(.*?)\n```", PAGE, re.DOTALL)]
JID = "4caa0123456789abcdef0123"

pytestmark = [pytest.mark.needs("redis-server", "ptrace", "root", "bookworm"), pytest.mark.timeout(180)]


def shape(said: Any, key: str = "") -> Any:
    """What it is made of: keys and types; of what is counted by name, the types alone."""
    if isinstance(said, dict):
        inner = {name: shape(value, name) for name, value in said.items()}
        return sorted({str(value) for value in inner.values()}) if key in {"files", "peers", "environment"} else inner
    return type(said).__name__


async def test_requests_and_answers(redis_server, sidekiq_inside, unit, program):
    """All of them, asked about a frozen Sidekiq that holds what is shown there."""
    assert len(BLOCKS) == 4
    one = await sidekiq_inside("bookworm", redis_server, concurrency=2)
    program.start(f'units = ["{unit(one.pid)}"]\nallow = [0]\nenv = ["RUN_DIR"]\n')
    client = redis_server.client()
    await push(client, payload("Freeze", "60", jid=JID)[1])
    await one.frozen()
    await push(client, payload("Quick", "", jid=secrets.token_hex(12))[1])
    await one.took_all()
    for request, *answer in BLOCKS:
        asked = json.loads(request)
        if asked["pid"] != 1:
            asked |= {"pid": one.pid, "start_ticks": ref(one.pid).start_ticks}
        if "peers" in asked:
            asked["peers"] = [f"127.0.0.1:{redis_server.port}"]
        reader, writer = await asyncio.open_unix_connection(program.path)
        writer.write(json.dumps(asked).encode() + b"\n")
        lines = (await reader.read()).splitlines()
        writer.close()

        assert [shape(json.loads(line)) for line in lines] == [shape(json.loads(line)) for line in answer]
        if asked["pid"] == 1:
            assert [json.loads(line) for line in lines] == [json.loads(line) for line in answer]
