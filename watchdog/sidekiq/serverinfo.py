"""
What Redis says of itself: the readings of the entity `redis`, and whether it refuses writes.

Format of INFO: `name:value` lines under `# Section` titles (redis.io, command INFO).
"""

from typing import Any, Final

from watchdog.sidekiq.decode import count
from watchdog.sidekiq.failures import ServerError
from watchdog.sidekiq.wire import Command, Reply

ASK_INFO: Final[tuple[Command, ...]] = (("INFO",),)
ASK_SAVING: Final[tuple[Command, ...]] = (("CONFIG", "GET", "stop-writes-on-bgsave-error"), ("CONFIG", "GET", "save"))
"""What decides whether a failed save stops writes. CONFIG is often forbidden; then the default, yes, is assumed."""

_TEXTS: Final = {"version": "redis_version", "role": "role"}
_LONGEST_UPTIME: Final = 2**43
"""Seconds; as milliseconds it still is a number that every store can hold."""
_COUNTS: Final = {"memory": "used_memory", "maxmemory": "maxmemory", "clients": "connected_clients"}


def parse_info(reply: Reply) -> dict[str, str]:
    """INFO as name → value; empty if that is not what was answered."""
    if not isinstance(reply, bytes):
        return {}
    lines = (line.partition(":") for line in reply.decode("utf-8", "replace").splitlines() if not line.startswith("#"))
    return {name: value.strip() for name, colon, value in lines if colon}


def readings(info: dict[str, str]) -> dict[str, Any]:
    """The slots of the entity `redis`; what the server does not say is left out."""
    slots: dict[str, Any] = {slot: info[name] for slot, name in _TEXTS.items() if name in info}
    slots |= {slot: number for slot, name in _COUNTS.items() if (number := _count(info, name)) is not None}
    if (uptime := _count(info, "uptime_in_seconds")) is not None and uptime < _LONGEST_UPTIME:
        slots["uptime"] = uptime * 1000
    return slots


def save_failed(info: dict[str, str]) -> bool:
    """The last snapshot could not be written, so that writes may be refused: see `save_stops_writes`."""
    return info.get("role", "master") == "master" and info.get("rdb_last_bgsave_status") == "err"


def log_failed(info: dict[str, str]) -> bool:
    """The append-only file can't be written: Redis then refuses every write, whatever is configured (server.c, MISCONF)."""
    return info.get("role", "master") == "master" and info.get("aof_enabled") == "1" and info.get("aof_last_write_status") == "err"


def save_stops_writes(replies: list[Reply]) -> bool:
    """Whether a failed snapshot stops writes, by the replies to `ASK_SAVING`: not if told to go on, nor if no snapshots are configured."""
    stop, points = (_setting(reply) for reply in replies)
    return stop != b"no" and points != b""


def _count(info: dict[str, str], name: str) -> int | None:
    return count(info.get(name, "").encode("utf-8", "replace"))


def _setting(reply: Reply) -> bytes | None:
    """The value of a setting; None where it is not told."""
    match reply:
        case ServerError():
            return None
        case dict() if reply:
            value = next(iter(reply.values()))
            return value if isinstance(value, bytes) else None
        case [_, bytes() as value]:
            return value
        case _:
            return None
