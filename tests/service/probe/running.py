"""
Sidekiqs of several suites with the probe in them, on a Redis of their own, and accounts of every job that they were given.

What a job does it writes into files of the test's folder: they outlive the process. A job is accounted for if it was done, stands in a
queue, waits for another try, or is found by what the probe has left.
"""

import asyncio
import contextlib
import random
import secrets
import shutil
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final, Self

import orjson

from tests.patience import PATIENCE
from tests.service.conftest import _eventually
from tests.service.matrix.parts import CHECKOUT, Sidekiq, Store, end, start_program
from tests.suites.inside import Inside
from watchdog.sidekiq.address import parse
from watchdog.sidekiq.connection import connect
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.probe import Left, read_left, read_probes

APP: Final = Path(__file__).parent / "app"
PROBE: Final = CHECKOUT / "packaging" / "probe" / "sidekiq_watchdog.rb"
QUEUES: Final = ("push", "pull")
THREADS: Final = 5


class Place:
    """A server, a folder, and the Sidekiqs that run in it, one after the other or beside each other."""

    def __init__(self, suite: str, folder: Path) -> None:
        self.suite = suite
        self.folder = folder
        self.store = Store("Redis 7", folder)
        self.pushed: list[str] = []
        self._started = 0
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._stack.push_async_callback(self.store.close)
        await self.store.start()
        self.client = self.store.client()
        shutil.copy(PROBE, self.folder)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def start(
        self,
        strength: str = "",
        *,
        queues: tuple[str, ...] = QUEUES,
        threads: int = THREADS,
        timeout: int = 2,
        env: dict[str, str] | None = None,
    ) -> Sidekiq:
        """A Sidekiq with its first beat; no probe at all where no strength is given."""
        self._started += 1
        inside = Inside(self.suite, app=APP, run=self.folder)
        served = [argument for queue in queues for argument in ("-q", queue)]
        log = self.folder / f"sidekiq-{self._started}.log"
        given = {"REDIS_URL": self.store.url, "RUN_DIR": str(inside.run), "RUBYOPT": "-W0", **(env or {})}
        if strength:
            given["SIDEKIQ_WATCHDOG_PROBE"] = strength
        command = inside.command("sidekiq", "-r", f"{inside.app}/app.rb", *served, "-c", str(threads), "-t", str(timeout), env=given)
        one = Sidekiq((await start_program(command, log)).process, f"sidekiq-{self._started}", log)
        self._stack.push_async_callback(end, one)
        await one.wait_beat(self.client)
        return one

    async def push(self, job_class: str, args: object = (), queue: str = "push", count: int = 1) -> list[str]:
        """Push jobs as Sidekiq's client does; their ids."""
        jids = [secrets.token_hex(12) for _ in range(count)]
        now = time.time()
        job = {"retry": True, "queue": queue, "class": job_class, "args": args, "created_at": now, "enqueued_at": now}
        await self.client.lpush(f"queue:{queue}", *(orjson.dumps(job | {"jid": jid}) for jid in jids))
        self.pushed += jids
        return jids

    async def load(self, rate: float, stop: asyncio.Event, *, takes: float = 0.008) -> None:
        """That many jobs a second, evenly over the queues, until told to stop."""
        began, given = time.monotonic(), 0
        while not stop.is_set():
            due = int(rate * (time.monotonic() - began))
            for queue in QUEUES:
                if (more := (due - given) // len(QUEUES)) > 0:
                    await self.push("Count", [takes], queue, more)
            given += max(0, (due - given) // len(QUEUES)) * len(QUEUES)
            await asyncio.sleep(0.005)

    def lines(self, file: str) -> list[str]:
        """What the jobs have written there."""
        path = self.folder / file
        return path.read_text().split() if path.exists() else []

    async def until(self, condition: Any, what: str, within: float = PATIENCE) -> None:
        """Wait for something that nothing announces."""

        async def ask() -> Any:
            found = condition()
            return await found if asyncio.iscoroutine(found) else found

        await _eventually(ask, within=within, what=lambda: f"{what}; logs:\n{self.logs()[-3000:]}")

    def logs(self) -> str:
        """The output of all Sidekiqs."""
        return "".join(log.read_text() for log in sorted(self.folder.glob("sidekiq-*.log")))

    async def left(self, identity: str) -> Left:
        """What the probe of a process has left, as the agent reads it."""
        wire = await connect(parse(self.store.url), lambda _: None)
        try:
            left = await read_left(wire.ask, Keys(), identity, queues=QUEUES, where="the test")
            assert (identity in await read_probes(wire.ask, Keys(), where="the test")) is bool(left.strength)
            return left
        finally:
            wire.close()

    async def waiting(self) -> list[str]:
        """The ids of all jobs in a queue, or waiting for another try."""
        queued = [job for queue in QUEUES for job in await self.client.lrange(f"queue:{queue}", 0, -1)]
        return [orjson.loads(job)["jid"] for job in (*queued, *await self.client.zrange("retry", 0, -1))]

    async def keys(self) -> list[str]:
        """All keys of the probe."""
        return sorted([key.decode() async for key in self.client.scan_iter("sidekiq-watchdog:*")])


async def kill_under_load(place: Place, strength: str, *, rate: float, chance: random.Random) -> dict[str, int]:
    """
    One Sidekiq, killed at a random moment under load: how many jobs are lost, and how many of those found had been done already.

    `lost` counts the jobs that nobody knows of any more, `found` those that only the probe knows of.
    """
    victim = await place.start(strength)
    before = len(place.lines("done"))
    stop = asyncio.Event()
    load = asyncio.create_task(place.load(rate, stop))
    try:
        await place.until(lambda: len(place.lines("done")) > before + 20, "the first jobs to be done")
        await asyncio.sleep(chance.uniform(0.05, 0.5))
    finally:
        victim.signal(signal.SIGKILL)
        await victim.process.wait()
        stop.set()
        await load
    done, waiting, left = place.lines("done"), await place.waiting(), await place.left(victim.identity)
    found = {finding.jid for finding in left.findings}
    known = {*done, *waiting, *found}
    assert left.broken == ()
    doubled = [jid for jid, times in Counter([*done, *waiting]).items() if times > 1]
    row = {
        "lost": len(set(place.pushed) - known),
        "found": len(found - {*done, *waiting}),
        "done all the same": len(found & {*done}),
        "doubled": len(doubled),
    }
    # The next one begins with nothing.
    await place.client.delete("queue:push", "queue:pull", *(await place.keys() or ["none"]))
    place.pushed.clear()
    return row
