"""Jobs as Mastodon pushes them: of each class its queue, its tries, and arguments in its own form (app/workers)."""

import itertools
import secrets
import time
from typing import Any, Final

import orjson
from redis.asyncio import Redis

_QUEUES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "ActivityPub::ProcessingWorker": ("ingress", {"retry": 8, "backtrace": True}),
    "ActivityPub::DeliveryWorker": ("push", {"retry": 16, "dead": False}),
    "ActivityPub::LowPriorityDeliveryWorker": ("pull", {"retry": 8, "dead": False}),
    "LinkCrawlWorker": ("pull", {"retry": 0}),
    "ThreadResolveWorker": ("pull", {"retry": 3}),
    "BackupWorker": ("pull", {"retry": 5, "dead": False}),
    "DistributionWorker": ("default", {"retry": True}),
    "FeedInsertWorker": ("default", {"retry": True}),
    "LocalNotificationWorker": ("default", {"retry": True}),
    "PushUpdateWorker": ("default", {"retry": True}),
    "PostProcessMediaWorker": ("default", {"retry": 1}),
    "ActionMailer::MailDeliveryJob": ("mailers", {"retry": True}),
    "Scheduler::InstanceRefreshScheduler": ("scheduler", {"retry": 0}),
    "Scheduler::ScheduledStatusesScheduler": ("scheduler", {"retry": 0}),
}
PRIVATE: Final = "PRIVATE-POST"
"""Stands in every activity: it may be seen nowhere."""
_NUMBERS: Final = itertools.count(115_000_000_000_000_000)


def activity(actor: str, *, lasts: float | None = None) -> str:
    """A post by that actor, as the text of a document; the work on it takes so many seconds, or no time."""
    number = next(_NUMBERS)
    shown = {"id": f"{actor}/statuses/{number}", "type": "Note", "attributedTo": actor, "content": f"<p>{PRIVATE}</p>"}
    if lasts is not None:
        shown["duration"] = f"PT{lasts}S"
    document = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{actor}/statuses/{number}/activity",
        "type": "Create",
        "actor": actor,
        "to": [f"{actor}/followers"],
        "object": shown,
    }
    return orjson.dumps(document).decode()


def received(host: str, *, lasts: float | None = None) -> tuple[str, list[Any]]:
    """What `host` has delivered to us."""
    return "ActivityPub::ProcessingWorker", [next(_NUMBERS), activity(f"https://{host}/users/ada", lasts=lasts), None, "Account"]


def delivery(host: str, *, job_class: str = "ActivityPub::DeliveryWorker") -> tuple[str, list[Any]]:
    """What is to go to the shared inbox of `host`."""
    return job_class, [activity("https://social.example/users/eve"), next(_NUMBERS), f"https://{host}/inbox", {}]


def local(job_class: str) -> tuple[str, list[Any]]:
    """Something that happens on our own server, about one post."""
    return job_class, [next(_NUMBERS)]


def media(digit: int) -> tuple[str, list[Any]]:
    """A film whose number ends like this: on 1 its program hangs, on 2 it computes until the file `enough` lies there, on others for a moment."""
    return "PostProcessMediaWorker", [next(_NUMBERS) * 10 + digit]


def crawl(url: str) -> tuple[str, list[Any]]:
    """A page that a post links to is looked at."""
    return "LinkCrawlWorker", [next(_NUMBERS), url]


def backup(seconds: float) -> tuple[str, list[Any]]:
    """Somebody wants all their posts, which takes so long to pack."""
    return "BackupWorker", [seconds]


def scheduled(name: str) -> tuple[str, list[Any]]:
    """An entry of the schedule is due."""
    return f"Scheduler::{name}", []


async def push(client: Redis, *jobs: tuple[str, list[Any]]) -> list[str]:
    """Push them all at once, as Sidekiq's client does in bulk; their jids."""
    now, jids = time.time(), [secrets.token_hex(12) for _ in jobs]
    async with client.pipeline(transaction=True) as pipeline:
        for jid, (job_class, args) in zip(jids, jobs, strict=True):
            queue, options = _QUEUES[job_class]
            payload = {**options, "queue": queue, "class": job_class, "args": args, "jid": jid, "created_at": now, "enqueued_at": now}
            pipeline.sadd("queues", queue)
            pipeline.lpush(f"queue:{queue}", orjson.dumps(payload))
        await pipeline.execute()
    return jids
