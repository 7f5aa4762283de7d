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

_KEPT: Final = 20_000
_LONGEST_KEPT: Final = 300
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


class Failed(NamedTuple):
    """
    An entry: what it belongs to, the domain it was going to (None: to nobody), and when it failed last and first.

    Times are milliseconds by the clock of the process that it failed in; 0 where not said.
    """

    group: Group
    domain: str | None
    failed_at: int
    first_failed_at: int


class _Entry(msgspec.Struct, gc=False, rename={"job_class": "class"}):
    job_class: str
    queue: str
    wrapped: str | None = None
    error_class: str | None = None
    error_message: str | None = None
    args: msgspec.Raw = msgspec.Raw()
    failed_at: float | int | None = None
    retried_at: float | int | None = None


class _First(msgspec.Struct, array_like=True, gc=False):
    url: str


class _Second(msgspec.Struct, array_like=True, gc=False):
    before: msgspec.Raw
    url: str


class _Third(msgspec.Struct, array_like=True, gc=False):
    before: msgspec.Raw
    between: msgspec.Raw
    url: str


_Addressed = _First | _Second | _Third


_ENTRY: Final = msgspec.json.Decoder(_Entry)
_URL_AT: Final[tuple[msgspec.json.Decoder[_Addressed], ...]] = (
    msgspec.json.Decoder(_First),
    msgspec.json.Decoder(_Second),
    msgspec.json.Decoder(_Third),
)
_BROKEN: Final = "an entry is not a failed job"


class FailedReader:
    """Decodes entries, and remembers what it made of classes, errors and addresses; bounded."""

    def __init__(self, key: str) -> None:
        self._broken = Broken(key, _BROKEN)
        self._groups: dict[tuple[str, str, str, str], Group] = {}
        self._domains: dict[str, str | None] = {}

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
            end = message.find(" ", slashes)
            end = len(message) if end < 0 else end
        words = message[:start] + message[end:]
        seen = (entry.queue, job_class, entry.error_class or "", words)
        group = self._groups.get(seen)
        if group is None:
            if not is_name(job_class) or not is_name(entry.queue):
                return self._broken
            group = self._learn(seen)
        remote = None
        if (place := MAILBOXES.get(job_class)) is not None:
            remote = self._addressee(entry.args, place)
        if remote is None and end:
            remote = self._domain(message[start:end])
        first = entry.failed_at
        last = first if entry.retried_at is None else entry.retried_at
        return Failed(group, remote, _milliseconds(last), _milliseconds(first))

    def _learn(self, seen: tuple[str, str, str, str]) -> Group:
        queue, job_class, error_class, words = seen
        cause = classify(error_class, words)
        group = Group(queue, job_class, cause.kind.value, cause.status)
        if len(words) <= _LONGEST_KEPT:
            if len(self._groups) >= _KEPT:
                self._groups.clear()
            self._groups[seen] = group
        return group

    def _addressee(self, args: msgspec.Raw, place: int) -> str | None:
        try:
            url = _URL_AT[place].decode(args).url
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return self._domain(url)

    def _domain(self, url: str) -> str | None:
        if url in self._domains:
            return self._domains[url]
        host = last_host(url)
        found = domain(host) if host else None
        if len(url) <= _LONGEST_KEPT:
            if len(self._domains) >= _KEPT:
                self._domains.clear()
            self._domains[url] = found
        return found


def _milliseconds(time: float | None) -> int:
    if time is None or not 0 < time < LAST_TIME:
        return 0
    return int(time if time > AS_MILLISECONDS else time * 1000)


def _word(name: str) -> str:
    return name if " " not in name else '"' + name.replace('"', '""') + '"'
