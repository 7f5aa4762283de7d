"""
Who delivers the readings of which entity, where the field table alone does not say.

A field is delivered by one source, whatever the entity; but there can be two servers, and each is read by itself, so that the loss
of one leaves the other known.
"""

from collections.abc import Iterable
from typing import Final

from watchdog.model.kinds import Kind, Source

APP: Final = "app"
"""The id of the `redis` in which the application keeps its own data; that of Sidekiq's is `redis`."""
_INSTEAD: Final[dict[tuple[Kind, str], dict[Source, Source]]] = {(Kind.REDIS, APP): {Source.REDIS: Source.APP_REDIS}}
OPTIONAL: Final = frozenset(
    {
        Source.APP_REDIS,
        Source.CHECKS,
        Source.SYSTEMD,
        Source.SETTINGS,
        Source.WEB_LOG,
        Source.DELIVERIES,
        Source.MASTODON_API,
        Source.PEERS,
    }
)
"""Sources that need not be there: nobody is blind for want of one."""
_BESIDE: Final = frozenset({Source.SETTINGS, Source.WEB_LOG, Source.DELIVERIES, Source.MASTODON_API, Source.PEERS})
"""Sources that tell nothing of queues, processes or units: without one of them all that is known of these is what it was."""
_LISTED_BY: Final[dict[Kind, Source]] = {
    Kind.CHECK: Source.CHECKS,
    Kind.UNIT: Source.SYSTEMD,
    Kind.SETTING: Source.SETTINGS,
    Kind.PEER: Source.DELIVERIES,
}


def listed_by(kind: Kind) -> Source:
    """Once this source has been read in full, it is known which entities of the kind there are; the host itself is looked at before Redis is."""
    return _LISTED_BY.get(kind, Source.REDIS)


def is_beside(source: Source) -> bool:
    """Whether nothing of what the agent does rests on that source, but for rules that read it."""
    return source in _BESIDE


def cuts_off(lost: Iterable[str]) -> bool:
    """Whether the loss of these leaves the picture of Sidekiq and its processes with a hole."""
    return any(source not in _BESIDE for source in lost)


def source_for(kind: Kind, entity: str, source: Source) -> Source:
    """Who delivers to this entity what `source` delivers to others of its kind."""
    return _INSTEAD.get((kind, entity), {}).get(source, source)


def sources_for(kind: Kind, entity: str, sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """The same for several, sorted."""
    instead = _INSTEAD.get((kind, entity))
    return sources if instead is None else tuple(sorted({instead.get(source, source) for source in sources}))


def sources_among(kind: Kind, sources: Iterable[Source]) -> set[Source]:
    """All that deliver to any entity of the kind what these deliver."""
    wanted = set(sources)
    return wanted.union(other for (of, _), instead in _INSTEAD.items() if of is kind for one, other in instead.items() if one in wanted)
