"""
Sidekiqs that end badly and not by the agent, and what a recovery makes of what they leave: its own functions, without an engine that decides.

Of every job that was pushed it is known afterwards whether it was done, stands somewhere, or is lost.
"""

import asyncio
import contextlib
import os
import random
import re
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from tests.host.limits import limited
from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import Following
from tests.service.matrix.parts import Sidekiq
from tests.service.probe.running import Place
from watchdog.clock import Clock
from watchdog.host.boot import boot_id
from watchdog.model.effects import GatherInFlight, PutBack, When
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, PlaceKind, Placement
from watchdog.model.results import InFlight, PutBackDone
from watchdog.model.targets import ProcessRef
from watchdog.recovery.beside_redis import the_log
from watchdog.recovery.by_probe import the_probe
from watchdog.recovery.gathering import Gatherer
from watchdog.recovery.putting_back import Returner
from watchdog.recovery.quarantine import Quarantine
from watchdog.rulefile.log import LogSettings
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.keys import Keys
from watchdog.store.store import Store

RULE: Final = "crashed"
ENOUGH: Final = 96 * 2**20
"""Bytes that a Sidekiq may take beyond what it has: for its jobs, and not for one that hoards."""


class Rescuer:
    """What the agent has in its hands, for the processes of one place."""

    def __init__(self, place: Place, seen: Following, store: Store, edits: Edits) -> None:
        self.place, self.seen, self.store, self.edits = place, seen, store, edits
        self._log = LogSettings(journal=False)
        self._wall = Clock().wall
        self._incidents = 0

    async def watch(self, victim: Sidekiq) -> None:
        """From its first beat on."""
        self._log = LogSettings(journal=False, files={"any": str(victim.log)})
        await self.seen.until(lambda: self.seen.readings(victim.identity))

    async def gather(self, victim: Sidekiq, when: When = When.DEAD, *, incident: str = "") -> InFlight:
        """What it holds, from its probe and its log; in an incident of its own, if none is named."""
        self._incidents += not incident
        self.incident = incident or f"{self._incidents}.0"
        self.ref = ProcessRef(f"here/{victim.tag}", victim.identity, socket.gethostname(), victim.pid, 1, boot_id())
        sources = (the_probe(self.edits), the_log(lambda: self._log, self._wall))
        gatherer = Gatherer(follower=self.seen.follower, edits=self.edits, store=self.store, sources=sources)
        found = await gatherer.gather(GatherInFlight("1.0", self.incident, self.ref, when))
        assert isinstance(found, InFlight), found
        return found

    async def put_back(self, found: InFlight, kind: PlaceKind = PlaceKind.QUEUE) -> PutBackDone:
        """Everything that is proven to have been in flight and of which the bytes are known."""
        quarantine = Quarantine(self.store.quarantine, self.edits, wall=self._wall)
        placements = tuple(placement(job, kind) for job in found.jobs if job.has_payload and job.certainty is Certainty.PROVEN)
        done = await Returner(edits=self.edits, store=self.store, quarantine=quarantine).put_back(
            PutBack("1.1", self.incident, RULE, self.ref, placements)
        )
        assert isinstance(done, PutBackDone), done
        return done


def placement(job: Held, kind: PlaceKind) -> Placement:
    """Where that job is to go."""
    return Placement(job.jid, job.job_class, job.queue, kind, job.sources, "its process has crashed")


@contextlib.asynccontextmanager
async def rescuer(place: Place, state: Path) -> AsyncIterator[Rescuer]:
    """One for this place."""
    seen = Following(url=place.store.url, host=socket.gethostname())
    store = await Store.open(state)
    edits = Edits(url=place.store.url, keys=Keys())
    try:
        yield Rescuer(place, seen, store, edits)
    finally:
        edits.close()
        await store.close()
        await seen.close()


async def killed(_place: Place, victim: Sidekiq) -> None:
    """From outside."""
    victim.signal(signal.SIGKILL)
    await victim.process.wait()


async def out_of_memory(place: Place, victim: Sidekiq) -> None:
    """By the kernel, because a job wants more than there is."""
    with limited(victim.pid, ENOUGH):
        await place.push("Hoard", [600])
        async with asyncio.timeout(60):
            await victim.process.wait()
    assert victim.process.returncode == -signal.SIGKILL


WAYS: Final[dict[str, Callable[..., object]]] = {"SIGKILL": killed, "no memory": out_of_memory}


