"""
Taking 500 of 100,000 retries into quarantine by domain and status, beside Sidekiq's own API deleting as many; and how long Redis stands still for it.

Sidekiq's API keeps no copy of what it deletes. Another client asks each millisecond all the while.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import redis.asyncio

from tests.bench.bench_census import fill, pings
from tests.bench.bench_follow import server
from tests.bench.rows import Row
from watchdog.clock import Clock
from watchdog.model.effects import CountJobs, ReleaseJobs, TakeJobs
from watchdog.model.results import Counted, JobsReleased, JobsTaken
from watchdog.model.targets import Among, JobsRef
from watchdog.recovery.editing import Editor
from watchdog.recovery.quarantine import Quarantine
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.keys import Keys
from watchdog.store.store import Store

ENTRIES = int(os.environ.get("EDIT_ENTRIES", "100000"))
TAKEN = 500
HOST, STATUS = "social0.example", 503
RUBY = r"""
require "sidekiq/api"
Sidekiq.configure_client { |config| config.redis = { url: ARGV[0] } }
left = ARGV[1].to_i
Sidekiq::RetrySet.new.each do |job|
  next unless job.item["error_message"] =~ %r{\Ahttps://social0\.example/\S* returned code 503\z}
  job.delete
  break if (left -= 1).zero?
end
puts left
"""


async def slowest(client: redis.asyncio.Redis) -> float:
    """Milliseconds of the longest command since the log was emptied."""
    return max((one["duration"] for one in await client.slowlog_get(10_000)), default=0) / 1000


async def main() -> list[Row]:
    """All rows."""
    async with server() as url:
        client = redis.asyncio.Redis.from_url(url)
        await client.config_set("slowlog-log-slower-than", 200)
        await client.config_set("slowlog-max-len", 10_000)
        await fill(url, ENTRIES)
        with tempfile.TemporaryDirectory() as folder:
            store = await Store.open(Path(folder) / "state")
            edits = Edits(url=url, keys=Keys())
            editor = Editor(edits=edits, store=store, quarantine=Quarantine(store.quarantine, edits, wall=Clock().wall), wall=Clock().wall)
            jobs = JobsRef(name="x", among=Among.RETRIES, domain=HOST, status=STATUS, cap=TAKEN)
            steps: list[tuple[str, float, float, list[float], Any]] = []
            for what, command in (
                ("counted", CountJobs("1", jobs)),
                ("taken", TakeJobs("2", "1.0", "1.1", "bench", "it is a bench", jobs)),
                ("put back", ReleaseJobs("3", "2.0", "1.1", "bench", "it is a bench", JobsRef(name="x", among=Among.QUARANTINE, rule="bench", cap=TAKEN), 0)),
            ):  # fmt: skip
                waits: list[float] = []
                await client.slowlog_reset()
                async with pings(url, waits):
                    began = time.perf_counter()
                    answer = await editor.edit(command)
                    took = time.perf_counter() - began
                steps.append((what, took, await slowest(client), waits, answer))
            edits.close()
            await store.close()
        their_waits: list[float] = []
        await client.slowlog_reset()
        async with pings(url, their_waits):
            began = time.perf_counter()
            child = await asyncio.create_subprocess_exec("ruby", "-e", RUBY, url, str(TAKEN), stdout=asyncio.subprocess.PIPE)
            out, _ = await child.communicate()
            beside = time.perf_counter() - began
        their_slowest, left = await slowest(client), await client.zcard("retry")
        await client.aclose()
    assert (child.returncode, out.strip()) == (0, b"0")
    answers = [answer for *_, answer in steps]
    assert isinstance(answers[0], Counted)
    assert answers[0].fit > TAKEN
    assert answers[1:] == [JobsTaken(TAKEN, left=answers[0].fit - TAKEN), JobsReleased(TAKEN)]
    assert left == ENTRIES - TAKEN
    api = "Sidekiq's API"
    rows = [
        Row(what=f"{TAKEN} of {ENTRIES:,} retries {what}", value=took, unit="s", beside=beside, beside_what=api) for what, took, *_ in steps
    ]
    longest = [
        Row(what=f"{what}: longest command of Redis", value=slow, unit="ms", beside=their_slowest, beside_what=api, goal="≤ 5 ms")
        for what, _, slow, *_ in steps
    ]
    waited = [
        Row(what=f"{what}: longest wait of another client", value=waits[0], unit="ms", beside=their_waits[0], beside_what=api)
        for what, _, _, waits, _ in steps
    ]
    return [*rows, *longest, *waited]
