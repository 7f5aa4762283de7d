"""
Silences: nobody is told of the alerts that fit, which fire and are acted upon all the same. When one ends, what still fires is told, and what was asked is asked anew.

The counterpart of `withholding`, by which messages are not sent.
"""

import msgspec

from watchdog.engine import approving
from watchdog.engine.heard import Heard, refused
from watchdog.engine.ledger import Alert, Phase
from watchdog.engine.pausing import like_no_rule, wrong_pattern, wrong_until
from watchdog.engine.routing import anew
from watchdog.engine.routing.traits import names
from watchdog.engine.switches import Silence, moment
from watchdog.engine.turn import Turn
from watchdog.engine.withholding import is_silenced
from watchdog.model.notices import NoticeKind
from watchdog.model.rows import Row
from watchdog.model.told import OperatorSilenced, OperatorUnsilenced


def silence(turn: Turn, told: OperatorSilenced) -> Heard:
    """By command: never without an end, and never for everything."""
    if wrong := wrong_until(turn, told.until) or wrong_pattern(told.rule, told.target, told.entity, *told.labels.values()):
        return refused(wrong)
    one = Silence(
        turn.id(), told.by, told.reason, turn.at + told.until - turn.wall, told.until, rule=told.rule, target=told.target, entity=told.entity, labels=told.labels,
    )  # fmt: skip
    if not one.matches:
        return refused("it says of nothing what it is for")
    turn.set(silences={**turn.ledger.silences, one.id: one})
    return Heard(
        "silenced", f"{told.reason}; {one.matches} until {moment(told.until)}{like_no_rule(turn, told.rule)}", rule=told.rule, target=told.target, detail={"until": told.until, "silence": one.id}
    )  # fmt: skip


def unsilence(turn: Turn, told: OperatorUnsilenced) -> Heard:
    """It is over before its time."""
    one = turn.ledger.silences.get(told.silence)
    if one is None:
        there = ", ".join(f"{other.id} ({other.matches})" for other in turn.ledger.silences.values())
        return refused(f"there is no silence {told.silence}" + (f"; there are {there}" if there else ""))
    _end(turn, one)
    return Heard("silence over", f"{told.reason}; {one.matches}, by {one.by}", detail={"silence": one.id})


def run_out(turn: Turn) -> None:
    """Ends what has come to its end."""
    for one in list(turn.ledger.silences.values()):
        if one.until_at <= turn.at:
            turn.audit(
                "operator", outcome="silence over", reason=f"that of {one.by} has run out: {one.matches}", detail={"silence": one.id}
            )
            _end(turn, one)


def noted(turn: Turn, alert: Alert, row: Row | None) -> Alert:
    """An alert that fires now, with a note of it if nobody is to be told."""
    if not turn.ledger.silences:
        return alert
    silenced = is_silenced(turn.ledger, turn.rule, rule=alert.rule, entity=alert.entity, names=names(turn.world, alert, row))
    return msgspec.structs.replace(alert, silenced=True) if silenced else alert


def _end(turn: Turn, over: Silence) -> None:
    turn.set(silences={name: one for name, one in turn.ledger.silences.items() if name != over.id})
    for key, alert in list(turn.ledger.alerts.items()):
        if alert.phase is not Phase.FIRING:
            continue
        called = names(turn.world, alert, turn.world.find(alert.kind, alert.entity))
        labels = turn.rule[alert.rule].labels if alert.rule in turn.rule else {}
        if not over.covers(alert.rule, alert.entity, called, labels):
            continue
        if is_silenced(turn.ledger, turn.rule, rule=alert.rule, entity=alert.entity, names=called):
            continue
        turn.put_alert(key, msgspec.structs.replace(alert, silenced=False))
        anew.said(turn, alert)
        turn.notify(
            alert.notify, thread=alert.id, kind=NoticeKind.FIRING, severity=alert.severity, title=alert.title, rule=alert.rule, entity=alert.entity,
            target=alert.target, reason=f"it still fires, and was silenced by {over.by}: {over.reason}",
        )  # fmt: skip
    approving.ask_anew(turn)
