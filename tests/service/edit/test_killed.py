"""A process that takes and releases jobs is killed at any moment, again and again: every job is somewhere, and nowhere twice."""

import asyncio
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import orjson
import pytest

from watchdog.clock import Clock
from watchdog.model.quarantine import Kept
from watchdog.recovery.quarantine import Quarantine
from watchdog.store.chain import Verified
from watchdog.store.quarantine import OPEN
from watchdog.store.reading import verify
from watchdog.store.store import Store

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
ROOT: Final = Path(__file__).parents[3]
ROUNDS: Final = 12


async def test_killed_again_and_again(redis_server, editing, tmp_path):
    """SIGKILL at a random moment in each of twelve lives; the last successor finishes what was begun."""
    client = redis_server.client()
    chance = random.Random(7)
    jobs = {
        orjson.dumps({"class": "A", "queue": "push", "args": ["x" * 10 * n], "jid": f"{n:024x}", "error_class": "E"}): 1000.25 + n
        for n in range(40)
    }
    await client.zadd("retry", jobs)
    half_way = 0
    for turn in range(ROUNDS):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.service.edit.taking", redis_server.url, str(tmp_path / "state"), str(turn), cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert child.stdout is not None
        for _ in range(2 + chance.randrange(12)):
            assert await child.stdout.readline()
        await asyncio.sleep(chance.random() * 0.003)  # sleeps on purpose: to be somewhere in the step that follows
        child.kill()
        await child.wait()
        store = await Store.open(tmp_path / "state")
        half_way += len(await store.quarantine.entries(OPEN))
        await store.close()
    store = await Store.open(tmp_path / "state")
    edits = editing(redis_server.url)
    await Quarantine(store.quarantine, edits, wall=Clock().wall).resume()

    found: Counter[bytes] = Counter(await client.zrange("retry", 0, -1))
    in_retry = dict(found)
    for entry in await store.quarantine.entries((Kept.KEPT,)):
        payload = await store.quarantine.payload(entry.id)
        assert payload is not None
        found[payload] += 1
        assert entry.job.in_dead_set == (await client.zscore("dead", payload) is not None)
    assert found == dict.fromkeys(jobs, 1)
    assert await store.quarantine.entries(OPEN) == []
    await store.close()
    assert dict(await client.zrange("retry", 0, -1, withscores=True)) == {one: jobs[one] for one in in_retry}
    assert isinstance(verify(tmp_path / "state"), Verified)
    assert half_way > 0, "no kill came in the middle of anything: that would prove nothing"
