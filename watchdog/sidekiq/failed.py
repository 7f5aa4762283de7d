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
_OF_THE_WEB: Final = frozenset({"http", "https"})
_SCHEME: Final = len("https")
_A_HOST: Final = "(host)"
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
    the words of a database may quote any address. `scheme` is what stands before its `://`, None for that of the web.
    """

    group: Group
    place: int | None
    tells: bool
    may_tell: bool
    scheme: str | None


_Seen = tuple[str, str, str | None, str | None, str]
"""Queue, class, class of the error, and its message before and behind the address in it; None before where there is none."""

_ENTRY: Final = msgspec.json.Decoder(_Entry)
_ADDRESSED: Final = msgspec.json.Decoder(_Addressed)
_TEXT: Final = msgspec.json.Decoder(str)
LOCAL: Final = frozenset(
    {
        FailureKind.LOCAL_DATABASE,
        FailureKind.LOCAL_REDIS,
        FailureKind.LOCK,
        FailureKind.STORAGE,
        FailureKind.SEARCH,
        FailureKind.MAIL,
        FailureKind.CODE,
    }
)
"""Of these an address in the message is none of another server."""


class FailedReader:
    """Decodes entries, and remembers what it made of classes, errors and addresses; bounded."""

    def __init__(self) -> None:
        self._groups: dict[_Seen, _Known] = {}
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
            # Of two errors that differ only in an address the cause is the same, so the rest of the message is what is looked up.
            address: str | None
            before: str | None
            before, mark, behind = (entry.error_message or "").rpartition("://")
            if mark:
                address, _, behind = behind.partition(" ")
            else:
                address = before = None
            seen = (entry.queue, entry.wrapped or entry.job_class, entry.error_class, before, behind)
            known = groups.get(seen) or self._learn(seen, address)
            if known is None:
                found.append(None)
                continue
            group, place, tells, may_tell, scheme = known
            remote = None
            if place is not None and (address is None or not tells):
                remote = self._addressee(member, place)
            if remote is None and address is not None and may_tell:
                # As far as the path: hosts come again, addresses of posts don't.
                slash = address.find("/")
                host = address if slash < 0 else address[:slash]
                if scheme is not None:
                    host = f"{scheme}://{host}"
                remote = domains.get(host) or self._look_up(host)
                if remote is None and place is not None:
                    remote = self._addressee(member, place)
            first = entry.failed_at or 0.0
            last = entry.retried_at or first
            found.append(
                Failed(group, remote, last if last < AS_MILLISECONDS else last / 1000, first if first < AS_MILLISECONDS else first / 1000)
            )
        return found

    def _learn(self, seen: _Seen, address: str | None) -> _Known | None:
        queue, job_class, error_class, before, behind = seen
        if not is_name(job_class) or not is_name(queue):
            return None
        scheme = words = ""
        if address is not None and before is not None:
            # Some name the host once more, and the cause is the same for all of them.
            host = address.partition("/")[0]
            if "." in host and (host in before or host in behind):
                seen = (queue, job_class, error_class, before.replace(host, _A_HOST), behind.replace(host, _A_HOST))
                if (known := self._groups.get(seen)) is not None:
                    return known
                _, _, _, before, behind = seen
            start = before.rfind(" ") + 1 if len(before) > _SCHEME else 0
            words, scheme = before[:start], before[start:]
            behind = f" {behind}" if behind else ""
        words += behind
        cause = classify(error_class or "", words)
        known = _Known(
            group=Group(queue, job_class, cause.kind.value, cause.status),
            place=MAILBOXES.get(job_class),
            tells=cause.kind is not FailureKind.OTHER and cause.kind not in LOCAL,
            may_tell=cause.kind not in LOCAL,
            scheme=None if scheme in _OF_THE_WEB else scheme,
        )
        if len(words) + len(scheme) <= _LONGEST_KEPT:
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

    def _look_up(self, host: str) -> str | None:
        if host in self._domains:
            return None
        written = last_host(host if "://" in host else f"https://{host}")
        found = domain(written) if written else None
        if len(host) <= _LONGEST_KEPT:
            if len(self._domains) >= _KEPT:
                self._domains.clear()
            self._domains[host] = found
        return found


def _word(name: str) -> str:
    return name if " " not in name else '"' + name.replace('"', '""') + '"'
