"""Entities of which one reading of Redis does not tell which there are: what retries wait for only their census tells, which takes its time."""

from typing import Any, Final

from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

COUNTED: Final = (Kind.DOMAIN, Kind.RETRY_GROUP)
_SIDEKIQ: Final = "sidekiq"


_OF_SIDEKIQ: Final = Kind.SIDEKIQ


def is_all_counted(world: World) -> bool:
    """The same for all kinds together, which one reading answers."""
    row: Any = world.rows[_OF_SIDEKIQ].get(_SIDEKIQ)
    return row is not None and row.retry_census_at is not MISSING


def is_counted(world: World, kind: Kind) -> bool:
    """Whether nothing more has to be counted before one of that kind that is not in the picture is known to be gone."""
    return kind not in COUNTED or is_all_counted(world)
