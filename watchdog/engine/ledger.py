"""
What the engine must never forget: frozen, plain data, written in the transaction of the event that changed it.

Times named `…_at` are engine milliseconds. They stay true over a restart of the agent; over a reboot
`rebase` moves them.
"""

from enum import StrEnum
from typing import Any, Final

import msgspec

from watchdog.engine.approvals import Approval
from watchdog.engine.armed import Arming
from watchdog.engine.deploys import Deploys
from watchdog.engine.doubt import Binding, Doubt
from watchdog.engine.earlier import lifted
from watchdog.engine.fleet import Fleet
from watchdog.engine.incidents import Deed, Edit, Playbook, Run
from watchdog.engine.order import Order
from watchdog.engine.routing.book import Book
from watchdog.engine.scaled import Scaled
from watchdog.engine.success import Success
from watchdog.engine.switches import Ack, Pause, Rearmed, Silence
from watchdog.engine.unit_past import UnitPast
from watchdog.engine.week import Week
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.targets import JobsRef, ProcessRef, Thing
from watchdog.model.verdicts import Decision, Mode


class Phase(StrEnum):
    """Where in its life an alert is; inactive ones are not kept, resolved ones end."""

    PENDING = "pending"
    FIRING = "firing"


class Alert(msgspec.Struct, frozen=True):
    """
    One rule on one entity.

    `counted` is the time for which the condition has been true (pending) or false (firing), up to
    `counted_at`; `counting` says that it goes on. `seen` is the row as it was when the alert fired, and `beat_at` the last beat of its
    process by then; `target` what its playbook is for, `acted` says that the playbook has come to its end.
    `withheld` are receivers that have been told of its cause instead (`engine/consequences.py`). `baseline` says that it was so when its rule began to act, and was not false since.
    `silenced` says that nobody was told that it fires, because somebody did not want to hear of it.
    """

    id: str
    rule: str
    kind: Kind
    entity: str
    phase: Phase
    since_at: int
    since_wall: int
    counted: int
    counted_at: int
    counting: bool
    severity: Severity
    notify: tuple[str, ...]
    title: str = ""
    target: str = ""
    acted: bool = False
    seen: dict[str, Any] = {}
    beat_at: int | None = None
    withheld: tuple[str, ...] = ()
    baseline: bool = False
    silenced: bool = False


class Request(msgspec.Struct, frozen=True):
    """
    Somebody wants an action: one for each (rule, target) as long as an alert of that rule on it fires.

    `process` is the id of the process in the world; for any other action it is empty, `jobs` or `thing` says on what, or `unreachable` why that can't be told, and `entity` who wants it. `alerts` are keys of the ledger's table. `decision`, `guard` and
    `reason` are the last answer. `playbook` is the id of the one whose next step it is, empty for the first step of a new one.
    """

    id: str
    rule: str
    action: str
    arguments: dict[str, int | float | bool | str]
    process: str
    target: str
    alerts: tuple[str, ...]
    created_at: int
    created_wall: int
    decision: Decision | None = None
    guard: str = ""
    reason: str = ""
    until: int | None = None
    playbook: str = ""
    jobs: JobsRef | None = None
    unreachable: str = ""
    entity: str = ""
    thing: Thing | None = None


class Strike(msgspec.Struct, frozen=True):
    """
    How often a job was caught in a wedge; `suspected` in a process that froze or was killed for want of memory, where nothing said which of its jobs did it.

    `crashed` is how often it was in one that somebody else ended, or that ended nobody knows why.
    `rule` is the one that caught it last, `job_class` its class, `work` the other name under which it is counted: those three under its jid alone.
    """

    count: int
    suspected: int
    last_at: int
    rule: str = ""
    job_class: str = ""
    work: str = ""
    crashed: int = 0


class Cooldown(msgspec.Struct, frozen=True):
    """The end of the last action on a target; `incident` is the playbook that it was a step of."""

    ended_at: int
    rule: str
    action: str
    incident: str = ""


class Spent(msgspec.Struct, frozen=True):
    """
    Something was done to a target, as a step of that incident; or an alert began to fire, and `incident` is its id.

    `by_command` says that a named command was run: it has ended no process and started none.
    """

    at: int
    rule: str
    incident: str
    by_command: bool = False


class Shadow(msgspec.Struct, frozen=True):
    """
    What dry-run has spent and assumed.

    `cured` holds `rule|target` until no alert of that rule on that target fires any more.
    """

    cooldowns: dict[str, Cooldown] = {}
    cured: dict[str, int] = {}
    spent: dict[str, tuple[Spent, ...]] = {}


