"""
The one scenario that every combination of the matrix plays, and what the follower must show at each stage of it.

Three processes: `worker` gets a job that ends, one that never does, one that the other server refuses with 403 and one for later; `quieted` and `killed` hold one
that never ends. Then the first job ends, `quieted` gets TSTP and `killed` SIGKILL; at last `quieted` gets TERM and pushes its job back.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec
import pytest

from tests.ending import end_task
from tests.service.conftest import Following, push_job
from tests.service.matrix.parts import Sidekiq, Store, end, start_sidekiq
from tests.service.matrix.picture import Normaliser, Picture
from watchdog.clock import Clock
from watchdog.sidekiq.failures import SourceUnavailableError

PLAN: Final = (
    ("Held", "pull", (), None),
    ("SleepForever", "push", (), None),
    ("Refused", "push", ("https://example.social/inbox",), None),
    ("Quick", "push", (), 3_600),
    ("SleepForever", "default", (), None),
    ("SleepForever", "ingress", (), None),
    ("Quick", "mailers", (), None),
    ("Quick", "mailers", (), None),
)
"""Class, queue, arguments, seconds from now. Nobody serves `mailers`."""
ROLES: Final = {"worker": (("push", "pull"), 4), "quieted": (("default",), 1), "killed": (("ingress",), 2)}
"""Tag → queues and threads. `quieted` has no idle one, which could pop what is pushed back at the end."""
STAGES: Final = ("idle", "busy", "hurt", "stopped")
STAGE_SECONDS: Final = 90
"""How long a stage may take; after one that did not come, the others are given a third of it."""
_HAMMER_SECONDS: Final = 0.05
_BOOTS_AT_A_TIME: Final = 6


def expected(version: str) -> dict[str, Picture]:
    """The picture of each stage. `version` is all that may differ: "not told" before 7.0.2, then "its own"."""

    def process(tag: str, *, busy: int | None, quiet: bool = False, listed: bool = True) -> Picture:
        queues, threads = ROLES[tag]
        said = {
            "host": "this one", "pid": "its own", "tag": tag, "version": version, "queues": queues, "threads": threads, "quiet": quiet,
            "listed": listed, "rss": "a size", "rtt": "a duration", "booted_at": "a moment", "confirmed_at": "a moment",
        }  # fmt: skip
        return {f"process {tag}": said | ({} if busy is None else {"busy": busy})}

    def job(job_class: str, queue: str, tag: str) -> Picture:
        said = {
            "jid": "24 hex digits", "job_class": job_class, "queue": queue, "process": tag, "host": "this one", "thread": "a name",
            "retries": 0, "started_at": "a moment",
        }  # fmt: skip
        return {f"job {job_class} of {queue} in {tag}": said}

    def queues(**sizes: int) -> Picture:
        return {f"queue {name}": {"name": name, "size": size, "latency": "a duration" if size else 0} for name, size in sizes.items()}

    def totals(**counts: int) -> Picture:
        return {"sidekiq": dict.fromkeys(("processed", "failed", "retries", "scheduled", "dead", "enqueued"), 0) | counts}

    redis: Picture = {"redis": {"role": "master"}}
    endless = job("SleepForever", "push", "worker") | job("SleepForever", "ingress", "killed")
    given = {"push": 0, "pull": 0, "ingress": 0, "mailers": 2}
    waiting = {"retries": 1, "scheduled": 1}
    return {
        "idle": process("worker", busy=0) | process("quieted", busy=0) | process("killed", busy=0) | totals() | redis,
        "busy": process("worker", busy=2) | process("quieted", busy=1) | process("killed", busy=1)
        | endless | job("Held", "pull", "worker") | job("SleepForever", "default", "quieted")
        | queues(default=0, **given) | totals(processed=2, failed=1, enqueued=2, **waiting) | redis,
        "hurt": process("worker", busy=1) | process("quieted", busy=1, quiet=True) | process("killed", busy=1)
        | endless | job("SleepForever", "default", "quieted")
        | queues(default=0, **given) | totals(processed=3, failed=1, enqueued=2, **waiting) | redis,
        # A job that is interrupted counts as run and as failed.
        "stopped": process("worker", busy=1) | process("quieted", busy=None, quiet=True, listed=False) | process("killed", busy=1)
        | endless
        | queues(default=1, **given) | totals(processed=4, failed=2, enqueued=3, **waiting) | redis,
    }  # fmt: skip


LIVES: Final = {
    "job Held of pull in worker": ["began", "over"],
    "job SleepForever of push in worker": ["began"],
    "job SleepForever of default in quieted": ["began", "over"],
    "job SleepForever of ingress in killed": ["began"],
}
"""What is said of each job over the whole scenario: nothing twice, and of a killed process' job never that it is over."""


class Played(msgspec.Struct, kw_only=True):
    """How one combination went. `beat` is the pause between two beats in whole seconds, as the follower saw it."""

    kind: str
    store: str
    version: str = ""
    store_version: str = ""
    stages: dict[str, Picture] = {}
    lives: dict[str, list[str]] = {}
    late_lives: dict[str, list[str]] = {}
    beat: int = 0
    silent: bool = False
    broken: list[str] = []
    torn_reads: int = 0
    seconds: float = 0.0
    trouble: str = ""


class _Listening(Following):
    """A follower whose every word can be waited for."""

    async def heard(self) -> None:
        """Wait until it says something more; what went wrong in it comes out here."""
        if self._task.done():
            self._task.result()
        self._heard.clear()
        await self._heard.wait()


