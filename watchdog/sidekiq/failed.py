"""
One entry of the retry set, decoded no further than is needed to count it.

The counterpart of `decode`, which reads what runs. There may be a million entries of a kilobyte: the arguments stay bytes unless the class
is one that goes to another server, and what the class and the error say is looked up where it was seen before. The member itself is never kept, and never
written back: a round trip through JSON does not give the same bytes.
"""

from typing import Final, NamedTuple

import msgspec

from watchdog.sidekiq.causes import classify
from watchdog.sidekiq.decode import AS_MILLISECONDS, LAST_TIME, Broken, is_name
from watchdog.sidekiq.hosts import MAILBOXES, domain, last_host

_KEPT: Final = 50_000
_KEPT_GROUPS: Final = 5_000
_LONGEST_KEPT: Final = 300
_SLASHES: Final = len("://")
_AFTER_SCHEME: Final = len("https://")
OTHERS: Final = "(others)"
"""The id of the entity that stands for all that are too many to be told one by one; no host can be called so."""


class Group(NamedTuple):
    """What entries have in common; `status` is 0 where there is none."""

    queue: str
    job_class: str
    kind: str
    status: int = 0

    @property
    def id(self) -> str:
        """For people to read, and no two the same: `push ActivityPub::DeliveryWorker status 503`."""
        if not self.queue:
            return OTHERS
        words = (_word(self.queue), _word(self.job_class), self.kind, *((str(self.status),) if self.status else ()))
        return " ".join(words)


OTHER_GROUPS: Final = Group("", "", "other")
"""All groups beyond those that are counted one by one: no queue has an empty name."""


class Failed(msgspec.Struct, gc=False):
    """
    An entry: what it belongs to, the domain it was going to (None: to nobody), and when it failed last and first.

    Times are milliseconds by the clock of the process that it failed in; 0 where not said.
    """

    group: Group
    domain: str | None
    failed_at: int
    first_failed_at: int


class _Arguments(msgspec.Struct, array_like=True, gc=False):
    first: msgspec.Raw = msgspec.Raw()
    second: msgspec.Raw = msgspec.Raw()
    third: msgspec.Raw = msgspec.Raw()


class _Entry(msgspec.Struct, gc=False, rename={"job_class": "class"}):
    job_class: str
    queue: str
    wrapped: str | None = None
    error_class: str | None = None
    error_message: str | None = None
    args: _Arguments | None = None
    failed_at: float | int | None = None
    retried_at: float | int | None = None


_ENTRY: Final = msgspec.json.Decoder(_Entry)
_TEXT: Final = msgspec.json.Decoder(str)
_BROKEN: Final = "an entry is not a failed job"


class FailedReader:
    """Decodes entries, and remembers what it made of classes, errors and addresses; bounded."""

    def __init__(self, key: str) -> None:
        self._broken = Broken(key, _BROKEN)
        self._groups: dict[tuple[str, str, str, str], tuple[Group, int | None]] = {}
        self._domains: dict[str | bytes, str | None] = {}

    def read(self, member: bytes) -> Failed | Broken:
        """What stands in one member of the set."""
        try:
            entry = _ENTRY.decode(member)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._broken
        job_class, message = entry.wrapped or entry.job_class, entry.error_message or ""
        # Of two errors that differ only in an address the cause is the same, so the rest of the message is what is looked up.
        start = end = 0
        if (slashes := message.rfind("://")) >= 0:
            start = message.rfind(" ", 0, slashes) + 1
            if (end := message.find(" ", slashes)) < 0:
                end = len(message)
        seen = (entry.queue, job_class, entry.error_class or "", message[:start] + message[end:])
        known = self._groups.get(seen)
        if known is None:
            if not is_name(job_class) or not is_name(entry.queue):
                return self._broken
            known = self._learn(seen)
        group, place = known
        remote = None
        if place is not None and entry.args is not None:
            address = bytes(entry.args.third if place == 2 else entry.args.second if place == 1 else entry.args.first)
            # As far as the path: hosts come again, addresses of posts don't.
            if (slash := address.find(b"/", _AFTER_SCHEME + 1)) > 0:
                address = address[:slash] + b'"'
            remote = self._domains[address] if address in self._domains else self._look_up(address)
        if remote is None and end:
            if (slash := message.find("/", slashes + _SLASHES, end)) > 0:
                end = slash
            url = message[start:end]
            remote = self._domains[url] if url in self._domains else self._look_up(url)
        first, last = entry.failed_at or 0, entry.retried_at or entry.failed_at or 0
        # Sidekiq 7 writes seconds, and so it is without a call for nearly all.
        return Failed(
            group,
            remote,
            int(last * 1000) if 0 < last < AS_MILLISECONDS else _milliseconds(last),
            int(first * 1000) if 0 < first < AS_MILLISECONDS else _milliseconds(first),
        )

    def _learn(self, seen: tuple[str, str, str, str]) -> tuple[Group, int | None]:
        queue, job_class, error_class, words = seen
        cause = classify(error_class, words)
        known = Group(queue, job_class, cause.kind.value, cause.status), MAILBOXES.get(job_class)
        if len(words) <= _LONGEST_KEPT:
            if len(self._groups) >= _KEPT_GROUPS:
                self._groups.clear()
            self._groups[seen] = known
        return known

    def _look_up(self, address: str | bytes) -> str | None:
        try:
            url = address if isinstance(address, str) else _TEXT.decode(address)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        host = last_host(url)
        found = domain(host) if host else None
        if len(address) <= _LONGEST_KEPT:
            if len(self._domains) >= _KEPT:
                self._domains.clear()
            self._domains[address] = found
        return found


def _milliseconds(time: float) -> int:
    return int(time) if AS_MILLISECONDS <= time < LAST_TIME else 0


def _word(name: str) -> str:
    return name if " " not in name else '"' + name.replace('"', '""') + '"'
