"""
What is told of an alert, from its beginning to its end: who, by which route, or why nobody.

The counterpart of `judging`, which finds that it fires and that it is over, and of `reminding`, which says it again.
"""

from typing import Any

import msgspec

from watchdog.engine import silencing
from watchdog.engine.approvals import LIVE
from watchdog.engine.consequences import shared_out
from watchdog.engine.ledger import Alert, Phase
from watchdog.engine.routing import grouping, inhibiting, schedule
from watchdog.engine.routing.anew import in_todays_group
from watchdog.engine.routing.book import Telling
from watchdog.engine.routing.quiet import quiet_until
from watchdog.engine.routing.traits import traits_of
from watchdog.engine.rules import Rule
from watchdog.engine.switches import moment
from watchdog.engine.turn import Turn
from watchdog.model.notices import NoticeKind
from watchdog.model.rows import Row


def fired(turn: Turn, key: str, rule: Rule, alert: Alert, row: Row | None) -> Alert:
    """An alert that fires now, with those in `notify` who are told of it in this turn; nobody where it is silenced or hidden."""
    traits = traits_of(turn.world, turn.rule, alert)
    route, routed = turn.rules.routing.choose(traits)
    everyone = rule.notify or routed
    alert = silencing.noted(turn, shared_out(turn, msgspec.structs.replace(alert, notify=everyone)), row)
    slot = inhibiting.cause_of(turn, traits, alert.id)
    until = quiet_until(turn, route, rule.severity)
    group = grouping.join(turn, grouping.key_of(route, traits, alert.id) if until is None else grouping.key_of_night(until))
    telling = Telling(key, group, everyone, route.name, hidden=slot)
    if slot:
        inhibiting.hide(turn, slot)
        alert = msgspec.structs.replace(alert, notify=(), withheld=())
    elif everyone:
        telling = msgspec.structs.replace(telling, causes=inhibiting.become_cause(turn, key, rule.name, traits))
    if alert.notify and not alert.silenced:
        telling = schedule.begun(turn, telling, alert)
    schedule.put(turn, alert.id, telling)
    return alert


def account(turn: Turn, alert: Alert) -> dict[str, Any]:
    """For the audit row of an alert that fires: who is told by which route, or why nobody is."""
    telling = turn.ledger.routing.tellings[alert.id]
    found: dict[str, Any] = {}
    if telling.hidden:
        found["hidden_by"] = inhibiting.words(turn.ledger, telling.hidden)
    if alert.withheld:
        found["withheld"] = list(alert.withheld)
    if alert.silenced:
        found["silenced"] = True
    elif alert.notify:
        found["told"] = ", ".join(alert.notify)
        until = quiet_until(turn, turn.rules.routing.named(telling.route), alert.severity)
        if until is not None:
            found["quiet_until"] = moment(until)
    if not telling.notify:
        found["told"] = "nobody: neither its rule nor a route names a receiver"
    if telling.route:
        found["route"] = telling.route
    return found


def over(turn: Turn, alert: Alert) -> None:
    """An alert that fired is over, and that has been told: what was hidden for its sake alone is told now."""
    telling = turn.ledger.routing.tellings.get(alert.id)
    if telling is None or telling.over:
        return
    grouping.leave(turn, telling)
    freed = inhibiting.no_cause(turn, telling)
    if telling.hidden:
        inhibiting.unhide(turn, telling)
    schedule.put(turn, alert.id, msgspec.structs.replace(telling, over=True, causes=(), hidden="", remind_at=None, raise_at=None))
    turn.put_told("ended", alert.id, value=True)
    if freed:
        _show(turn, freed, f"{alert.rule} on {alert.entity}, which is over")


def load(turn: Turn) -> None:
    """
    Other routes and inhibitions may be in force: what fires already goes by them from now on, but stays in its group and with whoever was told.

    Where none of those is named any more, or nobody ever was, it is told to whom they name now: else nobody would hear of it until its end.
    """
    routing, audience = turn.rules.routing, frozenset(turn.rules.audience)
    _take_up(turn)
    turn.set(routing=msgspec.structs.replace(turn.ledger.routing, causes={}))
    firing = {
        thread: (telling, alert, traits_of(turn.world, turn.rule, alert))
        for thread, telling in turn.ledger.routing.tellings.items()
        if (alert := turn.ledger.alerts.get(telling.key)) is not None and alert.id == thread and not telling.over
    }
    others: dict[str, tuple[str, ...]] = {}
    for thread, (telling, alert, traits) in firing.items():
        route, routed = routing.choose(traits)
        everyone, rule = telling.notify, turn.rule.get(alert.rule)
        if rule is not None and audience.isdisjoint(everyone):
            others[thread] = rule.notify or routed
            everyone = (*everyone, *others[thread])
        slots = inhibiting.become_cause(turn, telling.key, alert.rule, traits) if not telling.hidden and everyone else ()
        turn.put_told("tellings", thread, msgspec.structs.replace(telling, route=route.name, notify=everyone, causes=slots))
    for thread, (telling, _, traits) in firing.items():
        if telling.hidden:
            _still(turn, thread, inhibiting.cause_of(turn, traits, thread), "an inhibition that is no longer in force")
        elif others.get(thread):
            _tell_others(turn, thread, others[thread])
    schedule.load(turn)
    schedule.rewind(turn.world, turn.ledger.routing)


