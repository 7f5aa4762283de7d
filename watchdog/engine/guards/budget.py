"""
The rule has had its share, or the target or the host have from all rules together: what was to help did not, or something else is wrong, and a person must say how it goes on.

A process that serves the queue `scheduler` is one of a kind: sidekiq-scheduler counts its `every` entries from the start of the process, so one that is ended every few
hours never comes to those of six hours or a day. It is ended once in 24 h, by whichever rule.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from watchdog.engine.guards.view import View, asks, denies, passes
from watchdog.engine.ledger import Spent
from watchdog.engine.ordered import is_order
from watchdog.engine.our_side import on_peer
from watchdog.engine.spending import by_rule, exhausted_until, on_host, since_rearmed
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.parameters import Allowance
from watchdog.model.targets import APART, TargetKind
from watchdog.model.verdicts import Verdict

SCHEDULER: Final = "scheduler"
ONCE_A_DAY: Final = Allowance(1, 86_400_000)


def budget(view: View) -> Verdict:
    """
    Asks once rule, target, host or fleet have had their share; but for the next step of an incident.

    Denies where a rule has taken on its share of other servers: the rest of them can wait, and need not be thirty questions.
    """
    if view.incident:
        return passes("budget")
    if (
        (until := view.ledger.fleet.spent_until_at) is not None
        and view.at < until
        and view.about is TargetKind.PROCESS
        and not view.of_the_dead
    ):
        return asks("budget", "the agents of all hosts together have acted as often as `fleet_budget` allows", until)
    done = since_rearmed(view.ledger.rearmed, view.rule, view.target, view.spent.get(view.target, ()))
    if _serves_schedules(view) and (until := exhausted_until(done, ONCE_A_DAY, view.at)) is not None:
        return asks("budget", f"{view.target} serves the queue {SCHEDULER}, and was acted upon within 24 h", until)
    if (until := _of_peers(view)) is not None:
        return denies("budget", f"this rule has acted on other servers {view.settings['budget']} already", until)
    for who, entries, allowance in _shares(view, done):
        if (until := exhausted_until(entries, allowance, view.at)) is not None:
            return asks("budget", f"{who} {allowance} already", until)
    return passes("budget")


def _of_peers(view: View) -> int | None:
    """Until when no further server is touched; each is seldom touched twice, so what must be kept small is how many they are."""
    if not on_peer(view.action, view.thing):
        return None
    done = since_rearmed(view.ledger.rearmed, view.rule, view.target, tuple(by_rule(view.spent, view.rule)))
    return exhausted_until(done, view.settings["budget"], view.at)


def _shares(view: View, done: tuple[Spent, ...]) -> Iterator[tuple[str, Iterable[Spent], Allowance]]:
    """Who has which allowance, with what it has spent; what people have ordered is none of it but the rule's own."""
    settings = view.settings
    if not on_peer(view.action, view.thing):
        yield f"this rule has acted on {view.target}", (one for one in done if one.rule == view.rule), settings["budget"]
    if view.overruled is not None:
        return
    yield f"rules have acted on {view.target}", (one for one in done if not is_order(one.rule)), settings["target_budget"]
    # A command ends no process and starts none: many of them must not keep a repair waiting, nor many repairs a command.
    if view.about not in APART and (where := view.ref or view.thing) is not None:
        here = tuple(on_host(view.spent, where.host))
        yield (
            f"rules have acted on the host {where.host}",
            since_rearmed(view.ledger.rearmed, view.rule, view.target, here),
            settings["host_budget"],
        )


def _serves_schedules(view: View) -> bool:
    row: Any = view.world.find(Kind.PROCESS, view.process)
    return row is not None and row.queues is not MISSING and SCHEDULER in row.queues
