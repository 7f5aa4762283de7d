"""
What Redis says of itself: the readings of the entity `redis`, and whether it refuses writes.

Format of INFO: `name:value` lines under `# Section` titles (redis.io, command INFO).
"""

import re
from typing import Any, Final

from watchdog.sidekiq import decode
from watchdog.sidekiq.failures import ServerError
from watchdog.sidekiq.wire import Command, Reply

ASK_INFO: Final[tuple[Command, ...]] = (("INFO",),)
ASK_SAVING: Final[tuple[Command, ...]] = (("CONFIG", "GET", "stop-writes-on-bgsave-error"), ("CONFIG", "GET", "save"))
"""What decides whether a failed save stops writes. CONFIG is often forbidden; then the default, yes, is assumed."""

_TEXTS: Final = {"version": "redis_version", "role": "role", "policy": "maxmemory_policy", "run_id": "run_id"}
_COUNTS: Final = {
    "memory": "used_memory",
    "rss": "used_memory_rss",
    "peak": "used_memory_peak",
    "maxmemory": "maxmemory",
    "clients": "connected_clients",
    "max_clients": "maxclients",
    "blocked": "blocked_clients",
    "rejected": "rejected_connections",
    "evicted": "evicted_keys",
    "expired": "expired_keys",
    "unsaved": "rdb_changes_since_last_save",
    "replicas": "connected_slaves",
}
_SECONDS: Final = {"uptime": "uptime_in_seconds", "link_silence": "master_last_io_seconds_ago"}
_NUMBERS: Final = {"fragmentation": "mem_fragmentation_ratio", "ops": "instantaneous_ops_per_sec"}
_FLAGS: Final = {
    "save_ok": ("rdb_last_bgsave_status", "ok"),
    "append_only": ("aof_enabled", "1"),
    "append_ok": ("aof_last_write_status", "ok"),
    "loading": ("loading", "1"),
    "link_up": ("master_link_status", "up"),
}
"""Slot → where it stands, and what stands there if it is true."""
_NUMBER: Final = re.compile(r"\d{1,15}(\.\d{1,15})?", re.ASCII)
_NO_ANSWER_YET: Final = "-1"
"""What a replica says for a time that has not begun."""
_REPLICA: Final = re.compile(r"slave\d+", re.ASCII)
_LAG: Final = re.compile(r"(?:.*,)?lag=(\d{1,9})(?:,.*)?", re.ASCII)


def parse_info(reply: Reply) -> dict[str, str]:
    """INFO as name → value; empty if that is not what was answered."""
    if not isinstance(reply, bytes):
        return {}
    lines = (line.partition(":") for line in reply.decode("utf-8", "replace").splitlines() if not line.startswith("#"))
    return {name: value.strip() for name, colon, value in lines if colon}


def readings(info: dict[str, str]) -> dict[str, Any]:
    """The slots of the entity `redis`; what the server does not say, or says in a way that can't be true, is left out."""
    slots: dict[str, Any] = {slot: info[name] for slot, name in _TEXTS.items() if _is_text(info.get(name, ""))}
    slots |= {slot: value for slot, name in _COUNTS.items() if (value := _count(info.get(name, ""))) is not None}
    slots |= {slot: value * 1000 for slot, name in _SECONDS.items() if (value := _count(info.get(name, ""))) is not None}
    slots |= {slot: float(info[name]) for slot, name in _NUMBERS.items() if _NUMBER.fullmatch(info.get(name, ""))}
    slots |= {slot: info[name] == true for slot, (name, true) in _FLAGS.items() if name in info}
    lags = [int(found[1]) for name, value in info.items() if _REPLICA.fullmatch(name) and (found := _LAG.fullmatch(value))]
    return slots | {"replica_lag": max(lags) * 1000} if lags else slots


def garbage(info: dict[str, str]) -> tuple[str, ...]:
    """The names of what the server says, that would be a reading, and that can't be true."""
    counts = [name for name in (*_COUNTS.values(), *_SECONDS.values()) if name in info and info[name] != _NO_ANSWER_YET]
    wrong = [name for name in counts if _count(info[name]) is None]
    wrong += [name for name in _NUMBERS.values() if name in info and not _NUMBER.fullmatch(info[name])]
    wrong += [name for name in _TEXTS.values() if name in info and not _is_text(info[name])]
    return tuple(wrong)


def last_save(info: dict[str, str]) -> int | None:
    """When all data was written to disk last, by the clock of the server, in milliseconds."""
    return decode.milliseconds(info.get("rdb_last_save_time", "").encode("utf-8", "replace")) or None


def _count(value: str) -> int | None:
    return decode.count(value.encode("utf-8", "replace"))


def _is_text(value: str) -> bool:
    return decode.name(value.encode("utf-8", "replace")) is not None


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
