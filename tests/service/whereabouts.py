"""Where each job is, of all that were pushed: the sum that a recovery must not change."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import redis.asyncio

from watchdog.store import quarantine
from watchdog.store.opening import DATABASE, connect

_VERB = re.compile(r"jid=(?P<jid>\w+).*?\b(?P<verb>start|done|fail)\s*$")


def runs(logs: Iterable[Path], verb: str) -> dict[str, int]:
    """How often the Sidekiqs with these logs said that of each job: `start`, `done` or `fail`."""
    counts: dict[str, int] = {}
    for log in logs:
        for line in log.read_text(errors="replace").splitlines():
            if (found := _VERB.search(line)) and found["verb"] == verb:
                counts[found["jid"]] = counts.get(found["jid"], 0) + 1
    return counts


async def stored(client: redis.asyncio.Redis, state: Path | None = None) -> dict[str, list[str]]:
    """Jid → the places in which it stands: `queue`, `retry`, `schedule`, `dead`, `quarantine`."""
    places: dict[str, list[str]] = {}
    found: list[tuple[str, bytes]] = []
    queues: set[Any] = await client.smembers("queues")
    for queue in queues:
        waiting: list[Any] = await client.lrange(b"queue:" + queue, 0, -1)
        found += [("queue", raw) for raw in waiting]
    for name in ("retry", "schedule", "dead"):
        members: list[Any] = await client.zrange(name, 0, -1)
        found += [(name, raw) for raw in members]
    for place, raw in found:
        places.setdefault(orjson.loads(raw)["jid"], []).append(place)
    if state is not None:
        connection = connect(state / DATABASE)
        try:
            for entry in quarantine.entries(connection):
                places.setdefault(entry.job.jid, []).append("quarantine")
        finally:
            connection.close()
    return places


async def running(client: redis.asyncio.Redis, identities: Iterable[str]) -> set[str]:
    """The jids that these processes run, by their last beat."""
    entries: list[Any] = []
    for identity in identities:
        for suffix in (":work", ":workers"):
            entries += await client.hvals(f"{identity}{suffix}")
    return {orjson.loads(orjson.loads(entry)["payload"])["jid"] for entry in entries}
