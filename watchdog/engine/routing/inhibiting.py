"""
Causes and symptoms: while an alert fires that is the cause of others by `inhibit:`, nobody is told of those. What still fires when its last cause is over is told then.

A slot is one inhibition together with the values that both sides have in common; so it is found at once whether a slot is taken, however many alerts fire. What is hidden itself hides nothing: two rules
that hide each other leave the one told that fired first. Nor does what nobody is ever told of; and what people hear of in the morning hides nothing that comes at once.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from watchdog.engine.routing.book import Cause, Telling
from watchdog.engine.routing.quiet import quiet_until
from watchdog.engine.routing.table import Inhibition, Traits
from watchdog.engine.routing.traits import value_of

if TYPE_CHECKING:
    from watchdog.engine.ledger import Ledger
    from watchdog.engine.turn import Turn


def cause_of(turn: "Turn", traits: Traits, thread: str) -> str:
    """The slot of a cause that hides this alert now; empty: none does."""
    book = turn.ledger.routing
    mine = book.tellings.get(thread)
    if not book.causes or (mine is not None and mine.causes):
        # What is a cause, and told as one, is not hidden by what came later.
        return ""
    return next((slot for slot in _slots(turn, traits, hides=True) if slot in book.causes and not _is_told_later(turn, slot, traits)), "")


def hide(turn: "Turn", slot: str) -> None:
    """One more symptom of it."""
    cause = turn.ledger.routing.causes[slot]
    turn.put_told("causes", slot, msgspec.structs.replace(cause, hides=cause.hides + 1))


def unhide(turn: "Turn", telling: Telling) -> None:
    """A symptom is over, or is told after all."""
    cause = turn.ledger.routing.causes.get(telling.hidden)
    if cause is not None:
        turn.put_told("causes", telling.hidden, msgspec.structs.replace(cause, hides=max(0, cause.hides - 1)))


def become_cause(turn: "Turn", key: str, rule: str, traits: Traits) -> tuple[str, ...]:
    """An alert fires and is told: the slots in which it is a cause from now on."""
    slots = tuple(dict.fromkeys(_slots(turn, traits, hides=False)))
    for slot in slots:
        known = turn.ledger.routing.causes.get(slot)
        cause = Cause(rule, key) if known is None else msgspec.structs.replace(known, rule=rule, named=key, fires=known.fires + 1)
        turn.put_told("causes", slot, cause)
    return slots


def no_cause(turn: "Turn", telling: Telling) -> tuple[str, ...]:
    """Its alert is over; the slots that were its own alone and in which symptoms are hidden."""
    freed: list[str] = []
    for slot in telling.causes:
        cause = turn.ledger.routing.causes.get(slot)
        if cause is None:
            continue
        if cause.fires <= 1:
            turn.put_told("causes", slot, None)
            if cause.hides:
                freed.append(slot)
        else:
            named = "" if cause.named == telling.key else cause.named
            turn.put_told("causes", slot, msgspec.structs.replace(cause, fires=cause.fires - 1, named=named))
    return tuple(freed)


def words(ledger: "Ledger", slot: str) -> str:
    """By what it is hidden."""
    cause = ledger.routing.causes.get(slot)
    if cause is None:
        return "a cause that is over"
    alert = ledger.alerts.get(cause.named)
    return cause.rule if alert is None else f"{cause.rule} on {alert.entity}"


def _is_told_later(turn: "Turn", slot: str, symptom: Traits) -> bool:
    """Whether people hear of the cause at the end of its quiet hours only, and would hear of the symptom now: nobody would know of either."""
    alert = turn.ledger.alerts.get(turn.ledger.routing.causes[slot].named)
    telling = None if alert is None else turn.ledger.routing.tellings.get(alert.id)
    if telling is None or telling.first_at is None or telling.first_at <= turn.at:
        return False
    return quiet_until(turn, turn.rules.routing.choose(symptom)[0], symptom.severity) is None


def _slots(turn: "Turn", traits: Traits, *, hides: bool) -> Iterator[str]:
    for number, one in enumerate(turn.rules.routing.inhibitions):
        if (one.hides if hides else one.when).fits(traits) and (slot := _slot(number, one, traits)) is not None:
            yield slot


def _slot(number: int, one: Inhibition, traits: Traits) -> str | None:
    values = [value_of(traits, name) for name in one.same]
    return None if None in values else msgspec.json.encode([number, *values]).decode()
