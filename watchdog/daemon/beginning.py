"""What the engine is told as the agent starts: where it is, and what it has found."""

from watchdog import __version__
from watchdog.host.boot import boot_id
from watchdog.host.machine_id import machine_name
from watchdog.model.events import Started
from watchdog.rulefile.redis_place import place_name
from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.store.aside import account_of
from watchdog.store.store import Store


def started(store: Store, redis: RedisSettings, host: str) -> Started:
    """The first event."""
    damaged = "" if store.set_aside is None else account_of(store.set_aside)
    return Started(__version__, boot_id(), host, machine=machine_name(), redis=place_name(redis), damaged=damaged)
