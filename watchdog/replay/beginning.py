"""
How other rules come into a world that goes on: as an agent that has just been started, with all of it read at once.

What the old rules had found, wanted and begun is none of theirs. What people have said, what tells of a deployment, and who the agent is among others stands in their way as it stood in that of
the old ones.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from watchdog.engine.arming import in_force_before
from watchdog.engine.ledger import Ledger
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.model.events import Body, Delta, FleetLead, Observed, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.rows import Row

_FROM_OUTSIDE = ("pauses", "silences", "deploys")
"""Parts of the ledger that no rule has made."""


def first_ledger(then: Ledger, rules: RuleSet) -> Ledger:
    """That of rules which look for the first time: `then` is the ledger of the agent at that moment. Nothing is news to them because they are new."""
    arming = in_force_before(rules)
    names = {name: armed for name, armed in then.arming.armed.items() if name in rules.by_name}
    return Ledger(
        seq=then.seq, at=then.at, wall=then.wall, boot_id=then.boot_id, host=then.host, here=then.here, fleet=msgspec.structs.replace(then.fleet, lock=None, busy=None),
        units=then.units, binding=then.binding, scaled=then.scaled, arming=msgspec.structs.replace(arming, armed=names), **_outside(then),
    )  # fmt: skip


def with_what_people_said(ledger: Ledger, then: Ledger) -> Ledger:
    """The ledger of the rules that are tried, with what the agent has been told meanwhile; both in the engine time of one boot."""
    return msgspec.structs.replace(ledger, **_outside(then))


def picture_as_read(then: State) -> Iterator[Body]:
    """The picture of that state as sources tell it that have been read in full, those that could not be read, and who leads."""
    world = then.world
    told = [delta for kind in _in_order(world.rows) for row in world.rows[kind].values() for delta in _deltas(row)]
    yield Observed(Source.HOST, tuple(told), complete=Source.HOST in world.complete)
    for source in sorted(world.complete - {Source.HOST}):
        yield Observed(source, (), complete=True)
    for name, loss in then.ledger.lost.items():
        yield SourceLost(Source(name), loss.code, loss.message)
    if (lead := then.ledger.fleet.lead) is not None:
        yield FleetLead(lead.host, mine=lead.mine)


def _deltas(row: Row) -> Iterator[Delta]:
    fields = {slot: list(value) if isinstance(value, tuple) else value for slot, value in row.as_plain().items()}
    if row.kind is Kind.PROCESS and fields.get("listed") is False:
        # Whoever comes as one that has left Redis is taken for one that nobody waits for.
        yield Delta(row.kind, row.id, {slot: value for slot, value in fields.items() if slot != "listed"})
        fields = {"listed": False}
    yield Delta(row.kind, row.id, fields)


def _outside(then: Ledger) -> dict[str, Any]:
    return {name: getattr(then, name) for name in _FROM_OUTSIDE}


def _in_order(kinds: Iterable[Kind]) -> list[Kind]:
    """Processes before their jobs."""
    return sorted(kinds, key=lambda kind: kind is Kind.JOB)
