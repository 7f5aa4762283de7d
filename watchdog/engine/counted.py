"""Entities of which one reading of Redis does not tell which there are: what retries wait for only their census tells, which takes its time."""

from typing import Any, Final

from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

COUNTED: Final = (Kind.DOMAIN, Kind.RETRY_GROUP)
_SIDEKIQ: Final = "sidekiq"


def is_counted(world: World, kind: Kind) -> bool:
    """Whether nothing more has to be counted before one of that kind that is not in the picture is known to be gone."""
    if kind not in COUNTED:
        return True
    row: Any = world.find(Kind.SIDEKIQ, _SIDEKIQ)
    return row is not None and row.retry_census_at is not MISSING
