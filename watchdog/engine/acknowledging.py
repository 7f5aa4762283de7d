"""
Somebody has seen what a rule says of a target: it is not said again, and a budget that has stopped the rule begins anew.

The only way in which a person lets a rule act again that was to ask: so it is written down who did, and what was done before stays written as well.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from watchdog.engine import arming
from watchdog.engine.guards.budget import budget
from watchdog.engine.heard import Heard, refused
from watchdog.engine.ledger import Alert, Phase
from watchdog.engine.pausing import wrong_until
from watchdog.engine.routing import acknowledged
from watchdog.engine.spending import KEPT
from watchdog.engine.switches import Ack, Rearmed, moment
from watchdog.engine.targeting import request_view
from watchdog.engine.turn import Turn
from watchdog.engine.withholding import names_of
from watchdog.model.told import LOCAL, OperatorAcknowledged
from watchdog.model.verdicts import Answer

_MOST_TOLD: Final = 3


def acknowledge(turn: Turn, told: OperatorAcknowledged) -> Heard:
    """By command: an incident, an alert, several alerts, or a rule and a target for which one fires."""
    if wrong := wrong_until(turn, told.until):
        return refused(wrong, rule=told.rule, target=told.target)
    if told.alerts:
        return _acknowledge_all(turn, told)
    meant = _by_id(turn, told.incident) if told.incident else _by_name(turn, told.rule, told.target)
    if meant is None:
        what = (
            f"no open incident and no alert that fires has the id {told.incident}"
            if told.incident
            else f"no alert of rule {told.rule} on {told.target} fires{_but_on(turn, told.rule)}"
        )
        return refused(what, rule=told.rule, target=told.target)
    rule, target = meant
    anew = _note(turn, told, rule, target)
    text = f"{told.reason}; not said again until {moment(told.until)}{'; its budget begins anew' if anew else ''}"
    return Heard("acknowledged", text, rule=rule, target=target, detail={"until": told.until, "rearmed": anew})


def _acknowledge_all(turn: Turn, told: OperatorAcknowledged) -> Heard:
    """What was shown together; what is over by now needs nobody's eye."""
    meant = list(dict.fromkeys(one for one in (_by_id(turn, name) for name in told.alerts) if one is not None))
    if not meant:
        return refused("nothing of it fires any more")
    anew = [_note(turn, told, rule, target) for rule, target in meant]
    more = f" and {len(meant) - _MOST_TOLD} more" if len(meant) > _MOST_TOLD else ""
    what = ", ".join(f"{rule} on {target}" for rule, target in meant[:_MOST_TOLD])
    text = f"{told.reason}; {what}{more}: not said again until {moment(told.until)}{'; the budget begins anew' if any(anew) else ''}"
    (rule, target), *others = meant
    about = {} if others else {"rule": rule, "target": target}
    return Heard("acknowledged", text, **about, detail={"until": told.until, "rearmed": any(anew), "alerts": len(meant)})


def _note(turn: Turn, told: OperatorAcknowledged, rule: str, target: str) -> bool:
    """Writes it down; True if a budget begins anew by it."""
    ack = Ack(told.by, told.reason, rule, target, turn.at + told.until - turn.wall, told.until)
    turn.set(acks={**turn.ledger.acks, key_of(rule, target): ack})
    acknowledged.tell(turn, ack)
    # An eye that is clicked under a message lets no rule act again: for that there is the answer to what it asks.
    return told.channel == LOCAL and _rearm(turn, rule, target, told.by)


def run_out(turn: Turn) -> None:
    """Ends what has come to its end."""
    for key, ack in list(turn.ledger.acks.items()):
        if ack.until_at <= turn.at:
            _end(turn, key, ack, f"what {ack.by} has seen is said again from now on")


def alert_over(turn: Turn, over: Alert) -> None:
    """With the last alert of the rule on the target it is over: the next one is news."""
    about = _about(over)
    ack = turn.ledger.acks.get(key := key_of(*about))
    if ack is not None and not any(
        _about(one) == about and one.phase is Phase.FIRING and one.id != over.id for one in turn.ledger.alerts.values()
    ):
        _end(turn, key, ack, f"what {ack.by} has seen is over")


def key_of(rule: str, target: str) -> str:
    """Under which it is kept."""
    return f"{rule}|{target}"


def _end(turn: Turn, key: str, ack: Ack, reason: str) -> None:
    turn.set(acks={other: one for other, one in turn.ledger.acks.items() if other != key})
    turn.audit("operator", rule=ack.rule, target=ack.target, outcome="ack over", reason=reason)


def _by_id(turn: Turn, name: str) -> tuple[str, str] | None:
    if (playbook := turn.ledger.playbooks.get(name)) is not None:
        return playbook.rule, playbook.target
    return _first(one for one in turn.ledger.alerts.values() if one.id == name and one.phase is Phase.FIRING)


def _by_name(turn: Turn, rule: str, target: str) -> tuple[str, str] | None:
    mine = [one for one in turn.ledger.alerts.values() if one.rule == rule and one.phase is Phase.FIRING]
    return _first(one for one in mine if target in (one.target, one.entity)) or _first(
        one for one in mine if target in tuple(names_of(one.target))
    )


def _but_on(turn: Turn, rule: str) -> str:
    """What it does fire on, by a name that can be given in place of the other."""
    names = sorted({_about(one)[1] for one in turn.ledger.alerts.values() if one.rule == rule and one.phase is Phase.FIRING})
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"; it does on {names[0]}{more}" if names else ""


def _first(alerts: Iterable[Alert]) -> tuple[str, str] | None:
    return next(map(_about, alerts), None)


def _about(alert: Alert) -> tuple[str, str]:
    """What it is said of: where nothing is to be done, of the entity itself."""
    return alert.rule, alert.target or alert.entity


def _rearm(turn: Turn, rule: str, target: str, by: str) -> bool:
    """Lets the budget begin anew, if it is that which stops the rule."""
    spec = turn.rule.get(rule)
    if spec is None:
        return False
    mode = arming.mode_of(turn, spec)
    asked = [one for one in turn.ledger.requests.values() if (one.rule, one.target) == (rule, target)]
    views = (request_view(turn, spec, one, signal=None, mode=mode, look=None) for one in asked)
    if not any(budget(view).answer is not Answer.PASS for view in views):
        return False
    kept: Mapping[str, Rearmed] = {key: one for key, one in turn.ledger.rearmed.items() if turn.at - one.at < KEPT}
    turn.set(rearmed={**kept, key_of(rule, target): Rearmed(turn.at, by)})
    return True
