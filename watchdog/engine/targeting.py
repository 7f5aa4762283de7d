"""From an alert to the process, the jobs or the single thing that a step is for, and from there to what a guard is shown."""

from typing import Final

from watchdog.engine.alerts import Truth
from watchdog.engine.approved import approval_for
from watchdog.engine.guards.view import View
from watchdog.engine.leading import led_elsewhere
from watchdog.engine.ledger import Alert, Cooldown, Ledger, Phase, Request
from watchdog.engine.load import rests_on_load
from watchdog.engine.reaching import Target, find_target
from watchdog.engine.rules import Rule, Step
from watchdog.engine.scaling.aiming import to_go, why_not
from watchdog.engine.selecting import choose, runs_in
from watchdog.engine.sparing import can_be_interrupted
from watchdog.engine.spending import both
from watchdog.engine.things import FINDERS
from watchdog.engine.turn import Turn
from watchdog.model.actions import acts_on
from watchdog.model.actions_on_templates import SCALE_IN
from watchdog.model.changes import BY_NAME
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Counted, Look, Sight
from watchdog.model.rows import Row
from watchdog.model.targets import Signal, TargetKind
from watchdog.model.verdicts import Mode

REACH: Final = {
    TargetKind.PROCESS: Source.HOST,
    TargetKind.JOBS: Source.REDIS,
    TargetKind.UNIT: Source.SYSTEMD,
    TargetKind.COMMAND: Source.SYSTEMD,
    TargetKind.CHILD: Source.HOST,
    TargetKind.TEMPLATE: Source.SYSTEMD,
    TargetKind.PEER: Source.MASTODON_API,
}
"""Kind of target → what must be read to reach it."""
ALSO: Final = {SCALE_IN: (Source.SYSTEMD,)}
"""Action → what must be read besides: which instances run."""


def target_of(turn: Turn, step: Step, row: Row | None, *, unit: str = "") -> Target:
    """What the step is for, seen from that row; `unit` is the one that an earlier step of its incident was for."""
    kind = acts_on(step.action)
    if kind is TargetKind.JOBS:
        chosen = choose(step, row)
        return Target("", chosen.name, None, chosen.unreachable, chosen.jobs)
    if kind in FINDERS:
        found = FINDERS[kind](turn, step, row, unit)
        return Target("", found.name, None, found.unreachable, thing=found.thing)
    if step.action == SCALE_IN:
        template, choice = to_go(turn.world, step, row)
        return (
            find_target(turn.world, choice.process)
            if choice.process
            else Target("", f"{turn.ledger.host}/{template}", None, choice.why_none)
        )
    return find_target(turn.world, (step.target.find(row) if row is not None and step.target is not None else None) or "")


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
    """The id of the process that the first step means, seen from that alert's entity; None where nothing tells, or where it means no process."""
    row, target = _row_of(turn, key), rule.steps[0].target
    if rule.steps[0].action == SCALE_IN:
        return to_go(turn.world, rule.steps[0], row)[1].process or None
    return target.find(row) if row is not None and target is not None and acts_on(rule.steps[0].action) is TargetKind.PROCESS else None


def first_target(turn: Turn, rule: Rule, key: str) -> Target:
    """What the first step is for, seen from that alert's entity."""
    return target_of(turn, rule.steps[0], _row_of(turn, key))


def _row_of(turn: Turn, key: str) -> Row | None:
    alert = turn.ledger.alerts.get(key)
    return turn.world.find(alert.kind, alert.entity) if alert is not None else None


def about(turn: Turn, rule: Rule, request: Request) -> tuple[str, ...]:
    """
    Those of the request's alerts that are about the very process it is for; of everything else, those that mean the same.

    Processes without a unit can share a name, and so a request: one of them must not be ended for what another does.
    """
    if acts_on(request.action) is not TargetKind.PROCESS:
        return tuple(key for key in request.alerts if first_target(turn, rule, key).name == request.target)
    return tuple(key for key in request.alerts if process_of(turn, rule, key) == request.process)


def holds(turn: Turn, rule: Rule, alerts: tuple[str, ...]) -> bool:
    """Whether the condition is true at this moment of at least one of these alerts' entities."""
    open_alerts = (turn.ledger.alerts.get(key) for key in alerts)
    return any(truth_of(turn, rule, turn.world.find(alert.kind, alert.entity)) is Truth.TRUE for alert in open_alerts if alert is not None)


def firing(turn: Turn, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the alerts that fire."""
    alerts = turn.ledger.alerts
    return tuple(key for key in keys if key in alerts and alerts[key].phase is Phase.FIRING)


def request_view(
    turn: Turn,
    rule: Rule,
    request: Request,
    *,
    signal: Signal | None,
    mode: Mode,
    look: Sight | None,
    departed: Target | None = None,
) -> View:
    """
    What the guards are shown before anything has been done.

    `look` is what was found when it was looked at, or counted; `departed` is a target that is in no picture any more.
    """
    kind = acts_on(request.action)
    target = (
        Target("", request.target, None, request.unreachable)
        if kind is not TargetKind.PROCESS
        else departed or find_target(turn.world, request.process)
    )
    if request.action == SCALE_IN and (why := why_not(turn.world, request.target, request.process, request.arguments)):
        target = Target(request.process, request.target, None, why)
    ledger = turn.ledger
    row = turn.world.find(Kind.PROCESS, request.process)
    return View(
        at=turn.at,
        subject=request.id,
        incident=request.playbook,
        rule=rule.name,
        target=request.target,
        process=request.process,
        ref=target.ref,
        unreachable=target.unreachable,
        sources=sources_of(rule, REACH[kind], *ALSO.get(request.action, ())),
        settings=rule.guards,
        signal=signal,
        # What has been begun is brought to its end: its first step may have made an end of the condition.
        holds=bool(request.playbook) or departed is not None or holds(turn, rule, about(turn, rule, request)),
        look=look if isinstance(look, Look) else None,
        committed=False,
        ledger=ledger,
        held=turn.held(),
        sick=turn.sick(),
        cooldowns=_with_shadow(ledger) if mode is Mode.DRY_RUN else ledger.cooldowns,
        world=turn.world,
        of_the_dead=departed is not None,
        rests_on_load=rests_on_load(rule),
        wall=turn.wall,
        alerts=request.alerts,
        spent=both(ledger.spent, ledger.shadow.spent) if mode is Mode.DRY_RUN else ledger.spent,
        interrupts=row is None or can_be_interrupted(row, turn.at),
        about=kind,
        jobs=request.jobs,
        counted=look if isinstance(look, Counted) else None,
        runs_in=runs_in(turn.world, request.jobs) if request.jobs is not None else "",
        led=led_elsewhere(turn),
        approval=None if departed is not None else approval_for(ledger, request, target.ref),
        action=request.action,
        arguments=request.arguments,
        thing=request.thing,
        sight=look,
    )


def sources_of(rule: Rule, *reach: Source) -> tuple[Source, ...]:
    """What an action of this rule rests on: its condition or its change, and what must reach the target."""
    change = () if rule.on is None else (BY_NAME[rule.on].source,)
    return tuple(sorted({*rule.condition.sources, *change, *(reach or (Source.HOST,))}))


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
