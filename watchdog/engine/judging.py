"""From readings and changes to alerts: evaluates the rules on one entity and moves their alerts on."""

from collections.abc import Mapping
from typing import Any

import msgspec

from watchdog.engine import acknowledging, arming, departed
from watchdog.engine.alerts import Change, Outcome, Truth, advance_alert
from watchdog.engine.consequences import tell_what_remains
from watchdog.engine.counted import is_counted
from watchdog.engine.deadlines import earlier
from watchdog.engine.departure import Departure
from watchdog.engine.judged_by import readings_of
from watchdog.engine.ledger import Alert, Phase, Spent
from watchdog.engine.moved import Moved, concerns
from watchdog.engine.news import Seen
from watchdog.engine.requests import alert_over, want
from watchdog.engine.routing import telling
from watchdog.engine.rules import Rule
from watchdog.engine.spending import A_DAY, with_one
from watchdog.engine.targeting import truth_of
from watchdog.engine.turn import Turn
from watchdog.engine.whats_next import after_firing
from watchdog.model.delivery import listed_by
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.notices import NoticeKind
from watchdog.model.rows import Row


def judge_entity(turn: Turn, kind: Kind, entity: str, moved: Moved = None) -> None:
    """Evaluates every rule for that kind on this entity that what has moved of it can concern, and notes when it must be looked at again."""
    world = turn.world
    rules = turn.rules.by_kind[kind]
    if not (rules or kind in world.demanding) or (row := world.rows[kind].get(entity)) is None:
        return
    if moved is not None and _stays_as_it_is(turn, row, moved):
        return
    at = turn.at
    ledger = turn.ledger
    lost = ledger.lost
    # What one rule does to its alert begins or ends none of another.
    is_busy = bool(ledger.arming.unknown or (ledger.alerts and entity in world.alerted.entities(ledger.alerts)))
    notes = turn.notes
    engine: int | None = None
    beat: int | None = None
    meant = turn.rules.meant[kind].of(row)
    for rule in rules if is_busy else meant.them:
        condition = rule.condition
        holds = None if lost and any(source in lost for source in condition.rests_on(entity)) else condition.holds(row, at, notes)
        if holds or is_busy:
            engine = earlier(engine, _move(turn, rule, row, Truth.UNKNOWN if holds is None else Truth.TRUE if holds else Truth.FALSE))
    for horizon in meant.horizons:
        deadline = horizon(row, at, notes)
        # Written out: this is done for every rule on every change of every beat.
        if (due := deadline.engine) is not None and (engine is None or due < engine):
            engine = due
        if (due := deadline.beat) is not None and (beat is None or due < beat):
            beat = due
    if notes.read or (kind, entity) in world.watchers.resting:
        world.watchers.set((kind, entity), notes.read)
        notes.read = {}
    world.schedule(row, engine=engine, beat=beat, now=at)


def _stays_as_it_is(turn: Turn, row: Row, moved: Mapping[str, Any]) -> bool:
    """
    Whether nothing rests on what has moved but rules that it leaves as they were, which are not true: most of what is read concerns nobody.

    When the entity must be looked at again stays what it was, too.
    """
    rules, ledger, kind = turn.rules, turn.ledger, row.kind
    if concerns(rules.bound, kind, moved) or concerns(turn.world.reads.timed, kind, moved):
        return False
    if ledger.arming.unknown or (ledger.alerts and row.id in turn.world.alerted.entities(ledger.alerts)):
        return False
    at, world = turn.at, turn.world
    return not any(rule.condition.holds(row, at, world) for rule in rules.alone[kind] if not rule.condition.reads.isdisjoint(moved))


def judge_all(turn: Turn) -> None:
    """The same for everything in the picture: after a start, a reload, or a source that came back."""
    for kind, entity in list(turn.world.subjects()):
        judge_entity(turn, kind, entity)
    for key, alert in list(turn.ledger.alerts.items()):
        if (rule := turn.rule.get(alert.rule)) is not None and rule.on is not None:
            fade(turn, key)


