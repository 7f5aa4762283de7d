"""Conversations about the lock that all agents of one Redis share: who waits, who acts, and what becomes of what had begun when it is lost."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine.rules import RuleSet
from watchdog.model.actions import BY_NAME
from watchdog.model.events import FleetLockLost, RulesLoaded, Stopping
from watchdog.model.parameters import Allowance
from watchdog.model.results import (
    Exited,
    FleetBudgetSpent,
    FleetLockHeld,
    FleetLockRefused,
    FleetLockTaken,
    Refused,
    Sent,
    StillRunning,
)
from watchdog.model.told import OperatorAsked
from watchdog.model.verdicts import Mode
from watchdog.rulefile.values import default_of

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 5m, keep: KEEP}
    notify: [ops]
"""
ONE = "web1:10:abc"
THERE = "web2:10:def"
TAKE = "take the lock of the fleet for web1/app[push]"
TAKEN = FleetLockTaken("fence-1", 1)
HELD = FleetLockHeld("web2", "recover_process", "web2/app[push]", WALL + 3_661_000)
BEGINS = [
    "audit fleet lock taken",
    "measure web1:10:abc",
]


def with_a_fleet(text: str, mode: Mode = Mode.ACT) -> RuleSet:
    """The rules, for an agent that is not alone."""
    alone = rules(text, mode)
    return RuleSet(alone.rules, alone.digest, alone.mode, alone.by_hand, fleet=Allowance(6, 3_600_000))


def sick(talk: Conversation, *more: object) -> Conversation:
    """A process of this host whose job is stuck at 22 s, read in full, and what else there is."""
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), *more, complete=True), at=2_000)  # type: ignore[arg-type]
    talk.hear(host(found(ONE)), at=2_001)
    return talk


@pytest.fixture
def talk() -> Conversation:
    """It has a neighbour on another host."""
    return sick(Conversation(with_a_fleet(RULE.replace("KEEP", "0%"))), process(THERE, 2_000))


def beats(talk: Conversation, at: int) -> list[str]:
    """Both beat, and nothing else has changed."""
    return talk.hear(redis(process(ONE, at), process(THERE, at)), at=at)


def wants(talk: Conversation) -> None:
    """Up to the wish for the lock."""
    beats(talk, 22_000)
    assert talk.answer(HEALTHY, at=22_001) == [TAKE]


def begins(talk: Conversation) -> None:
    """Up to the SIGTERM, sent under the lock."""
    wants(talk)
    talk.answer(TAKEN, at=22_002)
    talk.answer(HEALTHY, at=22_003)
    talk.answer(Sent(), at=22_004)


def fences(talk: Conversation) -> list[str]:
    """What was shown with each signal, in order."""
    return [effect.fence for effect in talk.effects if hasattr(effect, "signal")]


def test_the_guards_are_asked_again_once_it_is_held(talk):
    """Allowed, then the lock, then looked at and judged anew; each signal is bound to it, and at the end it is given back."""
    wants(talk)
    assert talk.answer(TAKEN, at=22_002) == BEGINS
    assert talk.answer(HEALTHY, at=22_003)[0] == "audit decision stuck-job ALLOW"
    talk.answer(Sent(), at=22_004)
    talk.answer(StillRunning(), at=32_004)
    talk.answer(HEALTHY, at=32_005)
    talk.answer(Sent(), at=32_006)
    lines = talk.answer(Exited(), at=32_007)

    assert lines[-2:] == ["give the lock of the fleet back (fence-1, used)", "audit fleet lock given back"]
    assert fences(talk) == ["fence-1", "fence-1"]
    assert talk.state.ledger.fleet.lock is None


def test_who_else_acts_is_told_and_waited_for(talk):
    """One row and one message however long the other takes; it is asked again every five seconds, and then it is this one's turn."""
    wants(talk)
    assert talk.answer(HELD, at=22_002) == ["audit decision stuck-job DENY in_flight", "notify ops action.decided"]
    (row,) = talk.audit("decision")
    assert row.reason.startswith("an action on web2 is under way (recover_process on web2/app[push] since ")
    for turn in range(1, 4):
        at = 22_002 + turn * 5_000
        assert talk.wait(at) == ["measure web1:10:abc"]
        assert talk.answer(HEALTHY) == [TAKE]
        assert talk.answer(HELD) == []
    talk.wait(42_002)
    assert talk.answer(HEALTHY) == [TAKE]
    assert talk.answer(TAKEN) == BEGINS
    assert "signal TERM web1:10:abc" in talk.answer(HEALTHY)