def tidy(turn: Turn) -> None:
    """Forgets what is over, once nothing is being done about it any more."""
    if not turn.ledger.routing.ended:
        return
    busy = {one.thread for one in turn.ledger.playbooks.values()}
    busy.update(one.thread for one in turn.ledger.approvals.values() if one.standing in LIVE)
    for thread in [thread for thread in turn.ledger.routing.ended if thread not in busy]:
        turn.put_told("ended", thread, None)
        schedule.put(turn, thread, None)


def _take_up(turn: Turn) -> None:
    """What an earlier version has told of, that kept no book of it, counts as told now."""
    for key, alert in turn.ledger.alerts.items():
        if alert.phase is not Phase.FIRING or alert.id in turn.ledger.routing.tellings:
            continue
        traits = traits_of(turn.world, turn.rule, alert)
        route, routed = turn.rules.routing.choose(traits)
        rule = turn.rule.get(alert.rule)
        everyone = (rule.notify if rule is not None else alert.notify) or routed
        telling = Telling(key, grouping.join(turn, grouping.key_of(route, traits, alert.id)), everyone, route.name)
        schedule.put(turn, alert.id, schedule.begun(turn, telling, alert) if alert.notify and not alert.silenced else telling)


def _tell_others(turn: Turn, thread: str, others: tuple[str, ...]) -> None:
    """Those in force now hear of what fires already, as if it had just begun; whoever was told hears of its end as well."""
    telling = turn.ledger.routing.tellings[thread]
    alert = turn.ledger.alerts[telling.key]
    before = tuple(receiver for receiver in (*alert.notify, *alert.withheld) if receiver not in others)
    alert = shared_out(turn, msgspec.structs.replace(alert, notify=others, withheld=()))
    told = alert.notify
    alert = msgspec.structs.replace(alert, notify=(*before, *told))
    turn.put_alert(telling.key, alert)
    if not told or alert.silenced:
        return
    schedule.put(turn, thread, schedule.begun(turn, in_todays_group(turn, telling, alert), alert))
    _say(turn, alert, told, "the config names others now who are told of it")


def _show(turn: Turn, slots: tuple[str, ...], cause: str) -> None:
    for thread, telling in list(turn.ledger.routing.tellings.items()):
        alert = turn.ledger.alerts.get(telling.key)
        if telling.hidden in slots and alert is not None and alert.id == thread:
            _still(turn, thread, inhibiting.cause_of(turn, traits_of(turn.world, turn.rule, alert), thread), cause)


def _still(turn: Turn, thread: str, slot: str, cause: str) -> None:
    """A symptom whose slot is gone: it is hidden by another one, or told."""
    telling = msgspec.structs.replace(turn.ledger.routing.tellings[thread], hidden=slot)
    alert = turn.ledger.alerts[telling.key]
    if slot:
        inhibiting.hide(turn, slot)
        schedule.put(turn, thread, telling)
        return
    if telling.notify:
        traits = traits_of(turn.world, turn.rule, alert)
        telling = msgspec.structs.replace(telling, causes=inhibiting.become_cause(turn, telling.key, alert.rule, traits))
    alert = shared_out(turn, msgspec.structs.replace(alert, notify=telling.notify, silenced=False))
    alert = silencing.noted(turn, alert, turn.world.find(alert.kind, alert.entity))
    turn.put_alert(telling.key, alert)
    if not alert.notify or alert.silenced:
        schedule.put(turn, thread, telling)
        return
    schedule.put(turn, thread, schedule.begun(turn, in_todays_group(turn, telling, alert), alert))
    _say(turn, alert, alert.notify, f"not told before, because of {cause}")


def _say(turn: Turn, alert: Alert, told: tuple[str, ...], reason: str) -> None:
    turn.audit(
        "alert", rule=alert.rule, entity=alert.entity, target=alert.target, outcome="told", reason=reason, detail=account(turn, alert)
    )
    turn.notify(
        told, thread=alert.id, kind=NoticeKind.FIRING, severity=alert.severity, title=alert.title, rule=alert.rule, entity=alert.entity,
        target=alert.target, reason=reason,
    )  # fmt: skip
