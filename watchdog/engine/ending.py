"""
The end of a run: what it leaves behind, and what is owed for it from now on.

The counterpart of `runs`, which walks it there, and of `playbooks`, which decide what comes next.
"""

from watchdog.engine import accounts, orphans
from watchdog.engine.balance import in_numbers
from watchdog.engine.incidents import NO_FLIGHT, Run
from watchdog.engine.ledger import Cooldown, Spent
from watchdog.engine.report import report
from watchdog.engine.scaled import also_named
from watchdog.engine.spending import with_one
from watchdog.engine.succession import served_at
from watchdog.engine.turn import Over, Turn
from watchdog.model.actions import OF_THE_DEAD
from watchdog.model.effects import DropFlight


def end(turn: Turn, run: Run, outcome: str, account: str) -> None:
    """It is over, and stands in `turn.over`."""
    if told := report(run, at=turn.at, served_at=served_at(turn, run)):
        account = f"{account}; {told}"
    if locks := orphans.account(run.flight):
        account = f"{account}; {locks}"
    if run.flight != NO_FLIGHT:
        turn.effects.append(DropFlight(run.incident, in_numbers(run.flight)))
    run = accounts.noted(turn, run, account)
    turn.put_run(run.id, None)
    turn.world.watches.pop(run.id, None)
    turn.over.append(Over(run, outcome, account))
    if run.action in OF_THE_DEAD:
        # Nothing was done to whatever bears that name by now.
        return
    cooldown = Cooldown(turn.at, run.rule, run.action, run.incident)
    turn.set(cooldowns={**turn.ledger.cooldowns, **dict.fromkeys((run.ref.name, *also_named(run.action, run.ref.name)), cooldown)})
    if outcome != "abandoned":
        turn.set(spent=with_one(turn.ledger.spent, run.ref.name, Spent(turn.at, run.rule, run.incident)))
