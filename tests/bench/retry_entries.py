"""
Fills a retry set as a large Mastodon's looks in a long outage: `python -m tests.bench.retry_entries URL HOW_MANY [AHEAD SPAN]`.

About a kilobyte each, mixed classes, 20,000 domains of which few have most, next tries over three days (or from AHEAD seconds on over SPAN seconds), and messages in Mastodon's formats.
"""

import json
import random
import sys
import time
from collections.abc import Iterator

import redis

DOMAINS = 20_000
BATCH = 1_000
AHEAD = 60.0
SPAN = 3 * 86_400.0
OUTCOMES = (
    ("Mastodon::UnexpectedResponseError", "{url} returned code 503", 30),
    ("Mastodon::UnexpectedResponseError", "{url} returned code 401", 15),
    ("Mastodon::UnexpectedResponseError", "{url} returned code 502", 10),
    ("HTTP::TimeoutError", "Connect timed out after 5 seconds on {url}", 15),
    ("HTTP::ConnectionError", "failed to connect: Connection refused on {url}", 10),
    ("HTTP::ConnectionError", "failed to connect: No address for {host} on {url}", 5),
    (
        "OpenSSL::SSL::SSLError",
        "SSL_connect returned=1 errno=0 state=error: certificate verify failed (certificate has expired) on {url}",
        5,
    ),
    ("Stoplight::Error::RedLight", "{url}", 10),
)
CLASSES = (
    ("ActivityPub::DeliveryWorker", "push", 80),
    ("ActivityPub::LowPriorityDeliveryWorker", "pull", 12),
    ("ThreadResolveWorker", "pull", 8),
)
BODY = json.dumps(
    {
        "@context": ["https://www.w3.org/ns/activitystreams", {"ostatus": "http://ostatus.org#", "sensitive": "as:sensitive"}],
        "id": "https://our.example/users/somebody/statuses/113000000000000000/activity",
        "type": "Create",
        "actor": "https://our.example/users/somebody",
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "object": {"type": "Note", "content": "<p>" + "some words of a post " * 9 + "</p>"},
    }
)


def entries(number: int, now: float, *, ahead: float = AHEAD, span: float = SPAN) -> Iterator[tuple[str, float]]:
    """So many members with their scores, the same at each call."""
    chance = random.Random(7)
    for count in range(number):
        host = f"social{int(DOMAINS * chance.random() ** 3)}.example"
        job_class, queue, _ = chance.choices(CLASSES, [weight for *_, weight in CLASSES])[0]
        error_class, message, _ = chance.choices(OUTCOMES, [weight for *_, weight in OUTCOMES])[0]
        url = f"https://{host}/inbox" if "Delivery" in job_class else f"https://{host}/users/a/statuses/{count}"
        args = [BODY, chance.randrange(10**6), url, {}] if "Delivery" in job_class else [count, url, {"request_id": "x" * 400}]
        due = now + ahead + chance.random() * span
        failed = now - chance.random() * 86_400
        yield json.dumps(
            {
                "retry": 16, "queue": queue, "class": job_class, "args": args, "jid": f"{count:024x}", "created_at": failed, "enqueued_at": failed,
                "error_class": error_class, "error_message": message.format(url=url, host=host), "failed_at": failed, "retry_count": 3, "retried_at": failed + 300,
            }
        ), due  # fmt: skip


def main(url: str, number: int, ahead: float = AHEAD, span: float = SPAN) -> None:
    """Fill the set of that Redis."""
    client = redis.Redis.from_url(url)
    batch: dict[str, float] = {}
    for member, score in entries(number, time.time(), ahead=ahead, span=span):
        batch[member] = score
        if len(batch) == BATCH:
            client.zadd("retry", batch)
            batch.clear()
    if batch:
        client.zadd("retry", batch)
    client.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *map(float, sys.argv[3:]))
