"""
Which agent does what concerns the whole of a Redis: queues, domains, retries and schedules are seen by every agent, and each would do a share of its own.

One leads, by a lease in Redis. What rests on something that only this host can see is left to its agent, for whoever leads does not see it; and what an
agent has begun it brings to its end, whoever leads by then.
"""

import msgspec

from watchdog.engine.fleet import LAPSE, Lead
from watchdog.engine.turn import Turn
from watchdog.model.events import FleetLead


def hear(turn: Turn, news: FleetLead) -> None:
    """Somebody else leads than did before, or it is known for the first time: all guards are asked anew."""
    lead = Lead(news.host, mine=news.mine)
    if turn.ledger.fleet.lead != lead:
        turn.set(fleet=msgspec.structs.replace(turn.ledger.fleet, lead=lead))
        turn.world.again.clear()


def forget(turn: Turn) -> None:
    """What was known of it may hold no more, and is heard anew."""
    if turn.ledger.fleet.lead is not None:
        turn.set(fleet=msgspec.structs.replace(turn.ledger.fleet, lead=None))


def sleep(turn: Turn, milliseconds: int) -> None:
    """The agent saw nothing for so long: its own lease may have run out, and another may lead."""
    if milliseconds >= LAPSE:
        forget(turn)


def led_elsewhere(turn: Turn) -> str | None:
    """Why this agent must not do what concerns the whole, or ''; None while it is not known who leads."""
    if turn.rules.fleet is None:
        return ""
    lead = turn.ledger.fleet.lead
    if lead is None:
        return None
    if lead.mine or not lead.host:
        return ""
    return f"the agent of {lead.host} leads: what concerns the whole is its to do"
