"""
Pushing jobs as Sidekiq's client does: the same refusals, the same order of fields, the units of the version.

Written from client.rb and job_util.rb of each version.
"""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final

from redis.asyncio import Redis

from tests.service.standin.version import Version

_DEFAULTS: Final = {"retry": True, "queue": "default"}


def dump(value: object) -> str:
    """JSON as Ruby's `JSON.generate` writes it: no blanks, letters beyond ASCII as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Client:
    """Pushes to one Redis in the manner of one version."""

    def __init__(self, redis: Redis, version: Version) -> None:
        self._redis = redis
        self._version = version

    def now(self) -> float | int:
        """The time as it is written into jobs."""
        return time.time_ns() // 1_000_000 if self._version.in_milliseconds else time.time()

    async def push(self, item: Mapping[str, Any]) -> str:
        """Push a job, now or at its `at`; its jid. Raises ValueError for what Sidekiq refuses with ArgumentError."""
        job = self._normalised(item)
        at = job.pop("at", None)
        async with self._redis.pipeline(transaction=False) as pipeline:
            if at is not None:
                pipeline.zadd("schedule", {dump(job): at})
            else:
                job["enqueued_at"] = self.now()
                pipeline.sadd("queues", job["queue"])
                pipeline.lpush(f"queue:{job['queue']}", dump(job))
            await pipeline.execute()
        jid: str = job["jid"]
        return jid

    def _normalised(self, item: Mapping[str, Any]) -> dict[str, Any]:
        if "class" not in item or "args" not in item:
            raise ValueError("Job must be a Hash with 'class' and 'args' keys")
        if not isinstance(item["args"], list):
            raise ValueError("Job args must be an Array")  # noqa: TRY004  # as Sidekiq raises ArgumentError for all of these
        if not isinstance(item["class"], str):
            raise ValueError("Job class must be either a Class or String representation of the class name")  # noqa: TRY004
        if "at" in item and (isinstance(item["at"], bool) or not isinstance(item["at"], int | float)):
            raise ValueError("Job 'at' must be a Numeric timestamp")
        if item.get("tags") is not None and not isinstance(item["tags"], list):
            raise ValueError("Job tags must be an Array")
        job = {**_DEFAULTS, **item}
        if not job["queue"]:
            raise ValueError("Job must include a valid queue name")
        job.setdefault("jid", secrets.token_hex(12))
        job.setdefault("created_at", self.now())
        return job