def test_coverage_is_judged_again_under_the_lock():
    """What the other has quieted meanwhile was read under the lock: nothing is sent, and the lock goes back as if it had not been taken."""
    talk = sick(Conversation(with_a_fleet(RULE.replace("KEEP", "50%"))), process(THERE, 2_000))
    wants(talk)
    talk.hear(redis(process(THERE, 22_001, quiet=True)))
    lines = talk.answer(TAKEN, at=22_002)

    assert lines == [
        "audit fleet lock taken",
        "audit decision stuck-job DENY coverage",
        "notify ops action.decided",
        "give the lock of the fleet back (fence-1, not used)",
        "audit fleet lock given back",
    ]
    assert fences(talk) == []


@pytest.mark.parametrize("why", ["refused", "noperm"])
def test_without_the_lock_nothing_is_done_where_others_are(talk, why):
    """It can't be known what they do; the reason names them."""
    wants(talk)
    talk.answer(FleetLockRefused(why), at=22_002)
    (row,) = talk.audit("decision")

    assert (row.decision, row.guard) == ("DENY", "in_flight")
    assert row.reason == f"the lock of the fleet can't be taken ({why}), and processes of web2 beat"
    assert fences(talk) == []


def test_on_a_single_host_it_may_be_missing():
    """Nobody could hold it: what is sent is bound to nothing, and nothing is given back."""
    talk = sick(Conversation(with_a_fleet(RULE.replace("KEEP", "0%"))))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    assert talk.answer(FleetLockRefused("noperm")) == ["measure web1:10:abc"]
    talk.answer(HEALTHY)
    talk.answer(Sent())
    lines = talk.answer(Exited(), at=23_000)

    assert fences(talk) == [""]
    assert not [line for line in lines if "fleet" in line]


def test_all_together_have_acted_often_enough(talk):
    """A person is asked, and told so once; after that time nobody need be, and it goes on by itself."""
    wants(talk)
    # Only the last look comes before it is written down that a person is asked.
    assert talk.answer(FleetBudgetSpent(20_000), at=22_002) == ["measure web1:10:abc"]
    assert talk.answer(HEALTHY) == ["audit approval stuck-job asked", "notify ops action.decided", "audit decision stuck-job ASK budget"]
    (row,) = talk.audit("decision")
    assert row.reason == "the agents of all hosts together have acted as often as `fleet_budget` allows"
    for at in (27_002, 32_002, 37_002):
        assert talk.wait(at) == ["measure web1:10:abc"]
        assert talk.answer(HEALTHY) == []
    assert talk.wait(42_002) == ["audit approval stuck-job lapsed", "notify ops action.decided", "measure web1:10:abc"]
    assert talk.audit("approval")[-1].reason == "nobody need be asked any more: what stood in the way has passed"
    assert talk.answer(HEALTHY) == [TAKE]


def test_dry_run_takes_no_lock():
    """It would change nothing that others could be in the way of."""
    talk = sick(Conversation(with_a_fleet(RULE.replace("KEEP", "0%"), Mode.DRY_RUN)), process(THERE, 2_000))
    beats(talk, 22_000)
    lines = talk.answer(HEALTHY)

    assert lines[0] == "audit decision stuck-job DRY_RUN"
    assert talk.open == {}


def test_a_lost_lock_is_taken_again_before_the_next_signal(talk):
    """What can't be taken back is not given up: under a new number it goes on."""
    begins(talk)
    assert talk.hear(FleetLockLost("fence-1", "gone"), at=30_000) == ["audit fleet lock lost"]
    talk.answer(StillRunning(), at=32_004)
    assert talk.answer(HEALTHY, at=32_005) == [f"{TAKE} again"]
    assert talk.answer(FleetLockTaken("fence-2", 2), at=32_006) == BEGINS
    assert "signal KILL web1:10:abc" in talk.answer(HEALTHY, at=32_007)
    talk.answer(Sent(), at=32_008)
    lines = talk.answer(Exited(), at=32_009)

    assert fences(talk) == ["fence-1", "fence-2"]
    assert lines[-2:] == ["give the lock of the fleet back (fence-2, used)", "audit fleet lock given back"]


