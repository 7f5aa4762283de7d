"""What was said last of each entity, so that only what changed is said next."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind

_ABSENT: Final = object()


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The slots that are new or have changed; None for those that have no reading any more."""
    fields = {slot: value for slot, value in now.items() if before.get(slot, _ABSENT) != value}
    fields.update((slot, None) for slot in before if slot not in now)
    return fields


class Said:
    """The readings of entities that are known by their name alone: queues, totals, the server."""

    def __init__(self) -> None:
        self._said: dict[Kind, dict[str, dict[str, Any]]] = {}

    def tell(self, kind: Kind, entity: str, now: dict[str, Any]) -> tuple[Delta, ...]:
        """What has to be said of this entity, given that these are all its readings: one delta or none."""
        entities = self._said.setdefault(kind, {})
        fields = difference(entities.get(entity, {}), now)
        entities[entity] = now
        return (Delta(kind, entity, fields),) if fields else ()

    def retain(self, kind: Kind, names: Iterable[str], reason: str) -> tuple[Gone, ...]:
        """Let go of all entities of that kind but these."""
        entities = self._said.get(kind, {})
        left = sorted(entities.keys() - set(names))
        for entity in left:
            del entities[entity]
        return tuple(Gone(kind, entity, reason) for entity in left)