async def crash_under_load(hands: Rescuer, strength: str, way: str, *, rate: float, chance: random.Random) -> dict[str, int]:
    """
    One Sidekiq that crashes at a random moment under load, and all that can be put back is.

    `lost` are jobs that nobody has any more; of those `named` by the log, the others at most `unnamed` by the account of the recovery. `duplicated` are jobs that were done and
    stand in a queue all the same, or stand there twice.
    """
    place = hands.place
    victim = await place.start(strength)
    await hands.watch(victim)
    before = len(place.lines("done"))
    stop = asyncio.Event()
    load = asyncio.create_task(place.load(rate, stop))
    try:
        await place.until(lambda: len(place.lines("done")) > before + 20, "the first jobs to be done")
        await asyncio.sleep(chance.uniform(0.05, 0.5))
        await WAYS[way](place, victim)  # type: ignore[misc]
    finally:
        stop.set()
        await load
    found = await hands.gather(victim)
    returned = await hands.put_back(found)
    done, waiting = place.lines("done"), await place.waiting()
    lost = set(place.pushed) - {*done, *waiting}
    keys = [key for key in await place.keys() if not key.startswith("sidekiq-watchdog:put-back:")]
    row = {
        "put back": sum(one.fate is Fate.DONE for one in returned.placed),
        "lost": len(lost),
        "named": len(lost & {job.jid for job in found.jobs}),
        "unnamed at most": found.unnamed,
        "duplicated": sum(times > 1 for times in Counter([*done, *waiting]).values()),
        "keys left": len(keys),
    }
    # The next one begins with nothing.
    await place.client.delete("queue:push", "queue:pull", victim.identity, f"{victim.identity}:work", f"{victim.identity}:workers")
    await place.client.delete(*(await place.keys() or ["none"]))
    place.pushed.clear()
    return row


def memory_can_be_limited() -> bool:
    """Whether this machine lets us make control groups for memory."""
    group = Path("/sys/fs/cgroup/memory")
    return os.access(group if group.is_dir() else "/sys/fs/cgroup", os.W_OK)


RULES: Final = """\
rules:
  - {rule: crashed, each: process, on: ProcessCrashed, then: [{put_back_jobs: {process: process}}], notify: [ops]}
"""


async def crash_before_an_agent(
    place: Place, folder: Path, strength: str, way: str, *, rate: float, chance: random.Random
) -> dict[str, int]:
    """
    The same with the whole agent, which watches and has one rule; it uses a folder of its own.

    `lost` are jobs that nobody has any more, of which it says by itself that they are at most `unnamed at most`, besides those that it names and does not put back.
    """
    victim = await place.start(strength)
    folder.mkdir()
    config = write_config(folder, url=place.store.url)
    (folder / "rules.yml").write_text(RULES)
    with config.open("a") as text:
        text.write(f"log: {{journal: false, files: {{any: {victim.log}}}}}\n")
    before = len(place.lines("done"))
    stop = asyncio.Event()
    async with contextlib.aclosing(AgentProcess(config)) as agent:
        await agent.start(ready=False)
        await agent.wait_for(f"{victim.identity} is process {victim.pid}")
        load = asyncio.create_task(place.load(rate, stop))
        try:
            await place.until(lambda: len(place.lines("done")) > before + 20, "the first jobs to be done")
            await asyncio.sleep(chance.uniform(0.05, 0.5))
            await WAYS[way](place, victim)  # type: ignore[misc]
        finally:
            stop.set()
            await load
        told = await agent.wait_for("incident: .*outcome='ended'")
    done, waiting = place.lines("done"), await place.waiting()
    lost = set(place.pushed) - {*done, *waiting}
    keys = [key for key in await place.keys() if not key.startswith("sidekiq-watchdog:put-back:")]
    row = {
        "put back": sum(map(int, re.findall(r"(\d+) put ", told))),
        "lost": len(lost),
        "named": sum(map(int, re.findall(r"(\d+) not put back", told))),
        "unnamed at most": sum(map(int, re.findall(r"up to (\d+) that no source", told))),
        "duplicated": sum(times > 1 for times in Counter([*done, *waiting]).values()),
        "keys left": len(keys),
    }
    # The next one begins with nothing.
    await place.client.delete("queue:push", "queue:pull", "retry", "processes")
    await place.client.delete(*(await place.keys() or ["none"]))
    place.pushed.clear()
    return row
