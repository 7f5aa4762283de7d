"""
What the agent says of itself, as those read it who show it: `status`, `top` and the page.

The counterpart of `daemon.status` and `engine.status`, which write it. Whatever is absent has a default, and whatever is new is
passed over, so that the command of one version can show the picture of another. Durations are milliseconds.
"""

import msgspec

from watchdog.errors import WatchdogError
from watchdog.picture.doors import Door
from watchdog.picture.other_servers import OtherServers
from watchdog.picture.receivers import Box, Receiver
from watchdog.picture.told import Telling


class UnreadablePictureError(WatchdogError):
    """These bytes are no picture of an agent."""


class Refused(msgspec.Struct, frozen=True):
    """A reload that was refused, when (UTC milliseconds) and for which mistake: what is in force is older than the files."""

    at: int = 0
    why: str = ""


class Agent(msgspec.Struct, frozen=True):
    """The agent itself; `started` and `at` (when the picture was made) are UTC milliseconds, `failing` what keeps it from writing."""

    pid: int = 0
    version: str = "?"
    host: str = "?"
    started: int = 0
    at: int = 0
    failing: str = ""


class Pause(msgspec.Struct, frozen=True):
    """Who stopped all actions, or those of a rule or on a target, and why; `until_ms` is milliseconds from then, None for no end."""

    by: str = "?"
    reason: str = ""
    source: str = ""
    rule: str = ""
    target: str = ""
    until_ms: int | None = None


class Silence(msgspec.Struct, frozen=True):
    """Alerts that nobody is told of."""

    id: str = "?"
    by: str = "?"
    reason: str = ""
    matches: str = ""
    until_ms: int | None = None


class Ack(msgspec.Struct, frozen=True):
    """What somebody has seen."""

    by: str = "?"
    reason: str = ""
    rule: str = ""
    target: str = ""
    until_ms: int | None = None


class Demoted(msgspec.Struct, frozen=True):
    """A rule that only asks, because what it did has not helped."""

    rule: str = "?"
    since_ms: int = 0
    reason: str = ""


class Doubt(msgspec.Struct, frozen=True):
    """Why nothing is done before a person has adopted what the agent remembers, and which incidents wait for that."""

    reasons: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()


class Source(msgspec.Struct, frozen=True):
    """`since_ms`: how long it has been lost, or how long ago it was read."""

    ok: bool
    code: str = ""
    message: str = ""
    since_ms: int | None = None


class Totals(msgspec.Struct, frozen=True):
    """Sidekiq as a whole."""

    processes: int | None = None
    enqueued: int | None = None
    retries: int | None = None
    scheduled: int | None = None
    dead: int | None = None


class Queue(msgspec.Struct, frozen=True):
    """One queue."""

    name: str | None = None
    size: int | None = None
    latency: int | None = None
    threads: int | None = None
    listeners: int | None = None
    busy: int | None = None
    paused: bool | None = None


class Process(msgspec.Struct, frozen=True):
    """One Sidekiq process; None where no source has said."""

    id: str = ""
    host: str | None = None
    unit: str | None = None
    target: str = ""
    pid: int | None = None
    queues: tuple[str, ...] | None = None
    threads: int | None = None
    busy: int | None = None
    quiet: bool | None = None
    local: bool | None = None
    alive: bool | None = None
    mismatch: str | None = None
    rss: int | None = None
    cpu: float | None = None
    stopped: bool | None = None
    traced: bool | None = None
    beat_age: int | None = None
    longest: int | None = None


class Unit(msgspec.Struct, frozen=True):
    """One service of systemd; None where systemd has not said."""

    name: str = ""
    state: str | None = None
    sub_state: str | None = None
    since_ms: int | None = None
    result: str | None = None
    restarts: int | None = None
    processes: int | None = None
    stop_timeout: int | None = None
    sidekiq_timeout: int | None = None
    job: str | None = None
    reload_needed: bool | None = None
    file_state: str | None = None


class Check(msgspec.Struct, frozen=True):
    """What the config declares besides Sidekiq; `ok` is None before it is known, `problem` of the last try alone."""

    name: str = "?"
    type: str = "?"
    ok: bool | None = None
    latency: int | None = None
    problem: str | None = None
    failed_ms: int | None = None


class Alert(msgspec.Struct, frozen=True):
    """One rule on one entity."""

    rule: str
    entity: str
    phase: str
    for_ms: int = 0
    title: str = ""
    severity: str = ""
    telling: Telling | None = None


class Request(msgspec.Struct, frozen=True):
    """What somebody wants done, and the last answer to it."""

    rule: str
    target: str
    action: str = ""
    decision: str | None = None
    guard: str = ""
    reason: str = ""
    until_ms: int | None = None
    repeated: int = 0


class Asked(msgspec.Struct, frozen=True):
    """What a person is asked."""

    id: str
    rule: str
    target: str
    action: str
    standing: str = "open"
    reasons: tuple[str, ...] = ()
    condition: str = ""
    seen: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    asked_ms: int = 0
    left_ms: int = 0
    needed: int = 1
    approved_by: tuple[str, ...] = ()
    settled: str = ""


class Incident(msgspec.Struct, frozen=True):
    """An action on its way; by its `id` people speak of it."""

    rule: str
    target: str
    id: str = ""
    pid: int | None = None
    action: str = ""
    stage: str = ""
    held: str = ""
    account: tuple[str, ...] = ()


