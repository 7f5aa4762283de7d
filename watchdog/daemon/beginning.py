"""What the engine is told as the agent starts: where it is, and what it has found."""

from watchdog import __version__
from watchdog.host.boot import boot_id
from watchdog.host.machine_id import machine_name
from watchdog.model.events import Started
from watchdog.rulefile.redis_place import place_name
from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.store.aside import room_of
from watchdog.store.store import Store


def started(store: Store, redis: RedisSettings, host: str) -> Started:
    """The first event."""
    return Started(__version__, boot_id(), host, machine=machine_name(), redis=place_name(redis), damaged=_damaged(store))


def _damaged(store: Store) -> str:
    if store.set_aside is None:
        return ""
    count, size = room_of(store.set_aside.parent)
    others = f", with {count - 1} of before" if count > 1 else ""
    return f"{store.set_aside.name} ({size / (1 << 20):.1f} MB{others})"
