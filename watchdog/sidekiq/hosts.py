"""
To whom a job was going: the remote host in its arguments, in its error, or in what it brought; and the domain that the host belongs to.

Which argument of which class holds an address is Mastodon's (`app/workers/` of 3.5 and later; the order of arguments has not changed).
A domain is what somebody could have registered, by the public suffix list that the library brings along (its private part included: `a.masto.host`
is an instance of `masto.host`); nothing is fetched. Hosts and domains are the only thing of a job's arguments that ever leaves this package.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

MAILBOXES: Final[dict[str, int]] = {
    "ActivityPub::DeliveryWorker": 2,
    "ActivityPub::LowPriorityDeliveryWorker": 2,
    "ActivityPub::MigratedFollowDeliveryWorker": 2,
    "ActivityPub::FollowersSynchronizationWorker": 1,
    "ActivityPub::FetchRepliesWorker": 1,
    "FetchReplyWorker": 0,
    "ThreadResolveWorker": 1,
    "MentionResolveWorker": 1,
    "LinkCrawlWorker": 1,
}
"""Class of a job that asks another server → which argument (from 0) is the address."""
DELIVERIES: Final = frozenset(
    {"ActivityPub::DeliveryWorker", "ActivityPub::LowPriorityDeliveryWorker", "ActivityPub::MigratedFollowDeliveryWorker"}
)
"""Those of them that bring something; the others fetch."""

_URL: Final = re.compile(r"https?://(?:[^/?#\s@\"'<>]*@)?(\[[0-9A-Fa-f:.]{2,45}\]|[^/?#\s@:\"'<>\[\]]{1,253})", re.IGNORECASE)
_ASCII_HOST: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_LONGEST_HOST: Final = 253
_LOOKED_AT: Final = 4_000
_KEPT: Final = 50_000

_suffixes: Callable[[str], str | None] | None = None


def host_of_url(url: str) -> str | None:
    """The host of an http address, as it is written there; None if it is none."""
    found = _URL.match(url[:_LOOKED_AT])
    return found[1] if found else None


def last_host(message: str) -> str | None:
    """The host of the last http address in an error message: Mastodon and the http gem write ` on <url>` at its end."""
    found: list[str] = _URL.findall(message[-_LOOKED_AT:])
    return found[-1] if found else None


def host_of_args(job_class: str, args: object) -> str | None:
    """The host that a job of that class was going to, by its arguments; None for every other class."""
    place = MAILBOXES.get(job_class)
    if place is None or not isinstance(args, Sequence) or isinstance(args, str | bytes) or len(args) <= place:
        return None
    url = args[place]
    return host_of_url(url) if isinstance(url, str) else None


@lru_cache(maxsize=_KEPT)
def canonical(host: str) -> str | None:
    """
    A host in ASCII and small letters, without a dot at its end; an address of the network as it is written shortest.

    None for what can't be a host.
    """
    written = host.strip().rstrip(".")
    if not written or len(written) > _LONGEST_HOST:
        return None
    if written.startswith("["):
        return _address(written[1:-1]) if written.endswith("]") else None
    try:
        name = written.lower() if written.isascii() else written.lower().encode("idna").decode("ascii")
    except UnicodeError:
        return None
    if not _ASCII_HOST.fullmatch(name):
        return None
    return _address(name) if name.rpartition(".")[2].isdecimal() else name


@lru_cache(maxsize=_KEPT)
def domain(host: str) -> str | None:
    """
    The registrable domain of a host in ASCII and lower case.

    An address of the network stays what it is; a host that is a public suffix itself, or has no dot, is its own domain. None for what
    can't be a host.
    """
    name = canonical(host)
    if name is None or "." not in name or name.rpartition(".")[2].isdecimal():
        return name
    return _by_suffix()(name) or name


def _address(text: str) -> str | None:
    try:
        return ipaddress.ip_address(text).compressed
    except ValueError:
        return None


def _by_suffix() -> Callable[[str], str | None]:
    global _suffixes  # noqa: PLW0603  (4 MB and 40 ms, which only whoever sees an address pays, once)
    if _suffixes is None:
        from publicsuffixlist import PublicSuffixList

        _suffixes = PublicSuffixList().privatesuffix
    return _suffixes
