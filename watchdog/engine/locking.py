"""
The lock that all agents of one Redis share: when it is asked for, what its answers mean, and when it is given back.

One process at a time is told to be quiet or to end, on whichever host. It is wanted once the guards have allowed an action, and then they are asked again: what they
know of other processes has been read under it, so nobody's action can lie between. While it is held by somebody else the guard `in_flight` says so; when
all have acted as often as they may, the guard `budget` asks.

Once it is lost, what can't be taken back any more is not given up: it is taken again, under a new number, before anything else is sent or written.
"""

from typing import Any, Final

import msgspec

from watchdog.engine.fleet import Busy, Fleet, Lock
from watchdog.engine.incidents import Run
from watchdog.engine.ordered import is_order
from watchdog.engine.turn import Turn
from watchdog.model.actions import OF_THE_DEAD
from watchdog.model.effects import GiveFleetLockBack, TakeFleetLock
from watchdog.model.events import FleetLockLost
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.results import FleetBudgetSpent, FleetLockAnswer, FleetLockHeld, FleetLockRefused, FleetLockTaken

AGAIN: Final = 5_000
"""Milliseconds after which it is asked for again while somebody else holds it."""


def ask_first(turn: Turn, subject: str, *, action: str, target: str, rule: str) -> str:
    """Asks for it on behalf of a request or an order that may begin now, and gives the id of the effect; empty where it need not be asked."""
    allowance, fleet = turn.rules.fleet, turn.ledger.fleet
    if allowance is None or _holds(turn, subject):
        return ""
    # Whoever has come this far although all is spent was allowed it by a person.
    by_a_person = is_order(rule) or fleet.spent_until_at is not None
    effect = turn.id()
    turn.effects.append(
        TakeFleetLock(
            id=effect, subject=subject, action=action, target=target, limit=None if by_a_person else allowance.times, window=allowance.per
        )
    )
    return effect


def lacks(turn: Turn, run: Run) -> bool:
    """Whether a run that has begun must take it (again) before it goes on."""
    return turn.rules.fleet is not None and run.action not in OF_THE_DEAD and not _holds(turn, run.id)


def ask_again(turn: Turn, run: Run) -> None:
    """Asks for it on behalf of that run; its stage begins anew once it is held."""
    effect = turn.id()
    turn.put_run(run.id, msgspec.structs.replace(run, effect=effect, looking=False))
    per = turn.rules.fleet.per if turn.rules.fleet is not None else 0
    turn.effects.append(TakeFleetLock(id=effect, subject=run.id, action=run.action, target=run.ref.name, window=per, again=True))


def hear(turn: Turn, subject: str, answer: FleetLockAnswer) -> str:
    """Takes the answer; why it is not held, or ''."""
    if isinstance(answer, FleetLockTaken):
        turn.audit("fleet", outcome="lock taken", reason=f"number {answer.number}", detail={"number": answer.number})
        return _hold(turn, Lock(subject, answer.fence, answer.number, turn.at, used=subject in turn.ledger.runs))
    others = _other_hosts(turn)
    if isinstance(answer, FleetLockRefused) and not others:
        # Nobody else could hold it.
        return _hold(turn, Lock(subject, "", 0, turn.at))
    fleet = msgspec.structs.replace(turn.ledger.fleet, lock=None, busy=None)
    match answer:
        case FleetLockHeld() as held:
            reason = _told(held)
        case FleetLockRefused(reason=why):
            reason = f"the lock of the fleet can't be taken ({why}), and processes of {', '.join(others)} beat"
        case FleetBudgetSpent(until_in=until_in):
            turn.set(fleet=msgspec.structs.replace(fleet, spent_until_at=turn.at + max(1, until_in)))
            return "all agents together have acted as often as they may"
    turn.set(fleet=msgspec.structs.replace(fleet, busy=Busy(reason, turn.at + AGAIN)))
    return reason


def hand_over(turn: Turn, subject: str, to: str) -> None:
    """What it was taken for has another id from now on, and has begun."""
    fleet = turn.ledger.fleet
    if fleet.lock is not None and fleet.lock.subject == subject:
        turn.set(fleet=msgspec.structs.replace(fleet, lock=msgspec.structs.replace(fleet.lock, subject=to, used=True)))


def fence_of(turn: Turn, run: Run) -> str:
    """What is to be shown with what that run asks for."""
    lock = turn.ledger.fleet.lock
    return lock.fence if lock is not None and lock.subject == run.id else ""


def lose(turn: Turn, lost: FleetLockLost) -> None:
    """It is gone, by whatever way; of one that is not held any more nothing is said."""
    fleet = turn.ledger.fleet
    if fleet.lock is not None and fleet.lock.fence == lost.fence:
        turn.set(fleet=msgspec.structs.replace(fleet, lock=None))
        turn.audit("fleet", outcome="lock lost", reason=lost.reason, detail={"number": fleet.lock.number})


def tidy(turn: Turn) -> None:
    """At the end of a turn: gives it back if what it was taken for is over, or was not begun; forgets what has run out."""
    fleet = turn.ledger.fleet
    lock = fleet.lock
    if lock is not None and not _is_wanted(turn, lock):
        came_to_nothing = any(over.run.id == lock.subject and over.outcome == "abandoned" for over in turn.over)
        used = lock.used and not came_to_nothing
        turn.set(fleet=msgspec.structs.replace(turn.ledger.fleet, lock=None))
        if lock.fence:
            turn.effects.append(GiveFleetLockBack(id=turn.id(), fence=lock.fence, used=used))
            turn.audit("fleet", outcome="lock given back", reason=f"number {lock.number}", detail={"number": lock.number})
    if fleet.spent_until_at is not None and fleet.spent_until_at <= turn.at:
        turn.set(fleet=msgspec.structs.replace(turn.ledger.fleet, spent_until_at=None))


def _is_wanted(turn: Turn, lock: Lock) -> bool:
    order = turn.ledger.orders.get(lock.subject)
    return (
        lock.subject in turn.ledger.runs
        or lock.subject in turn.world.looks.values()
        or (order is not None and order.effect != "" and not order.outcome)
    )


def _hold(turn: Turn, lock: Lock) -> str:
    turn.set(fleet=Fleet(lock=lock, lead=turn.ledger.fleet.lead))
    return ""


def _holds(turn: Turn, subject: str) -> bool:
    lock = turn.ledger.fleet.lock
    return lock is not None and lock.subject == subject


def _other_hosts(turn: Turn) -> list[str]:
    rows: Any = turn.world.rows[Kind.PROCESS].values()
    return sorted({row.id.rpartition(":")[0].rpartition(":")[0] if row.host is MISSING else row.host for row in rows} - {turn.ledger.host})


def _told(held: FleetLockHeld) -> str:
    since = f" since {_clock(held.since)} UTC" if held.since else ""
    return f"an action on {held.host} is under way ({held.action} on {held.target}{since})"


def _clock(wall: int) -> str:
    minutes, seconds = divmod(wall // 1000 % 86_400, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
