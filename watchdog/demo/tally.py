"""
Every job of the demo by its jid: which were pushed, and which have run to their end, by the logs of the workers.

What the agent says of the jobs is held against this, so that the story can't claim that none was lost.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import orjson
from redis.asyncio import Redis

from watchdog.demo import jobs

_LINE: Final = re.compile(r"jid=(\w+) INFO: (start|done)$", re.MULTILINE)


class Tally:
    """`pushed` is jid → class of all jobs so far."""

    def __init__(self) -> None:
        self.pushed: dict[str, str] = {}

    async def push(self, client: Redis, queue: str, *payloads: bytes) -> None:
        """Push, and remember."""
        self.pushed |= {job["jid"]: job["class"] for job in map(orjson.loads, payloads)}
        await jobs.push(client, queue, *payloads)

    def unfinished(self, logs: Iterable[Path], *, job_class: str = "") -> set[str]:
        """Which have not run to their end; of that class, if one is given."""
        return {jid for jid, name in self.pushed.items() if job_class in ("", name)} - set(_counted(logs, "done"))

    def begun_anew(self, logs: Iterable[Path]) -> int:
        """How many were interrupted, and have run to their end after that."""
        logs = list(logs)
        starts, ends = _counted(logs, "start"), _counted(logs, "done")
        return sum(1 for jid in ends if starts[jid] > 1)


def _counted(logs: Iterable[Path], verb: str) -> Counter[str]:
    return Counter(jid for log in logs for jid, said in _LINE.findall(log.read_text()) if said == verb)
