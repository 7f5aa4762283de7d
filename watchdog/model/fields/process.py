"""Fields of `process`: one Sidekiq process, as Redis and as the kernel show it."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field, internal, picture
from watchdog.model.kinds import Kind, Source, Type

_field = partial(field, Kind.PROCESS)
_kernel = partial(field, Kind.PROCESS, source=Source.HOST)
_picture = partial(picture, Kind.PROCESS, source=Source.HOST)
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
    _field(
        "probe",
        Type.STRING,
        "The strength of the probe that is installed in it (`packaging/probe`): `observe` or `fetch`; empty where there is none.",
        'process.probe == ""',
    ),
    _field(
        "left_behind",
        Type.COUNT,
        "How many jobs of it lie in Redis, where its probe has put them; known only of a process that is gone, where `on: JobsLeftBehind` tells of it.",
        "process.left_behind > 10",
    ),
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
        refers=Kind.UNIT,
    ),
    _kernel("age", Type.DURATION, "Since it was started, its boot included.", "process.age > 7d", attr="started_at", clock=Clock.ENGINE),
    _kernel("cpu", Type.RATIO, "Processor time that it used since the last look; 100 % is one core.", "avg(process.cpu, 5m) > 95%"),
    _kernel("hottest_cpu", Type.RATIO, "The same of the thread that used most.", "process.hottest_cpu > 90%"),
    _kernel(
        "hottest_thread",
        Type.STRING,
        "The name of that thread; empty where none used a hundredth of a core.",
        'process.hottest_thread like "sidekiq.*"',
    ),
    _kernel(
        "hottest_kind",
        Type.STRING,
        "What that thread does: `main`, `heartbeat`, `scheduler`, `processor` (it runs jobs) or `other`.",
        'process.hottest_kind == "processor"',
    ),
    _kernel(
        "memory",
        Type.SIZE,
        "Resident memory as the kernel counts it; told when it differs by 1 MiB and a hundredth.",
        "process.memory > 2GiB",
    ),
    _kernel("swap", Type.SIZE, "Memory of it that is swapped out.", "process.swap > 500MB"),
    _kernel("native_threads", Type.COUNT, "How many threads it has, those of Ruby itself included.", "process.native_threads > 100"),
    _kernel(
        "heartbeat_thread",
        Type.BOOL,
        "It has the thread that beats. One that has left Redis and has none is a zombie: it has stopped, and one of its jobs keeps it from ending.",
        "not process.heartbeat_thread",
    ),
    _kernel(
        "heartbeat_moved",
        Type.DURATION,
        "How long before the last look the thread that beats was seen to do something; unknown until it has been seen at it.",
        "process.beat_age > 60s and process.heartbeat_moved < 20s",
    ),
    _kernel(
        "heartbeat_switches",
        Type.COUNT,
        "How often the thread that beats has waited for something: a few times each beat.",
        "rate(process.heartbeat_switches, 1m) == 0",
    ),
    _kernel(
        "heartbeat_still",
        Type.DURATION,
        "For how long the thread that beats has done nothing at all, or nothing but wait for Ruby's lock, as far as was looked. With no beat in Redis either the process is frozen; "
        "where the thread still moves, it is cut off from Redis, or slow.",
        "process.beat_age > 60s and process.heartbeat_still > 20s",
    ),
    _kernel(
        "state", Type.STRING, "The state of its main thread, in the letters of `ps`: R, S, D, T, t, Z.", 'held(process.state == "D", 1m)'
    ),
    _kernel("stopped", Type.BOOL, "A signal has stopped it, or its control group is frozen.", "process.stopped"),
    _kernel("traced", Type.BOOL, "A debugger or a tracer is attached to it.", "process.traced"),
    _picture(
        "frozen",
        "It has not beaten for a minute in which Redis answered, the thread that beats has done nothing for two beats, and nobody holds it: something in it "
        "holds Ruby's lock, and only SIGKILL reaches it.",
        "process.frozen",
        stands_for="process.beat_age > 60s and process.heartbeat_still >= 2 * default(process.beat_every, 10s) "
        "and not process.stopped and not process.traced",
    ),
    _picture(
        "cut_off",
        "It has not beaten for a minute in which Redis answered the agent, but the thread that beats still tries: it does not reach Redis, or is very slow. "
        "Its jobs go on, and nothing is gained by ending it.",
        "process.cut_off",
        stands_for="process.beat_age > 60s and process.heartbeat_moved < 2 * default(process.beat_every, 10s) "
        "and not process.stopped and not process.clean_stop",
    ),
    _picture(
        "zombie",
        "It has given everything back and left Redis, and has no thread that beats any more, but lives: a job in native code keeps it from ending. "
        "To kill it loses nothing.",
        "process.zombie",
        stands_for="process.clean_stop and not process.heartbeat_thread",
    ),
    _kernel(
        "blocked_threads",
        Type.COUNT,
        "How many of its threads wait for a disk or a driver, and have done so from one look to the next.",
        "held(process.blocked_threads > 0, 2m)",
    ),
    _kernel("children", Type.COUNT, "How many processes it has started that have not ended.", "process.children > 10"),
    _kernel("oldest_child", Type.DURATION, "Since when the oldest of them runs; 0 where there is none.", "process.oldest_child > 1h"),
    _kernel(
        "child_still",
        Type.DURATION,
        "For how long one of them, with all that it has started, has not run for a single moment, as far as was looked: it neither computes nor reads nor writes.",
        "process.child_still > 2m",
    ),
    _kernel(
        "child", Type.STRING, "The name of the child that has stood still for longest, else of the oldest.", 'process.child == "ffmpeg"'
    ),
    _kernel(
        "cgroup_memory",
        Type.SIZE,
        "Memory of its control group (under systemd its unit), file cache included.",
        "process.cgroup_limit > 0 and process.cgroup_memory / process.cgroup_limit > 90%",
    ),
    _kernel("cgroup_limit", Type.SIZE, "The narrowest limit for that; 0 means none.", "process.cgroup_limit == 0"),
    _kernel(
        "oom_kills",
        Type.COUNT,
        "How often the kernel has killed something in that group for want of memory.",
        "increase(process.oom_kills, 1h) > 0",
    ),
    _field(
        "out_of_memory",
        Type.BOOL,
        "When it ended, the kernel had just killed something in its control group for want of memory, or the journal says so. Known of a process that is gone, under `on: ProcessCrashed` or `on: ProcessVanished`.",
        "process.out_of_memory",
        source=Source.HOST,
    ),
    _kernel(
        "code_changed",
        Type.BOOL,
        "Its application has been changed on the disk since it was started: Gemfile.lock, db/schema.rb, .git, .ruby-version, version file, .env.production, config/sidekiq.yml, "
        "or the file of its unit is newer. Unknown where the agent may not look there (`status` says why; the config's `app` names the folder).",
        "process.code_changed and process.age > 1h",
    ),
    _kernel("changed_file", Type.STRING, "The newest of these files; empty where none is newer.", 'process.changed_file == "db/schema.rb"'),
    _field(
        "clean_stop",
        Type.BOOL,
        "It was seen to leave Redis of its own accord, with its jobs given back. To be missing there proves nothing: whoever opens Sidekiq's page removes those that are silent.",
        "process.clean_stop and process.uptime > 1h",
    ),
    _internal("listed", Type.BOOL, "Redis lists it in `processes` or holds its hash."),
    _internal("start_ticks", Type.COUNT, "Its start in clock ticks since boot (field 22 of /proc/PID/stat).", source=Source.HOST),
    _internal("boot_id", Type.STRING, "The boot of the kernel in which it runs.", source=Source.HOST),
    _internal("child_pid", Type.COUNT, "The process id of the child in `child`; 0 where there is none.", source=Source.HOST),
    _internal(
        "child_start_ticks",
        Type.COUNT,
        "The start of that child in clock ticks since boot, which tells it from a later one.",
        source=Source.HOST,
    ),
    _internal(
        "changed_wall",
        Type.COUNT,
        "When the file in `changed_file` was changed: milliseconds since 1970; 0 where none is newer.",
        source=Source.HOST,
    ),
    _internal("mismatch", Type.STRING, "Why the local process with its pid is not taken for it.", source=Source.HOST),
)
