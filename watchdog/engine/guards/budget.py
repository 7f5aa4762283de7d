"""
The rule has had its share: what was to help did not, or something else is wrong, and a person must say how it goes on.

A process that serves the queue `scheduler` is one of a kind: sidekiq-scheduler counts its `every` entries from the start of the process, so one that is ended every few
hours never comes to those of six hours or a day. It is ended once in 24 h, by whichever rule.
"""

from typing import Any, Final

from watchdog.engine.guards.view import View, asks, passes
from watchdog.engine.spending import exhausted_until
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.parameters import Allowance
from watchdog.model.verdicts import Verdict

SCHEDULER: Final = "scheduler"
ONCE_A_DAY: Final = Allowance(1, 86_400_000)


def budget(view: View) -> Verdict:
    """Asks once the rule has acted on the target as often as `budget` allows, or all agents together as often as `fleet_budget` does; but for the next step of an incident."""
    if view.incident:
        return passes("budget")
    if (until := view.ledger.fleet.spent_until_at) is not None and view.at < until and not view.about_jobs and not view.of_the_dead:
        return asks("budget", "the agents of all hosts together have acted as often as `fleet_budget` allows", until)
    done = view.spent.get(view.target, ())
    if _serves_schedules(view) and (until := exhausted_until(done, ONCE_A_DAY, view.at)) is not None:
        return asks("budget", f"{view.target} serves the queue {SCHEDULER}, and was acted upon within 24 h", until)
    allowance: Allowance = view.settings["budget"]
    until = exhausted_until((one for one in done if one.rule == view.rule), allowance, view.at)
    if until is None:
        return passes("budget")
    return asks("budget", f"this rule has acted on {view.target} {allowance} already", until)


def _serves_schedules(view: View) -> bool:
    row: Any = view.world.find(Kind.PROCESS, view.process)
    return row is not None and row.queues is not MISSING and SCHEDULER in row.queues
