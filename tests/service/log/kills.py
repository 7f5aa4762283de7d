"""SIGKILL in the midst of work, again and again: what the log names, against what was really running."""

import json
import random
import signal
import time
from pathlib import Path
from typing import Final

import msgspec

from tests.patience import PATIENCE
from tests.service.conftest import _eventually, push_job
from tests.service.log.parts import notes, queued, settle, start_logging
from tests.service.matrix.parts import STORES, Store, end
from watchdog.host.log_file import LogFile
from watchdog.model.findings import Certainty
from watchdog.model.targets import ProcessRef
from watchdog.recovery.reading_log import read_log
from watchdog.rulefile.log import LogSettings

THREADS: Final = 10
JOBS: Final = 600
SECONDS: Final = 0.03
"""How long each job takes: about 300 a second in all."""


class Kill(msgspec.Struct, frozen=True):
    """
    What became of the jobs of one killed process.

    `lost` were taken and did not end; of these `named` stand in the log's findings and `missed` don't: they had been popped and their start was not
    written. `through` were named, and had ended in the instant before their "done". `wrong` were named and are something else.
    """

    version: str
    lost: int
    named: int
    missed: int
    through: int
    wrong: int
    likely: int


async def kill(suite: str, folder: Path, chance: random.Random) -> Kill:
    """One process from its start to its violent end."""
    store = await Store({suite: store for store, (suite, _) in STORES.items()}[suite], folder).start()
    try:
        client = store.client()
        process = await start_logging(suite, store, concurrency=THREADS)
        pushed = {await push_job(client, "Noted", [SECONDS]) for _ in range(JOBS)}

        async def well_on_its_way() -> bool:
            return len(notes(store)[1]) > THREADS * 3

        await _eventually(well_on_its_way, within=PATIENCE, what=lambda: "the first jobs")
        await settle(chance.uniform(0, 0.3))  # a moment that nobody chose
        process.signal(signal.SIGKILL)
        await process.process.wait()
        waiting = {json.loads(payload)["jid"] for payload in await queued(client)}
        _, ended = notes(store)
        target = ProcessRef("", process.identity, "here", process.pid, 0, "")
        found = await read_log(target, LogSettings(), until=_now(), threads=THREADS, wall=_now, source=LogFile(process.log))
        named = {one.jid for one in found.findings}
        lost = pushed - waiting - ended
        return Kill(
            process.version, len(lost), len(named & lost), len(lost - named), len(named & ended), len(named - lost - ended),
            sum(one.certainty is not Certainty.PROVEN for one in found.findings),
        )  # fmt: skip
    finally:
        await store.close()
        await end(process)


def _now() -> int:
    return time.time_ns() // 1_000_000


async def kills(suite: str, times: int, folder: Path) -> list[Kill]:
    """One after the other."""
    chance = random.Random(suite)
    return [await kill(suite, folder / f"{suite}-{number}", chance) for number in range(times)]
