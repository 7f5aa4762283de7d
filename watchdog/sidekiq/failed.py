"""
One entry of the retry set, decoded no further than is needed to count it.

The counterpart of `decode`, which reads what runs. There may be a million entries of a kilobyte: the arguments stay bytes unless the class
is one that goes to another server and the error does not name the address that failed; what the class and the error say is looked up
where it was seen before. The member itself is never kept, and never
written back: a round trip through JSON does not give the same bytes.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from watchdog.sidekiq.causes import FailureKind, classify
from watchdog.sidekiq.decode import AS_MILLISECONDS, is_name
from watchdog.sidekiq.hosts import MAILBOXES, domain, host_of_url, last_host

_KEPT: Final = 50_000
_KEPT_GROUPS: Final = 5_000
_LONGEST_KEPT: Final = 300
_SLASHES: Final = len("://")
_SCHEME: Final = len("https")
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

    Times are seconds by the clock of the process that it failed in, as scores are; 0 where not said.
    """

    group: Group
    domain: str | None
    failed_at: float
    first_failed_at: float


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
    failed_at: float | int | None = None
    retried_at: float | int | None = None


class _Addressed(msgspec.Struct, gc=False):
    args: _Arguments


class _Known(NamedTuple):
    """
    What is made of a class and an error. `place` is that of the address among the arguments, None for a class that goes nowhere.

    `tells` says that the address in the error is the one that failed, `may_tell` that it may be taken where nothing else is known:
    the words of a database may quote any address.
    """

    group: Group
    place: int | None
    tells: bool
    may_tell: bool


_ENTRY: Final = msgspec.json.Decoder(_Entry)
_ADDRESSED: Final = msgspec.json.Decoder(_Addressed)
_TEXT: Final = msgspec.json.Decoder(str)
_LOCAL: Final = frozenset({FailureKind.LOCAL_DATABASE, FailureKind.LOCAL_REDIS})


class FailedReader:
    """Decodes entries, and remembers what it made of classes, errors and addresses; bounded."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str, str, str], _Known] = {}
        self._domains: dict[str, str | None] = {}

    def read(self, members: Iterable[bytes]) -> list[Failed | None]:
        """What stands in these members of the set, in their order; None for those that are broken."""
        # One loop without calls: it is gone through a million times in a few seconds.
        decode, groups, domains = _ENTRY.decode, self._groups, self._domains
        found: list[Failed | None] = []
        for member in members:
            try:
                entry = decode(member)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                found.append(None)
                continue
            job_class, message = entry.wrapped or entry.job_class, entry.error_message or ""
            # Of two errors that differ only in an address the cause is the same, so the rest of the message is what is looked up.
            start = end = 0
            if (slashes := message.rfind("://")) >= 0:
                start = message.rfind(" ", 0, slashes) + 1 if slashes > _SCHEME else 0
                if (end := message.find(" ", slashes)) < 0:
                    end = len(message)
            seen = (entry.queue, job_class, entry.error_class or "", message[:start] + message[end:])
            known = groups.get(seen) or self._learn(seen)
            if known is None:
                found.append(None)
                continue
            group, place, tells, may_tell = known
            remote = None
            if place is not None and not (tells and end):
                remote = self._addressee(member, place)
            if remote is None and end and may_tell:
                # As far as the path: hosts come again, addresses of posts don't.
                slash = message.find("/", slashes + _SLASHES, end)
                url = message[start : slash if slash > 0 else end]
                remote = domains.get(url) or self._look_up(url)
                if remote is None and place is not None:
                    remote = self._addressee(member, place)
            first = entry.failed_at or 0.0
            last = entry.retried_at or first
            found.append(
                Failed(group, remote, last if last < AS_MILLISECONDS else last / 1000, first if first < AS_MILLISECONDS else first / 1000)
            )
        return found

    def _learn(self, seen: tuple[str, str, str, str]) -> _Known | None:
        queue, job_class, error_class, words = seen
        if not is_name(job_class) or not is_name(queue):
            return None
        cause = classify(error_class, words)
        known = _Known(
            group=Group(queue, job_class, cause.kind.value, cause.status),
            place=MAILBOXES.get(job_class),
            tells=cause.kind is not FailureKind.OTHER and cause.kind not in _LOCAL,
            may_tell=cause.kind not in _LOCAL,
        )
        if len(words) <= _LONGEST_KEPT:
            if len(self._groups) >= _KEPT_GROUPS:
                self._groups.clear()
            self._groups[seen] = known
        return known

    def _addressee(self, member: bytes, place: int) -> str | None:
        try:
            args = _ADDRESSED.decode(member).args
            host = host_of_url(_TEXT.decode(args.third if place == 2 else args.second if place == 1 else args.first))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return domain(host) if host else None

    def _look_up(self, url: str) -> str | None:
        if url in self._domains:
            return None
        host = last_host(url)
        found = domain(host) if host else None
        if len(url) <= _LONGEST_KEPT:
            if len(self._domains) >= _KEPT:
                self._domains.clear()
            self._domains[url] = found
        return found


def _word(name: str) -> str:
    return name if " " not in name else '"' + name.replace('"', '""') + '"'
