"""For `test_commands`: has a command run as the agent does, and prints its pid and what came of it. Arguments: the run, the command, NAME=VALUE…"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import msgspec

from watchdog.clock import Clock
from watchdog.host.systemd.watch import Units
from watchdog.model.effects import RunCommand
from watchdog.model.events import Body, Observed
from watchdog.model.named.reading import PLACE
from watchdog.recovery.commanding import Commander
from watchdog.store.store import Store

STATE = Path("/var/lib/sidekiq-watchdog")


async def main(run: str, name: str, *pairs: str) -> None:
    """See above."""
    clock, met = Clock(), asyncio.Event()

    def heard(body: Body) -> None:
        if isinstance(body, Observed):
            met.set()

    units = Units((), clock=clock, emit=heard, own="")
    task = asyncio.create_task(units.run())
    store = await Store.open(STATE)
    await met.wait()
    commander = Commander(path=lambda: Path(PLACE), begin=units.begin, store=store, wall=clock.wall)
    values = dict(pair.split("=", 1) for pair in pairs)
    command = RunCommand(id="1.0", run=run, incident=run, target="h", command=name, values=values, until=clock.at() + 60_000)
    print(os.getpid(), flush=True)
    print(msgspec.json.encode(await commander.run(command)).decode())
    print(msgspec.json.encode([bodies for _, bodies in await store.evidence_of(run)]).decode())
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await store.close()


asyncio.run(main(*sys.argv[1:]))
