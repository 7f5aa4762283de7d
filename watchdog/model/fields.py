"""
Every field that a condition can name, and every reading that a source can deliver: one table.

The row classes of `rows.py`, the type checker, the documentation and the JSON Schema are made from
it. To add a field, add a line here and let its source deliver it.
"""

from enum import StrEnum
from typing import Final

import msgspec

from watchdog.model.kinds import Kind, Source, Type


class Clock(StrEnum):
    """
    What makes a field grow by itself.

    A growing field is not delivered; its source delivers the moment from which it is counted.
    """

    BEAT = "beat"  # counted up to the last beat of the job's process: unconfirmed time is not counted
    ENGINE = "engine"  # counted up to the time of the event being judged


class FieldSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One field of an entity.

    `attr` is the slot of the row that holds the reading; for a growing field it holds the moment
    (engine milliseconds) from which `clock` counts. `refers` says that the value is the id of another
    entity. An `internal` field is a reading that only the engine uses.
    """

    kind: Kind
    name: str
    type: Type
    source: Source
    doc: str
    example: str = ""
    attr: str = ""
    clock: Clock | None = None
    refers: Kind | None = None
    internal: bool = False

    @property
    def slot(self) -> str:
        """The attribute of the row that holds this reading."""
        return self.attr or self.name

    @property
    def path(self) -> str:
        """As it is written in a condition: `job.elapsed`."""
        return f"{self.kind}.{self.name}"


def _job(
    name: str, type_: Type, doc: str, example: str, attr: str = "", clock: Clock | None = None, refers: Kind | None = None
) -> FieldSpec:
    return FieldSpec(
        kind=Kind.JOB, name=name, type=type_, source=Source.REDIS, doc=doc, example=example, attr=attr, clock=clock, refers=refers
    )


def _process(
    name: str,
    type_: Type,
    doc: str,
    example: str,
    attr: str = "",
    clock: Clock | None = None,
    refers: Kind | None = None,
    source: Source = Source.REDIS,
) -> FieldSpec:
    return FieldSpec(
        kind=Kind.PROCESS, name=name, type=type_, source=source, doc=doc, example=example, attr=attr, clock=clock, refers=refers
    )


def _internal(kind: Kind, name: str, type_: Type, doc: str, source: Source = Source.REDIS) -> FieldSpec:
    return FieldSpec(kind=kind, name=name, type=type_, source=source, doc=doc, internal=True)


def _whole(kind: Kind, name: str, type_: Type, doc: str, example: str) -> FieldSpec:
    return FieldSpec(kind=kind, name=name, type=type_, source=Source.REDIS, doc=doc, example=example)


FIELDS: Final[tuple[FieldSpec, ...]] = (
    _job("id", Type.STRING, "The run: identity, thread, job id and start, so that a rerun is another entity.", 'job.id like "*"'),
    _job("jid", Type.STRING, "Sidekiq's job id; it stays the same over retries.", 'job.jid == "4caa72fe18d4b6a0d19e77c3"'),
    _job(
        "class",
        Type.STRING,
        "The job class; for ActiveJob the wrapped class.",
        'job.class == "ActivityPub::DeliveryWorker"',
        attr="job_class",
    ),
    _job("queue", Type.STRING, "The queue that the job was taken from.", 'job.queue in ["push", "pull"]'),
    _job(
        "process", Type.STRING, "The process that runs the job (the id of that process).", "job.process == job.process", refers=Kind.PROCESS
    ),
    _job("host", Type.STRING, "The host name of that process.", 'job.host == "web1"'),
    _job("thread", Type.STRING, "The thread id as Sidekiq logs it (`tid`).", 'job.thread == "oxr1"'),
    _job("retries", Type.COUNT, "How often the job has failed before this run.", "job.retries > 3"),
    _job(
        "elapsed",
        Type.DURATION,
        "How long the job had been running when its process last confirmed it: last beat minus start.",
        "job.elapsed > 10m",
        attr="started_at",
        clock=Clock.BEAT,
    ),
    _process("id", Type.STRING, "Sidekiq's identity: host, pid and nonce.", 'process.id like "web1:*"'),
    _process("host", Type.STRING, "The host name that the process reports.", 'process.host == "web1"'),
    _process("pid", Type.COUNT, "The process id on that host.", "process.pid > 1"),
    _process("tag", Type.STRING, "Sidekiq's tag, by default the name of the application's folder.", 'process.tag == "live"'),
    _process("version", Type.STRING, "The Sidekiq version, where the process reports it (from 7.0.2).", 'process.version like "7.*"'),
    _process("queues", Type.STRINGS, "The queues that the process fetches from.", '"push" in process.queues'),
    _process("threads", Type.COUNT, "How many jobs it can run at a time (concurrency).", "process.threads >= 5"),
    _process("busy", Type.COUNT, "How many jobs it ran at its last beat.", "process.busy == process.threads"),
    _process("quiet", Type.BOOL, "It has been told to fetch no more jobs.", "process.quiet"),
    _process(
        "beat_age",
        Type.DURATION,
        "How long ago Redis last heard from it.",
        "process.beat_age > 30s",
        attr="confirmed_at",
        clock=Clock.ENGINE,
    ),
    _process("uptime", Type.DURATION, "How long ago it wrote its first beat.", "process.uptime > 1h", attr="booted_at", clock=Clock.ENGINE),
    _process("rss", Type.SIZE, "Resident memory as it reports it.", "process.rss > 2GiB"),
    _process("rtt", Type.DURATION, "The time of its own ping to Redis, rounded up to a millisecond.", "process.rtt > 100ms"),
    _process("local", Type.BOOL, "It was found among the processes of this host.", "process.local", source=Source.HOST),
    _process(
        "alive", Type.BOOL, "The kernel says that it lives; known only for processes of this host.", "process.alive", source=Source.HOST
    ),
    _process(
        "unit",
        Type.STRING,
        "The systemd unit that it belongs to; empty where there is none.",
        'process.unit like "mastodon-sidekiq*"',
        source=Source.HOST,
    ),
    _internal(Kind.PROCESS, "listed", Type.BOOL, "Redis lists it in `processes` or holds its hash."),
    _internal(Kind.PROCESS, "start_ticks", Type.COUNT, "Its start in clock ticks since boot (field 22 of /proc/PID/stat).", Source.HOST),
    _internal(Kind.PROCESS, "boot_id", Type.STRING, "The boot of the kernel in which it runs.", Source.HOST),
    _internal(Kind.PROCESS, "mismatch", Type.STRING, "Why the local process with its pid is not taken for it.", Source.HOST),
    _whole(Kind.QUEUE, "name", Type.STRING, "The name of the queue.", 'queue.name == "push"'),
    _whole(Kind.QUEUE, "size", Type.COUNT, "How many jobs wait in it.", "queue.size > 1000"),
    _whole(
        Kind.QUEUE, "latency", Type.DURATION, "How long the job that is next has been waiting; 0 where none waits.", "queue.latency > 5m"
    ),
    _whole(Kind.SIDEKIQ, "processed", Type.COUNT, "Jobs run since ever, the failed ones included.", "sidekiq.processed > 0"),
    _whole(Kind.SIDEKIQ, "failed", Type.COUNT, "Failed runs since ever.", "sidekiq.failed > 1000"),
    _whole(Kind.SIDEKIQ, "retries", Type.COUNT, "Jobs that wait for another try.", "sidekiq.retries > 10000"),
    _whole(Kind.SIDEKIQ, "scheduled", Type.COUNT, "Jobs that wait for their time.", "sidekiq.scheduled > 10000"),
    _whole(Kind.SIDEKIQ, "dead", Type.COUNT, "Jobs that have been given up.", "sidekiq.dead > 0"),
    _whole(Kind.SIDEKIQ, "enqueued", Type.COUNT, "Jobs that wait in all queues together.", "sidekiq.enqueued > 10000"),
    _whole(Kind.SIDEKIQ, "processes", Type.COUNT, "Processes that Redis has heard from within a minute.", "sidekiq.processes < 2"),
    _whole(Kind.REDIS, "version", Type.STRING, "The version that the server reports.", 'redis.version like "7.*"'),
    _whole(Kind.REDIS, "role", Type.STRING, "`master` or `slave`, in Redis' own words.", 'redis.role == "master"'),
    _whole(Kind.REDIS, "memory", Type.SIZE, "Memory used by data and buffers.", "redis.memory > 4GiB"),
    _whole(
        Kind.REDIS,
        "maxmemory",
        Type.SIZE,
        "The configured limit; 0 means none.",
        "redis.maxmemory > 0 and redis.memory / redis.maxmemory > 90%",
    ),
    _whole(Kind.REDIS, "clients", Type.COUNT, "Connected clients.", "redis.clients > 1000"),
    _whole(Kind.REDIS, "uptime", Type.DURATION, "Since the server started.", "redis.uptime < 5m"),
)

BY_KIND: Final[dict[Kind, dict[str, FieldSpec]]] = {
    kind: {spec.name: spec for spec in FIELDS if spec.kind == kind} for kind in Kind if any(spec.kind == kind for spec in FIELDS)
}
"""Kind → name → spec, for the kinds that have fields."""