def tell(turn: Turn, seen: Seen) -> None:
    """A change: every rule that waits for it fires at once, and is over when its time to keep firing is."""
    change, row = seen.change, seen.row
    for rule in turn.rules.by_change[change.name]:
        if not rule.condition.holds(row, turn.at, turn.world):
            continue
        key = _key(rule, change.id)
        alert = turn.ledger.alerts.get(key)
        if alert is None:
            fired = advance_alert(_fresh(turn, rule, row), Truth.TRUE, at=turn.at, wall=turn.wall, hold=0, keep_firing=0, born=True)
            _apply(turn, key, rule, None, fired, row=row)
            if departed.is_for_the_dead(rule):
                departed.want(turn, key, rule, seen)
        else:
            _apply(turn, key, rule, alert, _step(turn, rule, alert, Truth.TRUE))
        fade(turn, key)


def fade(turn: Turn, key: str) -> None:
    """The alert of a change is on its way out from the moment at which it fired; it does not matter whether its entity is still there."""
    alert = turn.ledger.alerts.get(key)
    rule = turn.rule.get(alert.rule) if alert is not None else None
    if alert is None or rule is None or rule.on is None:
        return
    outcome = _step(turn, rule, alert, Truth.FALSE)
    turn.world.echoes.set(key, outcome.due)
    _apply(turn, key, rule, alert, outcome, why="it is no longer news")


def blind_alerts(turn: Turn) -> None:
    """A source was lost: what rests on it is unknown from now on, without looking at a single entity."""
    for key, alert in list(turn.ledger.alerts.items()):
        rule = turn.rule.get(alert.rule)
        if (
            rule is not None
            and rule.on is None
            and truth_of(turn, rule, turn.world.find(alert.kind, alert.entity)) in (Truth.UNKNOWN, Truth.GONE)
        ):
            _apply(turn, key, rule, alert, _step(turn, rule, alert, Truth.UNKNOWN))


def bury(turn: Turn, departure: Departure) -> None:
    """An entity has left: its alerts end, and say why."""
    if not turn.ledger.alerts and not turn.ledger.arming.unknown:
        return
    for rule in turn.rules.by_kind[departure.kind]:
        if turn.ledger.arming.unknown:
            arming.known(turn, rule, departure.id)
        key = _key(rule, departure.id)
        if (alert := turn.ledger.alerts.get(key)) is not None:
            _apply(turn, key, rule, alert, _step(turn, rule, alert, Truth.GONE), why=departure.reason)


def drop_ruleless(turn: Turn) -> None:
    """Ends the alerts of rules that are no longer in force, or look at another kind of entity now."""
    for key, alert in list(turn.ledger.alerts.items()):
        rule = turn.rule.get(alert.rule)
        if rule is None or rule.each is not alert.kind:
            _tell_resolved(turn, alert, "its rule is no longer in force")
            turn.put_alert(key, None)
            alert_over(turn, alert)


def drop_orphans(turn: Turn, why: str) -> None:
    """Ends the alerts of entities that are no longer there, of the kinds of which it is known who is."""
    for key, alert in list(turn.ledger.alerts.items()):
        rule = turn.rule.get(alert.rule)
        is_known = listed_by(alert.kind) in turn.world.complete and is_counted(turn.world, alert.kind)
        if rule is not None and rule.on is None and is_known and turn.world.find(alert.kind, alert.entity) is None:
            _apply(turn, key, rule, alert, _step(turn, rule, alert, Truth.GONE), why=why)


def freeze_timers(turn: Turn, at: int) -> None:
    """The agent was away since `at`: that time counts for nothing."""
    for key, alert in list(turn.ledger.alerts.items()):
        outcome = advance_alert(alert, Truth.UNKNOWN, at=at, wall=turn.wall, hold=0, keep_firing=0)
        turn.put_alert(key, outcome.alert)


def _move(turn: Turn, rule: Rule, row: Row, truth: Truth) -> int | None:
    key = _key(rule, row.id)
    alert = turn.ledger.alerts.get(key)
    if alert is None:
        if truth is not Truth.TRUE:
            if truth is Truth.FALSE and turn.ledger.arming.unknown:
                arming.known(turn, rule, row.id)
            return None
        outcome = advance_alert(
            _fresh(turn, rule, row), truth, at=turn.at, wall=turn.wall, hold=rule.hold, keep_firing=rule.keep_firing, born=True
        )
        _apply(turn, key, rule, None, outcome)
        arming.known(turn, rule, row.id)
        return outcome.due
    outcome = _step(turn, rule, alert, truth)
    _apply(turn, key, rule, alert, outcome)
    return outcome.due


