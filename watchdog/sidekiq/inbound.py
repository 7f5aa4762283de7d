"""
Who sends what waits in a queue of incoming federation: a sample of both its ends.

Mastodon's jobs of `ActivityPub::ProcessingWorker` hold the document as text, and that names its `actor`. In ordinary times they live for milliseconds;
so a sample says who floods a backlog, and its silence says nothing about anybody. Seldom, small, and only where there is a backlog.
"""

from collections import Counter
from typing import Any, Final, NamedTuple

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
    """
    `size` jobs of incoming federation were looked at; `domains` says how many came from each, `hosts` from how many hosts of each.

    `signed_most` is how many of them one and the same account has signed: a relay signs what others have written.
    """

    size: int
    domains: dict[str, int]
    hosts: dict[str, int] = {}
    signed_most: int = 0


class Sender(NamedTuple):
    """Whom a job of incoming federation came from; `domain` and `host` are empty if it does not say, `signer` is the number that Mastodon gave to the account that signed it, 0 if that is none."""

    domain: str = ""
    host: str = ""
    signer: int = 0


class _Arguments(msgspec.Struct, array_like=True, gc=False):
    signer: msgspec.Raw = msgspec.Raw()
    body: msgspec.Raw = msgspec.Raw()


class _Job(msgspec.Struct, gc=False, rename={"job_class": "class"}):
    job_class: str
    args: msgspec.Raw = msgspec.Raw()


class _Actor(msgspec.Struct, gc=False):
    id: str


class _Body(msgspec.Struct, gc=False):
    actor: str | _Actor


_JOB: Final = msgspec.json.Decoder(_Job)
_ARGUMENTS: Final = msgspec.json.Decoder(_Arguments)
_TEXT: Final = msgspec.json.Decoder(str)
_NUMBER: Final = msgspec.json.Decoder(int)
_BODY: Final = msgspec.json.Decoder(_Body)


def sender(job: bytes) -> Sender | Broken | None:
    """Whom a waiting job came from; None for a job that is no incoming federation."""
    try:
        decoded = _JOB.decode(job)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Broken("", "a waiting job is not a JSON object with a class")
    if decoded.job_class != INCOMING:
        return None
    try:
        arguments = _ARGUMENTS.decode(decoded.args)
    except (msgspec.DecodeError, UnicodeError):
        return Sender()
    host = _host(arguments.body)
    return Sender((domain(host) if host else None) or "", host, _signer(arguments.signer))


def _host(body: msgspec.Raw) -> str:
    try:
        actor: Any = _BODY.decode(_TEXT.decode(body).encode()).actor
    except (msgspec.DecodeError, UnicodeError):
        return ""
    return host_of_url(actor if isinstance(actor, str) else actor.id) or ""


def _signer(number: msgspec.Raw) -> int:
    try:
        return _NUMBER.decode(number)
    except (msgspec.DecodeError, UnicodeError):
        return 0


class Inbound:
    """Samples, and knows when it did so last; `last` is what it found then."""

    def __init__(self, keys: Keys, tally: Tally, where: str) -> None:
        self._keys = keys
        self._tally = tally
        self._where = where
        self._sampled_at: int | None = None
        self.last = Sampled(0, {})

    async def sample(self, ask: Ask, at: int) -> Sampled | None:
        """A new sample, if it is time for one and anything has changed; raises `SourceUnavailableError`."""
        if self._sampled_at is not None and at - self._sampled_at < _EVERY:
            return None
        self._sampled_at = at
        found: Counter[str] = Counter()
        signers: Counter[int] = Counter()
        hosts: dict[str, set[str]] = {}
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
                        if remote.signer:
                            signers[remote.signer] += 1
                        if remote.domain:
                            found[remote.domain] += 1
                            hosts.setdefault(remote.domain, set()).add(remote.host)
        ((_, signed),) = signers.most_common(1) or [(0, 0)]
        sampled = Sampled(size, dict(found), {of: len(names) for of, names in hosts.items()}, signed)
        before, self.last = self.last, sampled
        return None if sampled == before else sampled

    async def _ends(self, ask: Ask, key: bytes) -> list[bytes]:
        jobs: list[bytes] = []
        for start in range(0, _EACH_END, _PAGE):
            for page in await ask([("LRANGE", key, start, start + _PAGE - 1), ("LRANGE", key, -start - _PAGE, -start - 1)]):
                if isinstance(page, ServerError):
                    raise from_reply(page, self._where)
                jobs += page
        return jobs
