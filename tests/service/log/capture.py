"""
`python -m tests.service.log.capture`: writes anew the lines of real Sidekiqs that the unit tests read.

Each is a short life: some jobs done, one failed, a thread dump, then either SIGTERM with a job that is pushed back or SIGKILL in the midst of work.
Folders of this machine are called /srv/app; nothing else is changed.
"""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.patience import PATIENCE
from tests.service.conftest import _eventually, push_job
from tests.service.log.parts import APP, FORMATS, notes, settle, start_logging
from tests.service.matrix.parts import SIDEKIQS, STORES, Store

CAPTURED: Final = Path(__file__).parents[2] / "unit" / "recovery" / "captured"


async def capture(suite: str, form: str, ending: str) -> str:
    """One life; the file it was written to."""
    with tempfile.TemporaryDirectory() as place:
        store = await Store({suite: store for store, (suite, _) in STORES.items()}[suite], Path(place) / "run").start()
        try:
            client = store.client()
            process = await start_logging(suite, store, form=form, concurrency=2)
            for _ in range(3):
                await push_job(client, "Noted", [0.01])
            await push_job(client, "Failing")

            async def through() -> bool:
                return len(notes(store)[1]) == 3 and await client.zcard("retry") == 1

            await _eventually(through, within=PATIENCE, what=lambda: "the jobs")
            held = await push_job(client, "Noted", [600])

            async def begun() -> bool:
                return held in notes(store)[0]

            await _eventually(begun, within=PATIENCE, what=lambda: "the job that is held")
            process.signal(signal.SIGTTIN)

            async def dumped() -> bool:
                return process.log.read_text().count("Thread TID-") >= 5

            await _eventually(dumped, within=PATIENCE, what=lambda: "the thread dump")
            last = await push_job(client, "Noted", [0.01])

            async def last_ended() -> bool:
                return last in notes(store)[1]

            await _eventually(last_ended, within=PATIENCE, what=lambda: "the last job")
            await settle(0.3)  # its line comes after its note
            if ending == "term":
                process.signal(signal.SIGTSTP)
                await settle(1)
                process.signal(signal.SIGTERM)
            else:
                process.signal(signal.SIGKILL)
            await process.wait_exit()
            version = {"bookworm": "6.4.1", "trixie": "7.3.2", "sid": "8.1.7"}[suite]
            path = CAPTURED / f"{version}-{form}-{ending}.log"
            CAPTURED.mkdir(parents=True, exist_ok=True)
            text = process.log.read_bytes().replace(str(APP).encode(), b"/srv/app").replace(str(store.folder).encode(), b"/srv/run")
            path.write_bytes(f"# pid {process.pid} held {held}\n".encode() + text)
            return path.name
        finally:
            await store.close()


async def _main() -> None:
    for suite in SIDEKIQS:
        for form in FORMATS:
            if form == "plain" and suite != "sid":
                continue
            for ending in ("term", "kill"):
                print(await capture(suite, form, ending), file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(_main())
