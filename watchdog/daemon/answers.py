"""
What somebody is answered who asks by a receiver how things stand: a few harmless lines, where `status` on the machine shows all.

Hosts, rules, targets, counts and sentences of the agent; never an argument of a job.
"""

from collections.abc import Iterator
from typing import Any, Final

from watchdog.engine.approvals import lasting
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.engine.status import status
from watchdog.engine.why import why
from watchdog.lang.harmless import harmless
from watchdog.receivers.spoken import HELP, Looked

_SHOWN: Final = 8
_STANDS: Final = {"true": "is true", "false": "is not true", "unknown": "can't be known", "gone": "has no subject: it is gone"}


def answer_to(looked: Looked, *, rules: RuleSet, state: State, at: int) -> str:
    """Lines, at engine time `at`."""
    match looked.what:
        case "status":
            lines = _status(status(state, at))
        case "why":
            lines = _why(why(rules, state, looked.rule, _entity_of(state, looked.rule, looked.target), at))
        case _:
            lines = iter(HELP)
    return "\n".join(harmless(line) for line in lines)


def _entity_of(state: State, rule: str, target: str) -> str:
    """What the rule looks at, where the target of an alert was named in its place."""
    found = (one.entity for one in state.ledger.alerts.values() if one.rule == rule and target in (one.target, one.entity))
    return next(found, target)


def _status(picture: dict[str, Any]) -> Iterator[str]:
    lost = [f"{name} can't be read: {one['message']}" for name, one in picture["sources"].items() if not one["ok"]]
    firing = [one for one in picture["alerts"] if one["phase"] == "firing"]
    yield f"mode {picture['mode']}, {picture['firing'] or 'no'} alert{'' if picture['firing'] == 1 else 's'} firing, {len(picture['incidents'])} incidents open"
    yield from lost
    if picture["doubt"] is not None:
        yield f"in doubt, so nothing is done: {'; '.join(picture['doubt']['reasons'])}"
    yield from _most([f"paused by {one['by']}: {one['reason']}" for one in picture.get("pauses", ())])
    yield from _most(
        [f"asks: {one['action']} on {one['target']} (approve {one['id']}), {lasting(one['left_ms'])} left" for one in picture["approvals"]]
    )
    yield from _most(
        [f"{one['action']} on {one['target']}: {(one['held'] and 'held, ' + one['held']) or one['stage']}" for one in picture["incidents"]]
    )
    yield from _most(
        [f"{one['severity']} for {lasting(one['for_ms'])}: {one['title'] or one['rule'] + ' on ' + one['entity']}" for one in firing]
    )


def _why(account: dict[str, Any]) -> Iterator[str]:
    if account["problem"] is not None:
        yield account["problem"]
        return
    yield f"{account['rule']} on {account['entity']}: its condition {_STANDS.get(account['truth'], account['truth'])}"
    if account["blind"]:
        yield f"can't be read: {', '.join(account['blind'])}"
    if account["condition"] is not None:
        yield from _most(
            [f"{part['text']}: {part['value'] if part['value'] is not None else '?'}" for part in _leaves(account["condition"])]
        )
    if account["alert"] is not None:
        yield f"alert {account['alert']['phase']} for {lasting(account['alert']['since_ms'])}"
    if account["decision"] is not None:
        yield f"{account['action']} on {account['target']} would be answered {account['decision']}"
    yield from _most([f"{one['guard']} {one['answer'].lower()}: {one['reason']}" for one in account["guards"] if one["answer"] != "PASS"])


def _leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The values that it was judged by."""
    if not node["parts"]:
        yield node
    for part in node["parts"]:
        yield from _leaves(part)


def _most(lines: list[str]) -> Iterator[str]:
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"and {len(lines) - _SHOWN} more"
