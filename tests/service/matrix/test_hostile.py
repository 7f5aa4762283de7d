"""
Jobs that a round trip through JSON would change, through a whole recovery of every Sidekiq: its work hash, the agent's store, and back into Redis.

What no Sidekiq can show is not here: bytes that are not UTF-8 stop the heart of the process that runs them, for as long as it does, in all three versions (`tests/service/test_recover.py` tells of one; `tests/service/recovery/test_hostile.py` brings such bytes into every place).
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Final

import pytest

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess, write_config, write_recovery
from tests.service.conftest import _eventually
from tests.service.matrix.parts import SIDEKIQS, STORES, Sidekiq, Store, end, start_sidekiq
from tests.service.whereabouts import running
from tests.suites import debian
from watchdog.store.reading import read_quarantine, read_quarantined

pytestmark = [pytest.mark.needs("bookworm"), pytest.mark.timeout(240)]
STRIKES: Final = {"bookworm": 1, "trixie": 2, "sid": 1}
"""Suite → how often a stuck job may be caught: at one it goes into quarantine at once, at two it is tried again first."""
ODD: Final = {
    "order": '{"zz":1,"jid":"%(jid)s","args":[],"queue":"push","retry":true,"class":"%(class)s"}',
    "blanks": '{ "class" : "%(class)s",\n\t"args": [ ], "jid" : "%(jid)s" , "queue":"push" }',
    "numbers": '{"class":"%(class)s","args":[1.0e+20,1.0e-07,9007199254740993,-0.0,123456789012345678901234567890],"jid":"%(jid)s","queue":"push"}',
    "escapes": '{"class":"%(class)s","args":["é\\u00e9\\/\\ud83d\\ude00\u2028\\u0000"],"jid":"%(jid)s","queue":"push"}',
    "twice": '{"class":"Quick","jid":"x","args":[1],"class":"%(class)s","args":[2],"jid":"%(jid)s","queue":"push"}',
    "another's jid": '{"class":"%(class)s","args":["%(other)s"],"jid":"%(jid)s","queue":"push"}',
    "5 MB": '{"class":"%(class)s","args":["' + "é" * 2_500_000 + '"],"jid":"%(jid)s","queue":"push"}',
    "once": '{"retry":false,"class":"%(class)s","args":[1.0e+20],"jid":"%(jid)s","queue":"push"}',
}
STUCK: Final = ("numbers", "escapes", "another's jid")
"""Of these there is a stuck one besides the innocent one."""
NOT_READ: Final = {"sid": ("twice",)}
"""Suite → what its JSON refuses: Sidekiq puts it into the dead set, unread."""


def jobs_of(suite: str) -> dict[bytes, str]:
    """Payload → whether it is `innocent`, `stuck` or `once`; each stuck one has the jid of an innocent one among its arguments, where it has any."""
    jobs = {}
    read = [name for name in ODD if name not in NOT_READ.get(suite, ())]
    for number, name in enumerate(read):
        text = ODD[name] % {"class": "Held", "jid": f"{number:024}", "other": f"{99:024}"}
        jobs[text.encode()] = "once" if name == "once" else "innocent"
    for number, name in enumerate(STUCK, 97):
        jobs[(ODD[name] % {"class": "SleepForever", "jid": f"{number:024}", "other": f"{0:024}"}).encode()] = "stuck"
    return jobs


async def _shown(client: Any, victim: Sidekiq, jobs: dict[bytes, str]) -> bool:
    return len(await running(client, [victim.identity])) == len(jobs)


async def _told(suite: str, store_kind: str, folder: Path) -> None:
    jobs = jobs_of(suite)
    kinds = {kind: {payload for payload, what in jobs.items() if what == kind} for kind in ("innocent", "stuck", "once")}
    async with contextlib.AsyncExitStack() as stack:
        store = Store(store_kind, folder)
        stack.push_async_callback(store.close)
        await store.start()
        client = store.client()
        victim = await start_sidekiq(suite, store, tag="live", queues=("push",), concurrency=len(jobs))
        stack.push_async_callback(end, victim)
        await victim.wait_beat(client)
        await client.sadd("queues", "push")
        await client.lpush("queue:push", *jobs)
        await _eventually(lambda: _shown(client, victim, jobs), within=PATIENCE, what=lambda: victim.log.read_text()[-3_000:])
        (folder / "agent").mkdir()
        config = write_recovery(write_config(folder / "agent", url=store.url), drain="3s")
        with config.open("a") as text:
            text.write("quarantine: {in: both}\n")
        rules = config.parent / "rules.yml"
        rules.write_text(rules.read_text().replace("rescue: proven", f"rescue: proven, stuck_jobs: {{strikes: {STRIKES[suite]}}}"))
        agent = AgentProcess(config)
        stack.push_async_callback(agent.aclose)
        await agent.start()
        assert await agent.sees_off(victim, 120) == -9
        await agent.wait_for(f"outcome: .*stage='put_back'.*outcome='{len(jobs)} done'")

        assert set(await client.lrange("queue:push", 0, -1)) == kinds["innocent"]
        assert set(await client.zrange("schedule", 0, -1)) == kinds["once"]
        if STRIKES[suite] == 2:
            assert set(await client.zrange("retry", 0, -1)) == kinds["stuck"]
            return
        state = config.parent / "state"
        entries = {entry.id: read_quarantined(state, entry.id)[1] for entry in read_quarantine(state)}
        assert set(entries.values()) == kinds["stuck"] == set(await client.zrange("dead", 0, -1))
        number, released = next((number, payload) for number, payload in entries.items() if payload and b"SleepForever" in payload)
        assert (await agent.ask("quarantine", "release", str(number), "--reason", "mended"))[0] == 0
        assert set(await client.lrange("queue:push", 0, -1)) == kinds["innocent"] | {released}
        assert set(await client.zrange("dead", 0, -1)) == kinds["stuck"] - {released}


async def test_hostile_jobs_come_back_byte_for_byte(tmp_path):
    """Debian's Sidekiqs, as many as are here, at the same time: queue, schedule, retries, quarantine, dead set and release, each job as it was, and never another one."""
    suites = {suite: store for store, (suite, _) in STORES.items() if suite in SIDEKIQS and not debian.why_not(suite)}

    async with asyncio.TaskGroup() as tasks:
        for number, (suite, store) in enumerate(suites.items()):
            tasks.create_task(_told(suite, store, tmp_path / str(number)))
