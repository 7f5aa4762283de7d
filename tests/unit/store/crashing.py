"""
The child of test_crash.py: commits as fast as it can, and says of each commit that it was acknowledged.

Run as `python crashing.py FOLDER`; ends when it is killed.
"""

import asyncio
import os
import sys
from pathlib import Path

from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.model.records import AuditRow
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit, Store


async def main() -> None:
    """Go on from where the predecessor was killed."""
    store = await Store.open(Path(sys.argv[1]))
    os.write(1, b"ready\n")
    seq = store.last_seq
    while True:
        seq += 1
        rows = tuple(AuditRow("intent", seq, detail={"event": seq, "row": n}) for n in range(3))
        notice = Notice(f"{seq}.0", "thread", NoticeKind.STAGE, Severity.INFO, seq, "title")
        await store.commit(Commit(seq=seq, ledger=b"%d" % seq * 5000, audit=rows, notices=(Handed("ops", notice),)))
        os.write(1, b"%d\n" % seq)


asyncio.run(main())