class Loss(msgspec.Struct, frozen=True):
    """A source that can't be read."""

    code: str
    message: str
    since_at: int


class Ledger(msgspec.Struct, frozen=True):
    """
    All of it. `at` and `wall` are those of the last event that changed it. `strikes` are by jid, and by class and digest of the arguments; `spent` by target, `fired` by
    alert: each time at which it began to fire.

    `pauses`, `silences` (by id), `acks` and `rearmed` (by `rule|target`) are what people have said that holds for a time.
    `here` are the processes of this host that were last seen alive, by identity, while a rule waits for their end. `heard` are the commands of people, by id, with the UTC
    milliseconds at which each was. `deploys` are the signs of deployments, `success` by rule what has come of its incidents. `binding` is what all of it belongs to; with `doubt` nothing is done before a person has adopted it. `approvals` is what people were asked, by its id. `units` is, by name, what is remembered of units of this host. `scaled` are the units that
    the agent itself has stopped. `routing` is what people have been told of which alert.
    """

    seq: int = 0
    at: int = 0
    wall: int = 0
    boot_id: str = ""
    host: str = ""
    mode: Mode = Mode.OBSERVE
    alerts: dict[str, Alert] = {}
    requests: dict[str, Request] = {}
    runs: dict[str, Run] = {}
    edits: dict[str, Edit] = {}
    playbooks: dict[str, Playbook] = {}
    orders: dict[str, Order] = {}
    cooldowns: dict[str, Cooldown] = {}
    shadow: Shadow = Shadow()
    strikes: dict[str, Strike] = {}
    spent: dict[str, tuple[Spent, ...]] = {}
    fired: dict[str, tuple[Spent, ...]] = {}
    pauses: dict[str, Pause] = {}
    silences: dict[str, Silence] = {}
    acks: dict[str, Ack] = {}
    rearmed: dict[str, Rearmed] = {}
    lost: dict[str, Loss] = {}
    here: dict[str, ProcessRef] = {}
    heard: dict[str, int] = {}
    deploys: Deploys = Deploys()
    arming: Arming = Arming()
    week: Week = Week()
    success: dict[str, Success] = {}
    binding: Binding = Binding()
    doubt: Doubt | None = None
    approvals: dict[str, Approval] = {}
    fleet: Fleet = Fleet()
    scaled: Scaled = Scaled()
    deeds: dict[str, Deed] = {}
    units: dict[str, UnitPast] = {}
    routing: Book = Book()


TABLES_OF_TIMES: Final = ("marks", "cured")
"""Fields that are tables of engine times."""
READINGS: Final = "seen"
"""The field that holds readings by slot, whose names follow the same rule (`model.fields`)."""
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Ledger)


def encode(ledger: Ledger) -> bytes:
    """As bytes for the store."""
    return _ENCODER.encode(ledger)


def decode(data: bytes) -> Ledger:
    """From the store, also as an earlier version wrote it; raises `msgspec.DecodeError` or `msgspec.ValidationError` for anything that is not a ledger."""
    today = lifted(data)
    return _DECODER.decode(data if today is None else today)


def rebase(ledger: Ledger, shift: int) -> Ledger:
    """The same ledger with every engine time moved by `shift` milliseconds: engine time starts anew at a boot."""
    moved: Ledger = _moved(ledger, shift)
    return moved


def _moved(value: Any, shift: int) -> Any:
    """By the names of fields, and never by the keys of a table: those are names of other people's things, and may be called anything."""
    match value:
        case msgspec.Struct():
            return msgspec.structs.replace(value, **{name: _field(name, getattr(value, name), shift) for name in value.__struct_fields__})
        case dict():
            return {key: _moved(inner, shift) for key, inner in value.items()}
        case tuple():
            return tuple(_moved(inner, shift) for inner in value)
    return value


def _field(name: str, value: Any, shift: int) -> Any:
    if name in TABLES_OF_TIMES:
        return {key: at + shift for key, at in value.items()}
    if name == READINGS and isinstance(value, dict):
        return {slot: _field(slot, reading, shift) for slot, reading in value.items()}
    if is_engine_time(name) and isinstance(value, int):
        return value + shift
    return _moved(value, shift)


def is_engine_time(name: str) -> bool:
    """Whether a field of that name holds one."""
    return name.endswith("_at") or name in ("at", "until")
