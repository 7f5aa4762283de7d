"""Fields of `redis`: the server itself."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import FieldSpec, field
from watchdog.model.kinds import Kind, Type

_field = partial(field, Kind.REDIS)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("version", Type.STRING, "The version that the server reports.", 'redis.version like "7.*"'),
    _field("role", Type.STRING, "`master` or `slave`, in Redis' own words.", 'redis.role == "master"'),
    _field("memory", Type.SIZE, "Memory used by data and buffers.", "redis.memory > 4GiB"),
    _field(
        "maxmemory",
        Type.SIZE,
        "The configured limit; 0 means none.",
        "redis.maxmemory > 0 and redis.memory / redis.maxmemory > 90%",
    ),
    _field("clients", Type.COUNT, "Connected clients.", "redis.clients > 1000"),
    _field("uptime", Type.DURATION, "Since the server started.", "redis.uptime < 5m"),
)