class _Scene:
    """A combination on the stage."""

    def __init__(
        self, played: Played, store: Store, processes: dict[str, Sidekiq], following: _Listening, clock: Clock, began: int
    ) -> None:
        self.played = played
        self.store = store
        self.processes = processes
        self.following = following
        self.words = Normaliser(processes.values(), began=began, now=clock.at)

    async def play(self) -> None:
        """All stages; each ends when its picture is there, or with the one that was there last."""
        wanted = expected("its own" if self.processes["worker"].release >= (7, 0, 2) else "not told")
        worker, quieted, killed = (self.processes[tag] for tag in ROLES)
        client = self.store.client()
        await self._reach("idle", wanted)
        await push_job(client, "Plan", [PLAN], "push")
        await self._reach("busy", wanted)
        (self.store.folder / "go").touch()
        quieted.signal(signal.SIGTSTP)
        await killed.kill()
        last = await client.hget(killed.identity, "beat")
        await self._reach("hurt", wanted)
        quieted.signal(signal.SIGTERM)
        assert await quieted.wait_exit() == 0, quieted.log.read_text()
        await self._reach("stopped", wanted)
        changes = self.following.changes
        # A beat may fall into the moment in which the job that plans the others runs.
        self.played.lives = {job: life for job, life in self.words.lives(changes).items() if not job.startswith("job Plan ")}
        moments = self.words.beats(changes, worker.identity)
        self.played.beat = round(median([later - sooner for sooner, later in pairwise(moments)] or [0]) / 1_000)
        self.played.silent = await client.hget(killed.identity, "beat") in (last, None)
        self.played.broken = [f"{datum.key}: {datum.reason}" for datum in self.following.follower.broken()]

    async def _reach(self, stage: str, wanted: dict[str, Picture]) -> None:
        def there() -> bool:
            self.played.stages[stage] = self.words.picture(self.following.changes)
            return self.played.stages[stage] == wanted[stage]

        with contextlib.suppress(TimeoutError):
            missed = any(self.played.stages[earlier] != wanted[earlier] for earlier in self.played.stages)
            async with asyncio.timeout(STAGE_SECONDS / 3 if missed else STAGE_SECONDS):
                while not there():
                    await self.following.heard()

    async def hammer(self) -> None:
        """
        Read the worker all the time, and so its work hash while it is being written; counts how often it was caught torn.

        When it is torn for the first time somebody else begins to follow, who has never seen it whole.
        """
        worker = self.processes["worker"]
        client = self.store.client()
        late: Following | None = None
        try:
            while True:
                with contextlib.suppress(SourceUnavailableError):
                    await self.following.follower.reread(worker.identity)
                async with client.pipeline(transaction=True) as pipeline:
                    pipeline.hget(worker.identity, "busy")
                    pipeline.hlen(f"{worker.identity}:work")
                    busy, held = await pipeline.execute()
                if int(busy or 0) != held:
                    self.played.torn_reads += 1
                    late = late or Following(url=self.store.url)
                await asyncio.sleep(_HAMMER_SECONDS)
        finally:
            if late is not None:
                self.played.late_lives = self.words.lives(late.changes)
                await late.close()


async def play(kind: str, store_kind: str, folder: Path, *, boots: asyncio.Semaphore, options: Sequence[str] = ()) -> Played:
    """One combination, from an empty folder to its last picture; what stops it on the way is told in `trouble`."""
    played, began = Played(kind=kind, store=store_kind), time.monotonic()
    try:
        async with _scene(played, folder, boots, options) as scene:
            hammer = asyncio.create_task(scene.hammer() if "--tear" in options else asyncio.Event().wait())
            try:
                await scene.play()
                if hammer.done():
                    hammer.result()
            finally:
                await end_task(hammer)
    except (AssertionError, OSError, TimeoutError, pytest.fail.Exception) as trouble:
        played.trouble = f"{type(trouble).__name__}: {trouble}"
    played.seconds = time.monotonic() - began
    return played


@contextlib.asynccontextmanager
async def _scene(played: Played, folder: Path, boots: asyncio.Semaphore, options: Sequence[str]) -> AsyncIterator[_Scene]:
    clock, started = Clock(), {}
    async with contextlib.AsyncExitStack() as stack:
        async with boots:
            store = Store(played.store, folder)
            stack.push_async_callback(store.close)
            await store.start()
            client = store.client()
            server: dict[str, Any] = await client.info("server")
            played.store_version = server.get("valkey_version", server["redis_version"])
            began = clock.at()
            following = _Listening(url=store.url)
            stack.push_async_callback(following.close)
            for tag, (queues, threads) in ROLES.items():
                started[tag] = await start_sidekiq(played.kind, store, tag=tag, queues=queues, concurrency=threads, options=options)
                stack.push_async_callback(end, started[tag])
            for process in started.values():
                await process.wait_beat(client)
        played.version = started["worker"].version
        yield _Scene(played, store, started, following, clock, began)


async def play_all(combinations: Sequence[tuple[str, str, Sequence[str]]], folder: Path) -> list[Played]:
    """All of them at the same time: the waiting is for beats."""
    boots = asyncio.Semaphore(_BOOTS_AT_A_TIME)
    return await asyncio.gather(
        *(
            play(kind, store, folder / str(number), boots=boots, options=options)
            for number, (kind, store, options) in enumerate(combinations)
        )
    )
