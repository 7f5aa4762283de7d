"""The jobs of the demo, as Sidekiq's own client would write them."""

import random
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final

import orjson
from redis.asyncio import Redis

POISON: Final = "PoisonWorker"
"""The job that holds its thread for ever, and swallows what is raised in it."""
LONG: Final = "RedownloadMediaWorker"
"""A job that takes its time, and is as it should be."""
LONG_S: Final = 18
"""Longer than the worker has to live that is given one: some 14 s."""

CLASSES: Final[Mapping[str, str]] = {
    "push": "ActivityPub::DeliveryWorker",
    "pull": "ThreadResolveWorker",
    "default": "LocalNotificationWorker",
}
"""Queue → the class of the jobs in it: Mastodon's names, since those are the ones that readers know."""


def payload(job_class: str, queue: str, arguments: list[Any]) -> bytes:
    """A job as JSON; fields and float seconds as Sidekiq 7 writes them (client.rb, job_util.rb)."""
    now = time.time()
    return orjson.dumps(
        {
            "retry": True,
            "queue": queue,
            "class": job_class,
            "args": arguments,
            "jid": secrets.token_hex(12),
            "created_at": now,
            "enqueued_at": now,
        }
    )


def ordinary(queue: str) -> bytes:
    """A job that takes a third to half a second."""
    return payload(CLASSES[queue], queue, [round(random.uniform(0.3, 0.5), 3)])


def long() -> bytes:
    """A job that takes longer than anybody waits for it."""
    return payload(LONG, "push", [LONG_S])


def seconds(job: Mapping[str, Any]) -> float:
    """How long a job is going to take; one of another kind none at all."""
    match job.get("args"):
        case [int() | float() as pause, *_]:
            return float(pause)
    return 0.0


async def push(client: Redis, queue: str, *jobs: bytes) -> None:
    """As Sidekiq's client does: the name of the queue into `queues`, the job to the left end of its list."""
    async with client.pipeline(transaction=False) as pipeline:
        pipeline.sadd("queues", queue)
        pipeline.lpush(f"queue:{queue}", *jobs)
        await pipeline.execute()
