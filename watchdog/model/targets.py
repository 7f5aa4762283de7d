"""What can be acted on: a process, as more than a pid, so that it can't be another one; jobs that stand in Redis or in quarantine; and single things of a host, as a unit of systemd."""

from enum import StrEnum
from typing import Final

import msgspec


class TargetKind(StrEnum):
    """What an action is for. A process is walked through the stages of its end, jobs are moved, and to everything else one thing is done."""

    PROCESS = "process"
    JOBS = "jobs"
    UNIT = "unit"
    COMMAND = "command"
    CHILD = "child"
    TEMPLATE = "template"
    PEER = "peer"


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


class Among(StrEnum):
    """Where jobs are looked for that are to be moved."""

    RETRIES = "retries"
    WAITING = "waiting"
    """Among the retries, the scheduled jobs and in the queues."""
    QUARANTINE = "quarantine"


class JobsRef(msgspec.Struct, frozen=True, kw_only=True):
    """
    Jobs that stand somewhere, by what they have in common.

    `name` is what cooldowns are kept under. What is empty or 0 is not asked, and all of the rest must hold: `kind`, `status` and `domain` as
    `retry_group` and `domain` tell them, `failing_for` milliseconds since the first failure, at least; `rule` is the one that took them out. Of those that
    fit at most `cap` are meant, the oldest.
    """

    name: str
    among: Among
    jid: str = ""
    job_class: str = ""
    queue: str = ""
    domain: str = ""
    kind: str = ""
    status: int = 0
    failing_for: int = 0
    rule: str = ""
    cap: int = 1


class UnitRef(msgspec.Struct, frozen=True, tag="unit"):
    """A unit of systemd on this host; `name` is what cooldowns are kept under, `host/unit`, as for the processes that run in it."""

    name: str
    host: str
    unit: str


class CommandRef(msgspec.Struct, frozen=True, tag="command"):
    """
    A named command with its values, by name of the argument, to be run on this host.

    `name` is what cooldowns are kept under: `host/command NAME VALUE…`; whatever the values are, it can be shown.
    """

    name: str
    host: str
    command: str
    values: dict[str, str]


class ChildRef(msgspec.Struct, frozen=True, tag="child"):
    """
    A child of a Sidekiq process of this host: a program that a job has started.

    `name` is what cooldowns and budgets are kept under, and outlives both: `host/unit child PROGRAM`. `start_ticks` (clock ticks since the boot) with `pid` is
    unique in the boot of its process; `called` the name of its program, at most 15 letters and no arguments.
    """

    name: str
    process: ProcessRef
    pid: int
    start_ticks: int
    called: str

    @property
    def host(self) -> str:
        """Where it runs."""
        return self.process.host


class PeerRef(msgspec.Struct, frozen=True, tag="peer"):
    """
    Another server of the fediverse, by its host name `peer`, about which our own Mastodon is told something.

    `name` is what cooldowns are kept under: `server PEER`. `host` is where the agent runs that tells it.
    """

    name: str
    host: str
    peer: str


Thing = UnitRef | CommandRef | ChildRef | PeerRef
"""What something single is done to. Every kind of it has a `name`, under which cooldowns are kept, and the `host` that it is on."""


APART: Final = frozenset({TargetKind.COMMAND, TargetKind.PEER})
"""What is done to these touches no process: it counts into no budget of the host, keeps no repair waiting, and waits for none."""


def unit_of(thing: Thing | None) -> str:
    """The unit that it is; empty where it is none."""
    return thing.unit if isinstance(thing, UnitRef) else ""
