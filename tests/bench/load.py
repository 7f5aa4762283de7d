"""
What a large Mastodon does to Redis beside its beats: a standing backlog of retries, queues that are full, and jobs that come and go.

`python -m tests.bench.load SOCKET fill RETRIES QUEUED` lays down the backlogs, as fast as Redis takes them; `… traffic RATE SECONDS` then
pushes and fetches that many jobs a second over four connections, and lets jobs fail and retries come due as such a server does.
Shapes as Sidekiq 7 writes them (job_util.rb, job_retry.rb), with Mastodon's classes.
"""

import itertools
import random
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final

import hiredis

QUEUES: Final = ("push", "pull", "ingress", "default", "mailers")
BATCH: Final = 500
ERRORS: Final = (
    ("Mastodon::UnexpectedResponseError", "https://{domain}/inbox returned code 403"),
    ("Mastodon::UnexpectedResponseError", "https://{domain}/inbox returned code 410"),
    ("Mastodon::UnexpectedResponseError", "https://{domain}/inbox returned code 503"),
    ("HTTP::TimeoutError", "connect timeout"),
    ("HTTP::ConnectionError", "failed to connect: getaddrinfo: Name or service not known for {domain}"),
    ("OpenSSL::SSL::SSLError", "SSL_connect returned=1 errno=0 state=error: certificate verify failed"),
    ("Stoplight::Error::RedLight", "{domain}"),
)
FEW_FAIL: Final = 0.01
"""The share of jobs that fail."""
SPREAD: Final = 20 * 86_400
"""Seconds over which retries lie: that of Sidekiq's last ones."""
TEXT: Final = "x" * 420


class Line:
    """A connection that sends a batch and waits for all of its replies."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._reader = hiredis.Reader()

    def send(self, commands: Iterable[tuple[str | bytes | int | float, ...]]) -> None:
        """Send them in one go; whatever Redis refuses is raised."""
        packed = [hiredis.pack_command(command) for command in commands]  # type: ignore[arg-type]  # as in watchdog.sidekiq.wire
        self._socket.sendall(b"".join(packed))
        for _ in packed:
            while (reply := self._reader.gets()) is False:
                self._reader.feed(self._socket.recv(1 << 20))
            if isinstance(reply, hiredis.ReplyError):
                raise reply


def job(number: int, queue: str, moment: float, more: str = "") -> str:
    """A delivery as it waits."""
    domain = f"server{int(20_000 * random.random() ** 3)}.example"
    return (
        f'{{"retry":16,"queue":"{queue}","class":"ActivityPub::DeliveryWorker","args":["{{\\"type\\":\\"Create\\",\\"text\\":\\"{TEXT}\\"}}",'
        f'{number % 9999},"https://{domain}/inbox",{{}}],"jid":"{number:024x}","created_at":{moment:.4f},"enqueued_at":{moment:.4f}'
        f"{more.replace('{domain}', domain)}}}"
    )


def retry(number: int, now: float) -> str:
    """The same after it failed, about 1 kB."""
    error, message = ERRORS[number % len(ERRORS)]
    failed = f',"error_message":"{message}","error_class":"{error}","failed_at":{now - 9000:.4f},"retry_count":5,"retried_at":{now:.4f}'
    return job(number, "push", now, failed + f',"tags":["{"y" * 180}"]')


def fill(path: str, retries: int, queued: int) -> None:
    """Lay down the backlogs."""
    line, now = Line(path), time.time()
    for start in range(0, retries, BATCH):
        entries = range(start, min(start + BATCH, retries))
        pairs = ((now + 60 + SPREAD * random.random(), retry(number, now)) for number in entries)
        line.send([("ZADD", "retry", *(part for pair in pairs for part in pair))])
    line.send([("SADD", "queues", *QUEUES), ("INCRBY", "stat:processed", 123_456_789)])
    for start in range(0, queued, BATCH):
        queue = QUEUES[start // BATCH % len(QUEUES)]
        line.send([("LPUSH", f"queue:{queue}", *(job(number, queue, now) for number in range(start, start + BATCH)))])


def traffic(path: str, rate: int, seconds: float) -> None:
    """Push and fetch for so long; the queues stay as long as they are."""
    lines = itertools.cycle([Line(path) for _ in range(4)])
    began = time.monotonic()
    for turn in _turns(began + seconds):
        now, queue = time.time(), QUEUES[turn % len(QUEUES)]
        each = rate // 100
        pushes = [("LPUSH", f"queue:{queue}", job(number, queue, now)) for number in range(turn * each, (turn + 1) * each)]
        next(lines).send([*pushes, *[("BRPOP", f"queue:{queue}", 1)] * each])
        if turn % 100 == 0:
            failed = int(rate * FEW_FAIL)
            pairs = ((now + 20 + SPREAD * random.random() ** 2, retry(turn * rate + number, now)) for number in range(failed))
            next(lines).send(
                [
                    ("ZADD", "retry", *(part for pair in pairs for part in pair)),
                    ("ZREMRANGEBYSCORE", "retry", "-inf", now),
                    ("INCRBY", "stat:processed", rate),
                    ("INCRBY", "stat:failed", failed),
                ]
            )


def _turns(until: float) -> Iterator[int]:
    """A number every hundredth of a second, the missed ones without a pause."""
    began = time.monotonic()
    for turn in itertools.count():
        if (now := time.monotonic()) >= until:
            return
        time.sleep(max(0.0, began + turn / 100 - now))
        yield turn


if __name__ == "__main__":
    match sys.argv[1:]:
        case [path, "fill", retries, queued]:
            fill(path, int(retries), int(queued))
        case [path, "traffic", rate, seconds]:
            traffic(path, int(rate), float(seconds))
        case _:
            sys.exit(__doc__)