class Broken(msgspec.Struct, frozen=True):
    """Data in Redis that can't be understood."""

    key: str
    reason: str
    count: int = 1


class Looking(msgspec.Struct, frozen=True):
    """
    What looking at processes of this host costs: milliseconds of a core that the `last` look took, and how far looks are apart.

    `trouble` is why it can't be seen whether the application is being deployed.
    """

    processes: int = 0
    last: float = 0.0
    every: int = 0
    trouble: str = ""


class Budget(msgspec.Struct, frozen=True):
    """What Redis spends on the agent (`share` and `limit` of a core), and by how much the agent has backed off."""

    share: float = 0.0
    limit: float = 0.0
    backed_off: float = 1.0
    reread_within: int = 0
    commands_per_second: float = 0.0
    round_trips_per_second: float = 0.0


class Trace(msgspec.Struct, frozen=True):
    """What is recorded of what the agent saw: files, bytes, since when (UTC milliseconds); `failing` is why nothing is at present."""

    on: bool = False
    segments: int = 0
    size: int = 0
    since: int | None = None
    failing: str = ""
    gaps: int = 0
    missed: int = 0


class Locks(msgspec.Struct, frozen=True):
    """
    Locks of sidekiq-unique-jobs: how many there are, how many of the oldest were looked at, and of how many of those the job stands nowhere.

    `since` (UTC milliseconds) is that of the oldest of them, `trouble` why nothing was counted.
    """

    locks: int = 0
    looked_at: int = 0
    orphaned: int = 0
    since: int | None = None
    trouble: str = ""


class FleetAgent(msgspec.Struct, frozen=True):
    """An agent that says that it is there, as those do that may act."""

    host: str = ""
    version: str = ""
    mode: str = ""
    pid: int = 0
    since: int = 0


class Acting(msgspec.Struct, frozen=True):
    """Who holds the lock of the fleet, and for what; `since` is UTC milliseconds."""

    host: str = ""
    action: str = ""
    target: str = ""
    since: int = 0


class Fleet(msgspec.Struct, frozen=True):
    """The agents of all hosts that may act; `without` are hosts whose processes beat, and that have none, and `leads` is the host of the one that leads, if one does."""

    agents: tuple[FleetAgent, ...] = ()
    without: tuple[str, ...] = ()
    acts: Acting | None = None
    leads: str = ""


class Behind(msgspec.Struct, frozen=True):
    """Jobs that the probe of a process that is gone has left in Redis."""

    identity: str = ""
    host: str = ""
    strength: str = ""
    jobs: int = 0
    unreadable: int = 0


class Armed(msgspec.Struct, frozen=True):
    """A rule of which a person has said how far it goes; `goes` is what is left of it under the config, `file` what its file said, `since` UTC milliseconds."""

    rule: str
    mode: str
    goes: str = "?"
    file: str = "?"
    by: str = "?"
    reason: str = ""
    since: int = 0


class Picture(msgspec.Struct, frozen=True):
    """All of it."""

    agent: Agent = Agent()
    mode: str = "?"
    armed: tuple[Armed, ...] = ()
    rules: dict[str, str] = {}
    paused: Pause | None = None
    demoted: tuple[Demoted, ...] = ()
    doubt: Doubt | None = None
    pauses: tuple[Pause, ...] = ()
    silences: tuple[Silence, ...] = ()
    acks: tuple[Ack, ...] = ()
    sources: dict[str, Source] = {}
    entities: dict[str, int] = {}
    checks: tuple[Check, ...] | None = None
    sidekiq: Totals | None = None
    queues: tuple[Queue, ...] = ()
    processes: tuple[Process, ...] = ()
    units: tuple[Unit, ...] = ()
    units_absent: str = ""
    left_behind: tuple[Behind, ...] = ()
    firing: int = 0
    alerts: tuple[Alert, ...] = ()
    runbooks: dict[str, str] = {}
    """What a person does, by rule: of those that have an alert."""
    requests: tuple[Request, ...] = ()
    approvals: tuple[Asked, ...] = ()
    incidents: tuple[Incident, ...] = ()
    tracking: bool | None = None
    budget: Budget | None = None
    looking: Looking | None = None
    broken: tuple[Broken, ...] = ()
    outbox: dict[str, Box] = {}
    receivers: dict[str, Receiver] | None = None
    trace: Trace | None = None
    locks: Locks | None = None
    fleet: Fleet | None = None
    doors: dict[str, Door] = {}
    streams: int = 0
    refused: Refused | None = None
    other_servers: OtherServers | None = None

    @property
    def all_pauses(self) -> tuple[Pause, ...]:
        """Also that of an older agent, which knew of one alone."""
        return self.pauses or ((self.paused,) if self.paused is not None else ())

    @property
    def failing(self) -> tuple[str, ...]:
        """The declared checks that fail."""
        return tuple(check.name for check in self.checks or () if check.ok is False)

    @property
    def lost(self) -> tuple[str, ...]:
        """The sources that can't be read; one that has only just been begun is not lost."""
        return tuple(name for name, source in self.sources.items() if not source.ok and source.code != STARTING)


STARTING = "starting"
"""Code of a source that has not been read in full yet."""


def read_picture(data: bytes) -> Picture:
    """The picture in what the agent wrote. Raises `UnreadablePictureError`."""
    try:
        return msgspec.json.decode(data, type=Picture)
    except msgspec.MsgspecError as error:
        raise UnreadablePictureError(f"the agent's status can't be understood ({error}); was it written by another version?") from error
