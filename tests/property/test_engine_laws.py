"""Laws that hold of every action in hundreds of random traces, and what other clocks, other modes and other beginnings change: nothing."""

import random
from collections import Counter
from functools import cache

import msgspec
import pytest

from tests.property.engine_assumed import SideBySide, denied, done_or_asked
from tests.property.engine_clocks import Set, set_at, timeless, without_reboots
from tests.property.engine_laws import Law, Lawful, smallest
from tests.property.engine_people import peopled_trace
from tests.property.test_engine_checkpoint import Interrupted
from tests.property.test_engine_traces import random_trace
from watchdog.engine.guards import ORDER
from watchdog.engine.guards.combine import combine
from watchdog.engine.guards.view import Guard
from watchdog.model.verdicts import Answer, Decision, Mode, Verdict

TRACES = 300
"""Each of 250 steps after the first; thousands of these and of all below are tried by `make trial ARGS=properties`."""
FEWER = 40
"""Where each trace is played twice."""


@cache
def all_that_is_broken() -> tuple[dict[Law, tuple[int, str]], Counter[str]]:
    """The first trace that breaks each law, with how; and how often everything was seen."""
    broken: dict[Law, tuple[int, str]] = {}
    seen: Counter[str] = Counter()
    for seed in range(TRACES):
        simulation = Lawful(Mode.ACT).play(peopled_trace(seed))
        seen.update(simulation.seen)
        for law, how in simulation.broken:
            broken.setdefault(law, (seed, how))
    return broken, seen


def holds(law: Law) -> None:
    """Fails with the shortest trace that breaks the law."""
    found = all_that_is_broken()[0].get(law)
    if found is not None:
        seed, how = found
        pytest.fail(f"{law}: {how} (seed {seed}); in short: {smallest(peopled_trace(seed), law)}")


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
    assert seen["beyond the budget by leave"] > 2
    assert min(seen[what] for what in ("TERM", "KILL", "CONT", "TSTP", "ASK budget", "DENY cooldown", "DENY coverage", "the only one")) > 5
    assert min(seen[f"DENY {guard}"] for guard in ("blind", "paused", "in_flight", "last_look")) > TRACES // 2


def passing(name: str, guard: Guard) -> tuple[str, Guard]:
    """A guard that finds nothing wrong with anything."""
    return name, lambda _: Verdict(name, Answer.PASS)


def speechless(name: str, guard: Guard) -> tuple[str, Guard]:
    """A guard that does not say why."""
    return name, lambda view: msgspec.structs.replace(guard(view), reason="")


@pytest.mark.parametrize(
    ("law", "guards", "fault"),
    [
        (Law.COOLDOWN, ["cooldown"], passing),
        (Law.ALONE, ["in_flight"], passing),
        (Law.BUDGET, ["budget"], passing),
        (Law.SIGHT, ["blind"], passing),
        (Law.KEEP, ["coverage"], passing),
        (Law.REASON, ["settling", "paused", "baseline"], speechless),
        (Law.MODE, ["paused"], passing),
    ],
)
def test_without_its_guard_a_law_is_broken(law, guards, fault, monkeypatch):
    """Each law can be broken, and these traces are where it would be: nothing else keeps it."""
    faulty = tuple(fault(name, guard) if name in guards else (name, guard) for name, guard in ORDER)
    monkeypatch.setattr("watchdog.engine.guards.combine.ORDER", faulty)

    assert any(broken is law for seed in range(TRACES) for broken, _ in Lawful().play(peopled_trace(seed)).broken)


def test_dry_run_would_do_what_act_does():
    """
    Where an action lasts as long as it can and cures, dry-run would act on the same targets in the same moments, and asks a person for the same.

    And the same guards deny the same rules on the same targets. Each process has a unit of its own: where two share a name, dry-run takes the one for cured with the other.
    """
    acted = 0
    for seed in range(FEWER):
        both = SideBySide(seed % 2 * 2).play(random_trace(seed, 120))
        acted += len(done_or_asked(both.act))

        assert done_or_asked(both.dry) == done_or_asked(both.act), f"seed {seed}"
        assert denied(both.dry) == denied(both.act), f"seed {seed}"
    assert acted > FEWER


def test_a_clock_that_is_set_changes_nothing():
    """Set forwards and back by anything from a millisecond to a year, in the middle of actions, cooldowns and budgets: but for the time of day all that is said is the same."""
    for seed in range(FEWER):
        steps = without_reboots(peopled_trace(seed))

        assert timeless(Set(set_at(seed)).play(steps).said) == timeless(Lawful().play(steps).said), f"seed {seed}"


class Broken(Interrupted, Lawful):
    """Goes on from a checkpoint before every event, in the middle of recoveries too."""


def test_a_restore_at_any_event_changes_nothing():
    """Whoever goes on from a checkpoint before each event says to the byte what one says who was there all the time."""
    for seed in range(FEWER // 3):
        steps = peopled_trace(seed, 120)

        assert Broken().play(steps).said == Lawful().play(steps).said, f"seed {seed}"


@pytest.mark.parametrize("mode", Mode)
def test_a_denial_beats_a_question_beats_nothing(mode):
    """Whatever all guards say together: one that denies denies, else one that asks asks, else the mode has it; the first of the strictest gives the reason."""
    chance = random.Random(mode.value)
    for _ in range(1_000):
        said = tuple(Verdict(name, chance.choice(list(Answer)), f"by {name}") for name, _ in ORDER if chance.random() < chance.random())
        if not said:
            continue
        judgement = combine(said, mode)
        first = {answer: next((one for one in said if one.answer is answer), None) for answer in Answer}

        if (denial := first[Answer.DENY]) is not None:
            assert (judgement.decision, judgement.verdict) == (Decision.DENY, denial)
        elif (question := first[Answer.ASK]) is not None:
            assert (judgement.decision, judgement.verdict) == (Decision.ASK, question)
        else:
            assert (judgement.decision is Decision.ALLOW) == (mode is Mode.ACT)
