"""Laws that hold of every action in hundreds of random traces, and what other clocks, other modes and other beginnings change: nothing."""

from collections import Counter
from functools import cache

import pytest

from tests.property.engine_laws import Law, Lawful, smallest
from tests.property.test_engine_traces import random_trace
from watchdog.model.verdicts import Mode

TRACES = 300
"""Each of 250 steps after the first; thousands are tried by `make trial ARGS=properties`."""


@cache
def all_that_is_broken() -> tuple[dict[Law, tuple[int, str]], Counter[str]]:
    """The first trace that breaks each law, with how; and how often everything was seen."""
    broken: dict[Law, tuple[int, str]] = {}
    seen: Counter[str] = Counter()
    for seed in range(TRACES):
        simulation = Lawful(Mode.ACT).play(random_trace(seed))
        seen.update(simulation.seen)
        for law, how in simulation.broken:
            broken.setdefault(law, (seed, how))
    return broken, seen


def holds(law: Law) -> None:
    """Fails with the shortest trace that breaks the law."""
    found = all_that_is_broken()[0].get(law)
    if found is not None:
        seed, how = found
        pytest.fail(f"{law}: {how} (seed {seed}); in short: {smallest(random_trace(seed), law)}")


def test_never_two_actions_inside_a_cooldown():
    """On one target, by whichever rule and whoever restarts the agent or the machine, `cooldown` lies between the end of an action and the next."""
    holds(Law.COOLDOWN)


def test_never_two_actions_or_open_intents_at_a_time():
    """No signal goes out while something else is being done on the host, and no intent is written down while the outcome of another is not known."""
    holds(Law.ALONE)


def test_never_more_than_the_budget():
    """No rule acts on a target more often than its budget within any stretch of time."""
    holds(Law.BUDGET)


def test_never_on_what_is_unknown_or_stale():
    """No action begins while a source is lost, was not read in full, or was silent for a minute; nor where the condition is false, or nobody knows."""
    holds(Law.SIGHT)


def test_never_fewer_working_threads_than_keep():
    """At the first signal `keep` of the working threads of each queue are left in other processes; an only process goes only if half of it is held."""
    holds(Law.KEEP)


def test_every_denial_has_a_reason():
    """In the audit, in messages, and in the ledger: whoever is denied or has to ask is told by which guard, and why."""
    holds(Law.REASON)


def test_no_signal_against_the_mode_or_a_pause():
    """No signal while paused, and none to a process of another host."""
    holds(Law.MODE)


def test_the_traces_are_no_idle_talk():
    """In these traces there is something to judge: actions by the hundred, each signal, denials of every sort, queues with one process and with several."""
    seen = all_that_is_broken()[1]

    assert seen["actions"] > TRACES // 2
    assert min(seen[what] for what in ("TERM", "KILL", "CONT", "TSTP", "ASK budget", "DENY cooldown", "DENY coverage", "the only one")) > 5
    assert min(seen[f"DENY {guard}"] for guard in ("blind", "paused", "in_flight", "last_look")) > TRACES // 2
