"""
A notice on its way out: to whom, in which group, and not before when.

Whoever asks for one says what has happened and who is meant to hear of it; all else is known here from what is told of its thread.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from watchdog.engine.routing import schedule
from watchdog.engine.routing.book import Telling
from watchdog.engine.routing.grouping import join, key_of, leave
from watchdog.engine.routing.quiet import quiet_until, wakes
from watchdog.engine.routing.table import Route
from watchdog.engine.routing.traits import traits_of
from watchdog.model.effects import Notify
from watchdog.model.notices import ALONE, Notice, NoticeKind
from watchdog.model.verdicts import Decision

if TYPE_CHECKING:
    from watchdog.engine.turn import Turn

_NOT_DONE = (Decision.DENY.value, Decision.DRY_RUN.value)


def is_hidden(turn: "Turn", fields: Mapping[str, Any]) -> bool:
    """Whether nobody is told that nothing is done about a symptom of which nobody was told; whatever is done everybody hears."""
    telling = turn.ledger.routing.tellings.get(fields["thread"])
    return telling is not None and bool(telling.hidden) and fields["kind"] is NoticeKind.DECIDED and fields.get("decision") in _NOT_DONE


def addressed(turn: "Turn", receivers: tuple[str, ...], fields: dict[str, Any]) -> Notify:
    """The notice with these fields as it goes into the outbox of these receivers, and of those to whom its story was escalated."""
    name = turn.id()
    rule = turn.rule.get(fields.get("rule", ""))
    if rule is not None and rule.labels:
        fields.setdefault("labels", rule.labels)
    telling = turn.ledger.routing.tellings.get(fields["thread"])
    if telling is None:
        if fields["kind"] in ALONE:
            fields.setdefault("group", f"agent:{name}")
        return Notify(receivers, Notice(id=name, at=turn.wall, **fields))
    route = turn.rules.routing.named(telling.route)
    until = None if telling.awake else quiet_until(turn, route, fields["severity"])
    waits = not telling.awake and quiet_until(turn, route, fields["severity"] if rule is None else rule.severity) is not None
    before = telling.group
    if waits and (until is None or wakes(fields)):
        telling, until = _awake(turn, telling, fields["thread"], route), None
    notice = Notice(id=name, at=turn.wall, **{"group": telling.group, **fields})
    takes = before if before != telling.group else ""
    return Notify(tuple(dict.fromkeys((*receivers, *telling.also))), notice, until or 0, takes)


def _awake(turn: "Turn", telling: Telling, thread: str, route: Route) -> Telling:
    """
    It can't wait for the morning: from now on the story is told at once, in the group in which it were by day.

    Where people have read of it already it stays where they did: a message that says that it fires must come to say that it is over.
    """
    is_read = telling.first_at is not None and telling.first_at <= turn.at
    telling = msgspec.structs.replace(telling, awake=True)
    alert = turn.ledger.alerts.get(telling.key)
    if alert is not None and alert.id == thread and not telling.over and not is_read:
        key = key_of(route, traits_of(turn.world, turn.rule, alert), thread)
        if turn.ledger.routing.ids.get(key) != telling.group:
            leave(turn, telling)
            telling = msgspec.structs.replace(telling, group=join(turn, key))
        if telling.said_at is not None and telling.said_at > turn.at:
            telling = schedule.begun(turn, telling, alert)
    schedule.put(turn, thread, telling)
    return telling
