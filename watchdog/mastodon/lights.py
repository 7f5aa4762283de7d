"""
Which inboxes are not tried at the moment: the lights of the gem stoplight that are red, one for each inbox address. Pure.

Four generations of its keys are known (lib/stoplight/data_store/redis.rb of 2.2.1, 3.0.2, 4.1.1 and 5.3.5; 5.8.2 as far as its changes tell). Mastodon sets ten failures and
sixty seconds for all versions (app/workers/activitypub/delivery_worker.rb). A light whose name is no address belongs to something else.
"""

from datetime import datetime
from enum import IntEnum
from typing import Final

import msgspec

from watchdog.sidekiq.decode import count
from watchdog.sidekiq.hosts import canonical, host_of_url
from watchdog.sidekiq.wire import Command, Reply

THRESHOLD: Final = 10
COOL_OFF: Final = 60_000
"""Milliseconds since the last failure for which nothing is tried."""
_RED: Final = b"locked_red"
_GREEN: Final = b"locked_green"
_FIELDS: Final = ("locked_state", "breached_at", "recovery_scheduled_after", "recovery_started_at")


class Generation(IntEnum):
    """Of the gem's keys: a later one is in force wherever there is any of it, since the keys of earlier ones stay for ever."""

    LISTS = 2
    SORTED = 4
    HASHES = 5
    HASHED = 6


_KEYS: Final = {
    b"stoplight:failures:": Generation.LISTS,
    b"stoplight:v4:failures:": Generation.SORTED,
    b"stoplight:v5:metadata:": Generation.HASHES,
    b"stoplight:v6:": Generation.HASHED,
}
READABLE: Final[dict[Generation, bytes]] = {generation: key for key, generation in _KEYS.items() if generation is not Generation.HASHED}
"""Generation → what its keys begin with. From 6 on the names of lights are hashed, and nobody can tell whose they are."""


class _Failure(msgspec.Struct):
    time: datetime


_FAILURE: Final = msgspec.json.Decoder(_Failure)


class Light(msgspec.Struct, frozen=True):
    """One light by its name, an address, and the host in it."""

    generation: Generation
    name: bytes
    host: str


def generation_of(key: bytes) -> Generation | None:
    """Of a key without its namespace; None for every other key."""
    return next((generation for begins, generation in _KEYS.items() if key.startswith(begins)), None)


def light_of(key: bytes) -> Light | None:
    """The light of a delivery; None for every other key."""
    generation = generation_of(key)
    if generation is None or generation not in READABLE:
        return None
    name = key.removeprefix(READABLE[generation])
    host = host_of_url(name.decode("utf-8", "replace"))
    canonical_host = canonical(host) if host else None
    return None if canonical_host is None else Light(generation, name, canonical_host)


def questions(light: Light, prefix: bytes) -> tuple[Command, ...]:
    """What to ask Redis of it; `prefix` is the namespace with its colon."""
    key = prefix + READABLE[light.generation] + light.name
    match light.generation:
        case Generation.HASHES:
            return (("HMGET", key, *_FIELDS),)
        case Generation.SORTED:
            return (("HGET", prefix + b"stoplight:v4:states", light.name), ("ZCARD", key), ("ZRANGE", key, -1, -1, "WITHSCORES"))
        case _:
            return (("HGET", prefix + b"stoplight:states", light.name), ("LLEN", key), ("LINDEX", key, 0))


def is_red(light: Light, replies: list[Reply], *, wall: int) -> bool:
    """By the answers to `questions`, at that UTC millisecond. What can't be understood is not red."""
    match light.generation, replies:
        case Generation.HASHES, [[state, breached, scheduled, started]]:
            if state in (_RED, _GREEN):
                return bool(state == _RED)
            due = count(scheduled)
            return breached is not None and started is None and (due is None or due * 1000 >= wall)
        case Generation.SORTED, [state, size, newest]:
            return _is_red(state, size, _score(newest), wall)
        case Generation.LISTS, [state, size, newest]:
            return _is_red(state, size, _time_in(newest), wall)
        case _:
            return False


def _is_red(state: Reply, size: Reply, failed_at: float | None, wall: int) -> bool:
    if state in (_RED, _GREEN):
        return bool(state == _RED)
    return isinstance(size, int) and size >= THRESHOLD and failed_at is not None and wall - failed_at < COOL_OFF


def _score(reply: Reply) -> float | None:
    """Milliseconds of the last failure; RESP3 gives a list of pairs, RESP2 a flat one."""
    match reply:
        case [[bytes(), float() as seconds]]:
            return seconds * 1000
        case [bytes(), bytes() as seconds] if (whole := count(seconds)) is not None:
            return whole * 1000.0
        case _:
            return None


def _time_in(reply: Reply) -> float | None:
    """The moment in a failure as JSON; of the rest, which holds an error's text, nothing is looked at."""
    if not isinstance(reply, bytes):
        return None
    try:
        return _FAILURE.decode(reply).time.timestamp() * 1000
    except (msgspec.MsgspecError, ValueError, OverflowError):
        return None
