"""
Who sends what waits in a queue of incoming federation: a sample of both its ends.

Mastodon's jobs of `ActivityPub::ProcessingWorker` hold the document as text, and that names its `actor`. In ordinary times they live for milliseconds;
so a sample says who floods a backlog, and its silence says nothing about anybody. Seldom, small, and only where there is a backlog.
"""

from collections import Counter
from typing import Any, Final

import msgspec

from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.decode import Broken, count, label
from watchdog.sidekiq.failures import ServerError, from_reply
from watchdog.sidekiq.hosts import domain, host_of_url
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.scanning import Ask

QUEUES: Final = ("ingress", "default")
"""Where incoming federation waits: from Mastodon 4.0 on, and before."""
INCOMING: Final = "ActivityPub::ProcessingWorker"
BACKLOG: Final = 500
"""From so many waiting jobs on a queue is sampled."""
_EACH_END: Final = 250
_PAGE: Final = 50
_EVERY: Final = 30_000


class Sampled(msgspec.Struct, frozen=True):
    """`size` jobs of incoming federation were looked at; `domains` says how many came from each."""

    size: int
    domains: dict[str, int]


class _Arguments(msgspec.Struct, array_like=True, gc=False):
    signer: msgspec.Raw
    body: str


class _Job(msgspec.Struct, gc=False, rename={"job_class": "class"}):
    job_class: str
    args: msgspec.Raw = msgspec.Raw()


class _Actor(msgspec.Struct, gc=False):
    id: str


class _Body(msgspec.Struct, gc=False):
    actor: str | _Actor


_JOB: Final = msgspec.json.Decoder(_Job)
_ARGUMENTS: Final = msgspec.json.Decoder(_Arguments)
_BODY: Final = msgspec.json.Decoder(_Body)


def sender(job: bytes) -> str | Broken | None:
    """The domain that a waiting job came from, empty if it does not say; None for a job that is no incoming federation."""
    try:
        decoded = _JOB.decode(job)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Broken("", "a waiting job is not a JSON object with a class")
    if decoded.job_class != INCOMING:
        return None
    try:
        actor: Any = _BODY.decode(_ARGUMENTS.decode(decoded.args).body.encode()).actor
    except (msgspec.DecodeError, UnicodeError):
        return ""
    host = host_of_url(actor if isinstance(actor, str) else actor.id)
    return (domain(host) if host else None) or ""


class Inbound:
    """Samples, and knows when it did so last."""

    def __init__(self, keys: Keys, tally: Tally, where: str) -> None:
        self._keys = keys
        self._tally = tally
        self._where = where
        self._sampled_at: int | None = None
        self._last = Sampled(0, {})

    async def sample(self, ask: Ask, at: int) -> Sampled | None:
        """A new sample, if it is time for one and anything has changed; raises `SourceUnavailableError`."""
        if self._sampled_at is not None and at - self._sampled_at < _EVERY:
            return None
        self._sampled_at = at
        found: Counter[str] = Counter()
        size = 0
        keys = [self._keys.queue(queue) for queue in QUEUES]
        for key, length in zip(keys, await ask([("LLEN", key) for key in keys]), strict=True):
            if isinstance(length, ServerError):
                if not str(length).startswith("WRONGTYPE"):
                    raise from_reply(length, self._where)
                continue  # found and counted by whoever reads the queues
            if (count(length) or 0) >= BACKLOG:
                for job in await self._ends(ask, key):
                    remote = sender(job)
                    if isinstance(remote, Broken):
                        self._tally.add(Broken(label(key), remote.reason))
                    elif remote is not None:
                        size += 1
                        if remote:
                            found[remote] += 1
        sampled = Sampled(size, dict(found))
        before, self._last = self._last, sampled
        return None if sampled == before else sampled

    async def _ends(self, ask: Ask, key: bytes) -> list[bytes]:
        jobs: list[bytes] = []
        for start in range(0, _EACH_END, _PAGE):
            for page in await ask([("LRANGE", key, start, start + _PAGE - 1), ("LRANGE", key, -start - _PAGE, -start - 1)]):
                if isinstance(page, ServerError):
                    raise from_reply(page, self._where)
                jobs += page
        return jobs
