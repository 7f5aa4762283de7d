"""
Which other servers are told one by one, of the tens of thousands that there are. Pure.

Watched ones always; of the rest those that a source has something to tell of, the weightiest first, and never more than `MOST`. Each source claims hosts and
tells its own readings of those that were chosen, through `tell`; only here an entity begins and ends, since one that is gone is gone for all sources.
"""

from collections.abc import Iterable, Mapping
from heapq import nlargest
from typing import Any, Final

from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind, Source
from watchdog.sidekiq.changes import difference
from watchdog.sidekiq.hosts import canonical, domain

MOST: Final = 2_000
"""So many hosts are told, the watched ones among them."""
SHARE: Final = MOST // 2
"""So many places each source is sure of, whatever the others claim."""
_STAYS: Final = 1.2
"""A host that is told already weighs so much more than one that would take its place: they must not change places at every look."""

Changes = tuple[Delta | Gone, ...]


class Peers:
    """
    `watched` are hosts as the config names them; what can't be a host is left out.

    Names are in ASCII and small letters throughout, as `sidekiq.hosts.canonical` makes them.
    """

    def __init__(self, watched: Iterable[str]) -> None:
        self._watched: dict[str, None] = {}
        self._claims: dict[Source, Mapping[str, float]] = {}
        self._chosen: dict[str, None] = {}
        self._said: dict[str, dict[Source | None, Mapping[str, Any]]] = {}
        self.watch(watched)

    @property
    def watched(self) -> frozenset[str]:
        """The hosts that the config names."""
        return frozenset(self._watched)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The hosts that are told, the watched ones first."""
        return tuple(self._chosen)

    def __contains__(self, host: object) -> bool:
        return host in self._chosen

    def watch(self, hosts: Iterable[str]) -> None:
        """From now on these are the watched ones; `choose` says what follows."""
        self._watched = dict.fromkeys([host for one in hosts if (host := canonical(one)) is not None][:MOST])

    def claim(self, source: Source, weights: Mapping[str, float]) -> None:
        """All hosts that this source has something to tell of, and how much each matters beside its others; in place of what it claimed before."""
        self._claims[source] = weights

    def choose(self) -> Changes:
        """Decide anew who is told: those that are new, with their names, and those that are gone."""
        chosen = dict(self._watched)
        room = MOST - len(chosen)
        ranked = [self._ranked(weights) for _, weights in sorted(self._claims.items())]
        for one in ranked:
            chosen.update(dict.fromkeys([host for host in one if host not in self._watched][: min(SHARE, room // len(ranked))]))
        for one in ranked:
            left = MOST - len(chosen)
            chosen.update(dict.fromkeys([host for host in one if host not in chosen][:left]))
        gone = [host for host in self._chosen if host not in chosen]
        for host in gone:
            self._said.pop(host, None)
        self._chosen = chosen
        told = [delta for host in chosen for delta in self._tell(None, host, self._name(host))]
        return (*(Gone(Kind.PEER, host, "nothing is to be told of it") for host in gone), *told)

    def tell(self, source: Source, host: str, slots: Mapping[str, Any]) -> tuple[Delta, ...]:
        """What has to be said of this host, given that these are all readings that this source has of it: one delta or none, and none of a host that was not chosen."""
        return self._tell(source, host, slots) if host in self._chosen else ()

    def retract(self, source: Source) -> Changes:
        """Take back all that this source has said, and claims: it knows nothing any more."""
        said = {host: of_host.pop(source) for host, of_host in self._said.items() if of_host.get(source)}
        self._claims.pop(source, None)
        return tuple(Delta(Kind.PEER, host, dict.fromkeys(slots)) for host, slots in said.items())

    def _tell(self, source: Source | None, host: str, slots: Mapping[str, Any]) -> tuple[Delta, ...]:
        of_host = self._said.setdefault(host, {})
        fields = difference(of_host.get(source, {}), slots)
        of_host[source] = slots
        return (Delta(Kind.PEER, host, fields),) if fields else ()

    def _name(self, host: str) -> dict[str, Any]:
        return {"name": host, "domain": domain(host) or host, "watched": host in self._watched}

    def _ranked(self, weights: Mapping[str, float]) -> list[str]:
        told = self._chosen
        return nlargest(MOST, weights, key=lambda host: weights[host] * _STAYS if host in told else weights[host])
