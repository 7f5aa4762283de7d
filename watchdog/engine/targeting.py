"""From an alert to the process that a step is for, and from there to what a guard is shown."""

from typing import Any

import msgspec

from watchdog.engine.alerts import Truth
from watchdog.engine.guards.view import View
from watchdog.engine.ledger import Alert, Cooldown, Ledger, Phase, Request
from watchdog.engine.rules import Rule
from watchdog.engine.turn import Turn
from watchdog.engine.world import World
from watchdog.model.changes import BY_NAME
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.results import Look
from watchdog.model.rows import Row
from watchdog.model.targets import ProcessRef, Signal
from watchdog.model.verdicts import Mode


class Target(msgspec.Struct, frozen=True):
    """
    The process that a step is for: its id in the world, the name under which cooldowns are kept, and how to reach it.

    Without `ref` it can't be signalled from here; `unreachable` says why.
    """

    process: str
    name: str
    ref: ProcessRef | None
    unreachable: str = ""


def find_target(world: World, process: str) -> Target:
    """What is known of the process with that id."""
    row: Any = world.find(Kind.PROCESS, process)
    if row is None:
        return Target(process, process, None, "the process is no longer known" if process else "no process is known for it")
    name = name_of(row)
    if row.local is MISSING:
        return Target(process, name, None, "it has not been found among the processes of this host")
    if not row.local:
        return Target(process, name, None, row.mismatch if row.mismatch is not MISSING else "it is not a process of this host")
    if any(value is MISSING for value in (row.host, row.pid, row.start_ticks, row.boot_id)):
        return Target(process, name, None, "its start is not known")
    if not _text(row.unit) and row.queues is MISSING:
        return Target(process, name, None, "its queues are not known, so cooldowns can't be kept for it")
    ref = ProcessRef(name, row.id, row.host, row.pid, row.start_ticks, row.boot_id, _text(row.tag), _text(row.unit))
    return Target(process, name, ref)


def name_of(row: Any) -> str:
    """The name under which cooldowns and budgets of this process are kept; the same after its restart."""
    host = _text(row.host) or row.id
    if unit := _text(row.unit):
        return f"{host}/{unit}"
    queues = "" if row.queues is MISSING else ",".join(sorted(row.queues))
    return f"{host}/{_text(row.tag)}[{queues}]"


def truth_of(turn: Turn, rule: Rule, row: Row | None) -> Truth:
    """What the rule's condition says of the row now; a source that can't be read makes it unknown."""
    if row is None:
        return Truth.GONE
    lost = turn.ledger.lost
    if lost and any(source in lost for source in rule.condition.rests_on(row.id)):
        return Truth.UNKNOWN
    holds = rule.condition.holds(row, turn.at, turn.world)
    if holds is None:
        return Truth.UNKNOWN
    return Truth.TRUE if holds else Truth.FALSE


def process_of(turn: Turn, rule: Rule, key: str) -> str | None:
    """The id of the process that the first step means, seen from that alert's entity; None where nothing tells."""
    alert = turn.ledger.alerts.get(key)
    row = turn.world.find(alert.kind, alert.entity) if alert is not None else None
    return rule.steps[0].target.find(row) if row is not None else None


def about(turn: Turn, rule: Rule, request: Request) -> tuple[str, ...]:
    """
    Those of the request's alerts that are about the very process it is for.

    Processes without a unit can share a name, and so a request: one of them must not be ended for what another does.
    """
    return tuple(key for key in request.alerts if process_of(turn, rule, key) == request.process)


def holds(turn: Turn, rule: Rule, alerts: tuple[str, ...]) -> bool:
    """Whether the condition is true at this moment of at least one of these alerts' entities."""
    open_alerts = (turn.ledger.alerts.get(key) for key in alerts)
    return any(truth_of(turn, rule, turn.world.find(alert.kind, alert.entity)) is Truth.TRUE for alert in open_alerts if alert is not None)


def firing(turn: Turn, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the alerts that fire."""
    alerts = turn.ledger.alerts
    return tuple(key for key in keys if key in alerts and alerts[key].phase is Phase.FIRING)


def request_view(turn: Turn, rule: Rule, request: Request, *, signal: Signal, mode: Mode, look: Look | None) -> View:
    """What the guards are shown before anything has been done."""
    target = find_target(turn.world, request.process)
    ledger = turn.ledger
    return View(
        at=turn.at,
        subject=request.id,
        incident=request.playbook,
        rule=rule.name,
        target=request.target,
        process=request.process,
        ref=target.ref,
        unreachable=target.unreachable,
        sources=sources_of(rule),
        settings=rule.guards,
        signal=signal,
        # What has been begun is brought to its end: its first step may have made an end of the condition.
        holds=bool(request.playbook) or holds(turn, rule, about(turn, rule, request)),
        look=look,
        committed=False,
        ledger=ledger,
        held=turn.held(),
        sick=turn.sick(),
        cooldowns=_with_shadow(ledger) if mode is Mode.DRY_RUN else ledger.cooldowns,
        world=turn.world,
    )


def sources_of(rule: Rule) -> tuple[Source, ...]:
    """What an action of this rule rests on: its condition or its change, and the host that must reach the target."""
    change = () if rule.on is None else (BY_NAME[rule.on].source,)
    return tuple(sorted({*rule.condition.sources, *change, Source.HOST}))


def shadow_key(alert_or_request: Alert | Request) -> str:
    """Under which dry-run notes that it took the target to be cured."""
    return f"{alert_or_request.rule}|{alert_or_request.target}"


def _with_shadow(ledger: Ledger) -> dict[str, Cooldown]:
    """Of a real action and one that dry-run left out the later one counts: an old assumption must not hide what was done since."""
    assumed = {
        name: one
        for name, one in ledger.shadow.cooldowns.items()
        if name not in ledger.cooldowns or ledger.cooldowns[name].ended_at < one.ended_at
    }
    return {**ledger.cooldowns, **assumed}


def _text(value: Any) -> str:
    return "" if value is MISSING else str(value)
