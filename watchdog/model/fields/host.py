"""Fields of `host`: the machine that the agent runs on."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field
from watchdog.model.kinds import Kind, Source, Type

_field = partial(field, Kind.HOST, source=Source.HOST)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("name", Type.STRING, "The host name, as Sidekiq reports it.", 'host.name == "web1"'),
    _field("cores", Type.CORES, "How many processors it has.", "host.load > 2 * host.cores"),
    _field("cpu", Type.RATIO, "How much of all its processors is used, since the last look.", "avg(host.cpu, 5m) > 90%"),
    _field("steal", Type.RATIO, "How much of its processors the hypervisor gave to others meanwhile.", "avg(host.steal, 5m) > 10%"),
    _field("load", Type.CORES, "How many processes ran or waited for processor or disk, over the last minute.", "host.load > 8"),
    _field("load_5m", Type.CORES, "The same over the last five minutes.", "host.load_5m > host.cores"),
    _field(
        "cpu_pressure",
        Type.RATIO,
        "The part of the last ten seconds in which something had to wait for a processor; unknown where the kernel does not measure it.",
        "avg(host.cpu_pressure, 5m) > 50%",
    ),
    _field("memory_pressure", Type.RATIO, "The same for memory.", "host.memory_pressure > 10%"),
    _field("memory_stall", Type.RATIO, "The part in which nothing at all went on, all waiting for memory.", "host.memory_stall > 5%"),
    _field("io_pressure", Type.RATIO, "The part in which something had to wait for a disk.", "avg(host.io_pressure, 5m) > 40%"),
    _field("io_stall", Type.RATIO, "The part in which nothing at all went on, all waiting for a disk.", "host.io_stall > 20%"),
    _field("memory", Type.SIZE, "Its memory.", "host.memory < 4GiB"),
    _field(
        "memory_available",
        Type.SIZE,
        "What could be used without swapping; told when it differs by 16 MiB and a hundredth.",
        "host.memory_available / host.memory < 5%",
    ),
    _field("swap", Type.SIZE, "Its swap space; 0 where there is none.", "host.swap == 0"),
    _field("swap_used", Type.SIZE, "How much of that is in use.", "increase(host.swap_used, 10m) > 500MB"),
    _field("disk", Type.SIZE, "The size of the disk that the agent's state folder lies on.", "host.disk_free / host.disk < 5%"),
    _field("disk_free", Type.SIZE, "What is free on it for others than root.", "host.disk_free < 1GiB"),
    _field(
        "deploying",
        Type.BOOL,
        "A command runs that changes the application or its database: a rake, `rails db:…` or `assets:…`, `bundle install`, yarn; looked for each ten seconds among the "
        "processes of the application's user.",
        "host.deploying",
    ),
    _field(
        "deploy_command",
        Type.STRING,
        "That command, by program and task alone; empty where there is none.",
        'host.deploy_command like "rails db:*"',
    ),
    _field("uptime", Type.DURATION, "Since its boot, time in suspend included.", "host.uptime < 10m", attr="booted_at", clock=Clock.ENGINE),
    _field(
        "slept",
        Type.DURATION,
        "How long it has been suspended since its boot, all in all. A virtual machine that is only held from outside does not know of it.",
        "increase(host.slept, 10m) > 0",
    ),
)