def _fresh(turn: Turn, rule: Rule, row: Row) -> Alert:
    return Alert(
        id=turn.id(), rule=rule.name, kind=row.kind, entity=row.id, phase=Phase.PENDING, since_at=turn.at, since_wall=turn.wall, counted=0,
        counted_at=turn.at, counting=False, severity=rule.severity, notify=rule.notify,
        baseline=rule.on is None and arming.was_so(turn.ledger, rule, row.id),
    )  # fmt: skip


def _step(turn: Turn, rule: Rule, alert: Alert, truth: Truth) -> Outcome:
    if arming.really_false(rule, alert, truth):
        alert = msgspec.structs.replace(alert, baseline=False)
    return advance_alert(alert, truth, at=turn.at, wall=turn.wall, hold=rule.hold, keep_firing=rule.keep_firing)


def _apply(turn: Turn, key: str, rule: Rule, before: Alert | None, outcome: Outcome, *, why: str = "", row: Row | None = None) -> None:
    if outcome.alert is not before:
        turn.put_alert(key, outcome.alert)
    match outcome.change:
        case Change.FIRED:
            assert outcome.alert is not None  # an alert that fires is kept
            _tell_fired(turn, key, rule, outcome.alert, row or turn.world.find(outcome.alert.kind, outcome.alert.entity))
        case Change.RESOLVED:
            assert before is not None  # only what fired can be resolved
            _tell_resolved(turn, before, why or "the condition no longer holds")
            alert_over(turn, before)
        case None:
            pass


def _tell_fired(turn: Turn, key: str, rule: Rule, alert: Alert, row: Row | None) -> None:
    # As it comes back from the ledger, which knows lists only.
    seen = {slot: list(value) if isinstance(value, tuple) else value for slot, value in (row.as_plain() if row is not None else {}).items()}
    title = (
        rule.summary.render(row, turn.at, turn.world)
        if rule.summary is not None and row is not None
        else f"{rule.name}: {_describe(row, alert.entity)}"
    )
    home = row.home if row is not None else MISSING
    beat_at = home.confirmed_at if home is not MISSING and home.confirmed_at is not MISSING else None
    alert = telling.fired(turn, key, rule, msgspec.structs.replace(alert, title=title, seen=seen, beat_at=beat_at), row)
    turn.put_alert(key, alert)
    if rule.steps and alert.kind is not Kind.JOB:
        # Only what is acted upon, and what can come again: a job never does.
        fired = with_one(turn.ledger.fired, key, Spent(turn.at, rule.name, alert.id), kept_for=A_DAY)
        turn.set(fired=fired)
    readings = readings_of(rule, row, turn.at, turn.world)
    judged = {"thread": alert.id, "severity": rule.severity.value, **({"seen": "; ".join(readings)} if readings else {})}
    turn.audit(
        "alert", rule=rule.name, entity=alert.entity, outcome="firing", reason=title, detail={**telling.account(turn, alert), **judged}
    )
    turn.notify(
        () if alert.silenced else alert.notify,
        thread=alert.id,
        kind=NoticeKind.FIRING,
        severity=rule.severity,
        title=title,
        rule=rule.name,
        entity=alert.entity,
        seen=readings,
        next=after_firing(rule, arming.mode_of(turn, rule)),
    )
    want(turn, key, rule)


def _tell_resolved(turn: Turn, alert: Alert, why: str) -> None:
    if alert.phase is not Phase.FIRING:
        return
    lasted = (turn.at - alert.since_at) // 1000
    turn.audit("alert", rule=alert.rule, entity=alert.entity, outcome="resolved", reason=why, target=alert.target)
    turn.notify(
        () if alert.silenced else alert.notify, thread=alert.id, kind=NoticeKind.RESOLVED, severity=alert.severity, title=f"resolved after {lasted} s: {alert.title}",
        rule=alert.rule, entity=alert.entity, target=alert.target, reason=why, since=alert.since_wall,
    )  # fmt: skip
    telling.over(turn, alert)
    tell_what_remains(turn, alert)
    acknowledging.alert_over(turn, alert)


def _describe(row: Any, entity: str) -> str:
    if row is None or row.kind is not Kind.JOB:
        return entity
    named = [row.job_class, row.jid, f"on {row.queue}" if row.queue is not MISSING else MISSING]
    return " ".join(str(part) for part in named if part is not MISSING) or entity


def _key(rule: Rule, entity: str) -> str:
    return f"{rule.name}|{entity}"
