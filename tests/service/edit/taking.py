"""
The child of test_killed.py: takes jobs out of the retries and puts them back, over and over, until it is killed.

Run as `python -m tests.service.edit.taking URL FOLDER ROUND`; says of each step that it was done. First of all it finishes what its predecessor left.
"""

import asyncio
import os
import sys
from pathlib import Path

from watchdog.clock import Clock
from watchdog.model.quarantine import CameFrom, Kept
from watchdog.recovery.quarantine import Quarantine
from watchdog.recovery.taking import Candidate, Why
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.finding import Wanted, find_retries
from watchdog.sidekiq.keys import Keys
from watchdog.store.store import Store


async def main(url: str, folder: str, turn: str) -> None:
    """Go on from where the predecessor was killed."""
    store = await Store.open(Path(folder))
    edits = Edits(url=url, keys=Keys())
    quarantine = Quarantine(store.quarantine, edits, wall=Clock().wall, in_dead_set=turn.endswith("1"))
    os.write(1, b"ready\n")
    await quarantine.resume()
    os.write(1, b"resumed\n")
    for lap in range(1_000):
        found = await find_retries(edits, Wanted(), cap=5)
        wanted = [
            Candidate(token=f"{turn}-{lap}-{number}", payload=place.payload, came_from=CameFrom.RETRY)
            for number, place in enumerate(found.places)
        ]
        await quarantine.take(wanted, Why(reason="to be killed"))
        os.write(1, b"taken\n")
        for entry in (await store.quarantine.entries((Kept.KEPT,)))[:3]:
            await quarantine.release(entry.id, reason="to be killed", by="nobody")
            os.write(1, b"released\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
