"""When a state has something to do though nothing happens: for whoever keeps its time."""

from collections.abc import Iterator
from typing import Final

from watchdog.engine import approving, deeds, orders, switching
from watchdog.engine.ledger import Ledger
from watchdog.engine.state import State
from watchdog.engine.world import World
from watchdog.model.kinds import Source

# Python 3.11 looks a member of an enumeration up in Python: too slow for every turn.
_REDIS: Final = Source.REDIS


def next_due(state: State) -> int | None:
    """The engine time at which something is due without an event; None: nothing is."""
    ledger, world = state.ledger, state.world
    silences = world.news.silences
    dues: list[int | None] = [
        world.deadlines.next(),
        world.echoes.next(),
        world.tellings.next(),
        silences.next() if silences is not None and can_read_redis(ledger, world) else None,
        ledger.week.due_at,
    ]
    if is_anything_open(ledger):
        dues += _dues_of_what_is_open(state)
    known = [due for due in dues if due is not None]
    return min(known) if known else None


def _dues_of_what_is_open(state: State) -> Iterator[int | None]:
    ledger, world = state.ledger, state.world
    if ledger.pauses or ledger.silences or ledger.acks:
        yield from switching.ends(ledger)
    if ledger.approvals and not world.stopping:
        yield from approving.dues(ledger)
    if ledger.runs:
        yield from (run.again_at for run in ledger.runs.values())
        yield from (world.watches.get(run.id) for run in ledger.runs.values() if run.again_at is None)
    if ledger.edits:
        yield from (edit.again_at for edit in ledger.edits.values())
    if ledger.deeds:
        yield from deeds.dues(state)
    if ledger.playbooks:
        yield from (world.proofs.get(playbook.id, 0) for playbook in ledger.playbooks.values() if playbook.proof is not None)
    if ledger.requests and not world.stopping:
        under_way = set(world.looks.values())
        yield from (world.again.get(request, 0) for request in ledger.requests if request not in under_way)
    if ledger.orders and not world.stopping:
        yield from (world.again.get(order.id, 0) for order in ledger.orders.values() if orders.waits(order))


def is_anything_open(ledger: Ledger) -> bool:
    """Whether anything is asked for, under way, held back or watched: nearly always nothing is, and then a turn has nothing to go on with."""
    return bool(
        ledger.requests or ledger.runs or ledger.edits or ledger.deeds or ledger.playbooks or ledger.orders or ledger.approvals
        or ledger.pauses or ledger.silences or ledger.acks
    )  # fmt: skip


def can_read_redis(ledger: Ledger, world: World) -> bool:
    """It has been read in full, and is not lost."""
    return _REDIS in world.complete and _REDIS not in ledger.lost