def test_a_lost_lock_that_another_has_holds_what_had_begun(talk):
    """It is said who has it, once, and tried again until it is free."""
    begins(talk)
    talk.hear(FleetLockLost("fence-1", "gone"), at=30_000)
    talk.answer(StillRunning(), at=32_004)
    talk.answer(HEALTHY)
    lines = talk.answer(HELD)
    assert lines == ["audit incident stuck-job in_flight KILL held", "notify ops action.stage"]
    talk.wait(37_004)
    talk.answer(HEALTHY)
    assert talk.answer(HELD) == []
    talk.wait(42_004)
    talk.answer(HEALTHY)
    talk.answer(FleetLockTaken("fence-3", 3))
    assert "signal KILL web1:10:abc" in talk.answer(HEALTHY)


def test_a_signal_that_was_refused_for_the_lock_is_sent_under_the_next(talk):
    """The agent was held up between the look and the signal: nothing went out, and it begins again with the lock."""
    begins(talk)
    talk.answer(StillRunning(), at=32_004)
    talk.answer(HEALTHY)
    talk.hear(FleetLockLost("fence-1", "gone"))
    talk.answer(Refused("the lock was lost"))
    talk.wait(37_004)
    assert talk.answer(HEALTHY) == [f"{TAKE} again"]
    talk.answer(FleetLockTaken("fence-2", 2))
    talk.answer(HEALTHY)

    assert fences(talk) == ["fence-1", "fence-1", "fence-2"]


def test_an_old_loss_is_nothing_to_the_lock_of_now(talk):
    """Word of it can come late."""
    begins(talk)

    assert talk.hear(FleetLockLost("fence-0", "gone"), at=30_000) == []
    assert talk.state.ledger.fleet.lock is not None


def test_a_crash_before_anything_had_begun_gives_it_back(talk):
    """The lock was taken and the agent died before its first stage: its successor wants something else, or asks again."""
    wants(talk)
    talk.answer(TAKEN, at=22_002)
    lines = talk.crash()

    assert "give the lock of the fleet back (fence-1, not used)" in lines


def test_a_crash_in_the_middle_keeps_it(talk):
    """The run goes on with the lock that it had; whether it still holds is found out at the next signal."""
    begins(talk)
    talk.crash(lose_world=False)

    assert talk.state.ledger.fleet.lock is not None
    assert talk.state.ledger.fleet.lock.fence == "fence-1"


def test_an_answer_that_nobody_waits_for_gives_it_back(talk):
    """The alert is over by the time the lock comes."""
    wants(talk)
    (effect,) = talk.open
    talk.hear(redis(process(ONE, 23_000), process(THERE, 23_000)), at=23_000)
    talk.hear(RulesLoaded("d", Mode.OBSERVE))
    talk.rules = RuleSet((), "", Mode.OBSERVE)
    lines = talk.answer(TAKEN)

    assert effect not in talk.open
    assert "give the lock of the fleet back (fence-1, not used)" in lines


def test_the_end_of_the_agent_gives_back_what_was_not_begun(talk):
    """Nobody waits a minute for somebody who is gone."""
    wants(talk)
    talk.answer(TAKEN, at=22_002)
    talk.open.clear()
    talk.hear(Stopping("asked to end"))
    talk.state.world.looks.clear()

    assert "give the lock of the fleet back (fence-1, not used)" in talk.wait(60_000) + talk.hear(Stopping("again"))


def order(at: int) -> OperatorAsked:
    """A person wants that process ended."""
    flat: Any = {name: default_of(spec) for name, spec in BY_NAME["terminate_process"].arguments().items()}
    return OperatorAsked(
        id="o1", by="ada", reason="new Ruby", asked=WALL + at, action="terminate_process", process=ONE, arguments=flat, overruled=("cooldown", "coverage")
    )  # fmt: skip


def test_an_order_by_hand_takes_it_too(talk):
    """Nothing of the fleet's budget is asked for: a person has decided."""
    talk.hear(order(5_000), at=5_000)
    assert talk.answer(HEALTHY) == [TAKE]
    (asked,) = talk.open.values()
    assert asked.limit is None  # type: ignore[union-attr]
    assert talk.answer(TAKEN)[:2] == ["audit fleet lock taken", "measure web1:10:abc"]
    assert "audit decision order:o1 ALLOW" in talk.answer(HEALTHY)
    assert talk.state.ledger.fleet.lock is not None
    assert talk.state.ledger.fleet.lock.used


def test_an_order_by_hand_is_told_who_acts(talk):
    """Somebody is there to read it: it is refused at once."""
    talk.hear(order(5_000), at=5_000)
    talk.answer(HEALTHY)
    talk.answer(HELD)
    rows = [row for row in talk.audit("order") if row.guard]

    assert rows[-1].guard == "in_flight"
    assert rows[-1].reason.startswith("an action on web2 is under way (recover_process on web2/app[push] since ")
