"""What can be acted on: a process, as more than a pid, so that it can't be another one; and what can be done to it or to its unit."""

from enum import StrEnum

import msgspec


class Signal(StrEnum):
    """The signals that the agent ever sends."""

    TERM = "TERM"
    KILL = "KILL"
    TSTP = "TSTP"
    TTIN = "TTIN"
    CONT = "CONT"


class Verb(StrEnum):
    """What the agent ever asks of systemd for a unit."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"


class ProcessRef(msgspec.Struct, frozen=True):
    """
    A process of this host.

    `name` is what cooldowns and budgets are kept under and outlives a restart: `host/unit`, or
    `host/tag[queues]` where there is no unit. `identity` is Sidekiq's and is that of this run only.
    `start_ticks` (clock ticks since the boot `boot_id`) with `pid` is unique for the kernel.
    """

    name: str
    identity: str
    host: str
    pid: int
    start_ticks: int
    boot_id: str
    tag: str = ""
    unit: str = ""


class Claim(msgspec.Struct, frozen=True):
    """
    What a Sidekiq process says of itself in Redis, as far as it helps to find it among local processes.

    `booted_at` is engine milliseconds of its first beat, by its own clock.
    """

    identity: str
    host: str
    pid: int
    tag: str
    version: str
    booted_at: int
