"""Fields of `redis`: the server itself."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field, internal
from watchdog.model.kinds import Kind, Type

_field = partial(field, Kind.REDIS)
_internal = partial(internal, Kind.REDIS)

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
    _field(
        "policy", Type.STRING, "What the server does at its limit: with `allkeys-…` it drops whole queues.", 'redis.policy like "allkeys-*"'
    ),
    _field("rss", Type.SIZE, "Memory that the server takes from the machine.", "redis.rss > 8GiB"),
    _field("peak", Type.SIZE, "The most memory that it ever used.", "redis.memory == redis.peak"),
    _field(
        "fragmentation",
        Type.RATIO,
        "`rss` to `memory`: far above 100 % memory is wasted, below it is swapped out.",
        "redis.fragmentation > 150%",
    ),
    _field("evicted", Type.COUNT, "Keys removed for want of memory, since the server started.", "increase(redis.evicted, 10m) > 0"),
    _field("expired", Type.COUNT, "Keys whose time was over, since the server started.", "rate(redis.expired, 5m) > 1000/s"),
    _field("clients", Type.COUNT, "Connected clients.", "redis.clients > 1000"),
    _field(
        "max_clients",
        Type.COUNT,
        "How many clients it takes at most; unknown where the server does not say.",
        "redis.clients / redis.max_clients > 90%",
    ),
    _field("blocked", Type.COUNT, "Clients that wait for something, like threads of Sidekiq for a job.", "redis.blocked == 0"),
    _field("rejected", Type.COUNT, "Connections refused for want of room, since the server started.", "increase(redis.rejected, 10m) > 0"),
    _field("ops", Type.RATE, "Commands that it carries out, as it measures them.", "redis.ops > 20000/s"),
    _field(
        "latency", Type.DURATION, "The longest that it took to answer the agent's samples since the last reading.", "redis.latency > 200ms"
    ),
    _field("uptime", Type.DURATION, "Since the server started.", "redis.uptime < 5m"),
    _field(
        "restarts",
        Type.COUNT,
        "How often another server was found, or the same one started anew, since the agent began.",
        "increase(redis.restarts, 1h) > 1",
    ),
    _field("loading", Type.BOOL, "It is reading its data from disk.", "redis.loading"),
    _field("save_ok", Type.BOOL, "The last snapshot could be written.", "not redis.save_ok"),
    _field(
        "saved_age",
        Type.DURATION,
        "How long ago the last snapshot was written, or the server started.",
        "redis.saved_age > 1d and redis.unsaved > 0",
        attr="saved_at",
        clock=Clock.ENGINE,
    ),
    _field("unsaved", Type.COUNT, "Changes since the last snapshot.", "redis.unsaved > 1000000"),
    _field("append_only", Type.BOOL, "It keeps an append-only file.", "redis.append_only"),
    _field("append_ok", Type.BOOL, "The last write to that file succeeded; true where there is none.", "not redis.append_ok"),
    _field("replicas", Type.COUNT, "Replicas that are connected.", 'redis.role == "master" and redis.replicas == 0'),
    _field(
        "replica_lag", Type.DURATION, "How long ago the last of them said something; only where there are any.", "redis.replica_lag > 30s"
    ),
    _field("link_up", Type.BOOL, "It is connected to its master; only of a replica.", "not redis.link_up"),
    _field("link_silence", Type.DURATION, "How long ago it heard from its master; only of a replica.", "redis.link_silence > 30s"),
    _internal("run_id", Type.STRING, "Changes whenever a server starts, and with the server."),
    _internal("clock", Type.DURATION, "Redis' own time less engine time, as it was when it jumped last."),
)
