"""Fields of `process`: one Sidekiq process, as Redis and as the kernel show it."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field, internal
from watchdog.model.kinds import Kind, Source, Type

_field = partial(field, Kind.PROCESS)
_internal = partial(internal, Kind.PROCESS)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("id", Type.STRING, "Sidekiq's identity: host, pid and nonce.", 'process.id like "web1:*"'),
    _field("host", Type.STRING, "The host name that the process reports.", 'process.host == "web1"'),
    _field("pid", Type.COUNT, "The process id on that host.", "process.pid > 1"),
    _field("tag", Type.STRING, "Sidekiq's tag, by default the name of the application's folder.", 'process.tag == "live"'),
    _field("version", Type.STRING, "The Sidekiq version, where the process reports it (from 7.0.2).", 'process.version like "7.*"'),
    _field("outdated", Type.BOOL, "Another process that beats runs a newer version of Sidekiq.", "process.outdated"),
    _field("queues", Type.STRINGS, "The queues that the process fetches from.", '"push" in process.queues'),
    _field(
        "weights",
        Type.STRINGS,
        "Its queues with their weights, as on Sidekiq's command line; where the process reports them (from 7.0.2).",
        'process.weights contains "push,2"',
    ),
    _field(
        "capsules",
        Type.STRINGS,
        "Its capsules by name: parts with threads and queues of their own; where the process reports them (from 8.0.9).",
        'process.capsules contains "single"',
    ),
    _field("labels", Type.STRINGS, "The labels that the application gave it.", 'process.labels contains "canary"'),
    _field("embedded", Type.BOOL, "Sidekiq runs within another program, and takes no signals through Redis.", "not process.embedded"),
    _field("threads", Type.COUNT, "How many jobs it can run at a time (concurrency), in all its capsules.", "process.threads >= 5"),
    _field("busy", Type.COUNT, "How many jobs it ran at its last beat.", "process.busy == process.threads"),
    _field("quiet", Type.BOOL, "It has been told to fetch no more jobs.", "process.quiet"),
    _field(
        "beat_age",
        Type.DURATION,
        "How long ago Redis last heard from it.",
        "process.beat_age > 30s",
        attr="confirmed_at",
        clock=Clock.ENGINE,
    ),
    _field(
        "beat_every",
        Type.DURATION,
        "How far its beats are apart: 5 s before Sidekiq 7, 10 s from then on; where no version is reported, as it was seen.",
        "process.beat_age > 3 * process.beat_every",
    ),
    _field("uptime", Type.DURATION, "How long ago it wrote its first beat.", "process.uptime > 1h", attr="booted_at", clock=Clock.ENGINE),
    _field("rss", Type.SIZE, "Resident memory as it reports it.", "process.rss > 2GiB"),
    _field("rtt", Type.DURATION, "The time of its own ping to Redis, rounded up to a millisecond.", "process.rtt > 100ms"),
    _field("local", Type.BOOL, "It was found among the processes of this host.", "process.local", source=Source.HOST),
    _field(
        "alive", Type.BOOL, "The kernel says that it lives; known only for processes of this host.", "process.alive", source=Source.HOST
    ),
    _field(
        "unit",
        Type.STRING,
        "The systemd unit that it belongs to; empty where there is none.",
        'process.unit like "mastodon-sidekiq*"',
        source=Source.HOST,
    ),
    _internal("listed", Type.BOOL, "Redis lists it in `processes` or holds its hash."),
    _internal("start_ticks", Type.COUNT, "Its start in clock ticks since boot (field 22 of /proc/PID/stat).", source=Source.HOST),
    _internal("boot_id", Type.STRING, "The boot of the kernel in which it runs.", source=Source.HOST),
    _internal("mismatch", Type.STRING, "Why the local process with its pid is not taken for it.", source=Source.HOST),
)
