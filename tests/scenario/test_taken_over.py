"""A person takes over what a rule has begun: what that means for the lock, the cooldown, the budget, the trust in the rule, and for an approval."""

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from tests.scenario.test_approvals import RULE as ASKED
from tests.scenario.test_approvals import approve, outcomes, settle
from tests.scenario.test_fleet import RULE, TAKEN, THERE, sick, with_a_fleet
from tests.scenario.test_half_way import close, go_on, incident
from tests.scenario.test_silences import silence
from watchdog.model.effects import GiveFleetLockBack, Notify
from watchdog.model.events import Gone, Paused
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.results import Exited, Sent, StillRunning
from watchdog.model.verdicts import Mode

ONE = "web1:10:abc"
TARGET = "web1/app[push]"
HELPS = """
    verify: {when: count(process) > 9, within: 10s}
"""


def left_half_way() -> Conversation:
    """SIGTERM was sent under the lock, the process goes on, and its SIGKILL is held by a pause."""
    text = RULE.replace("KEEP", "0%, trials: 1, min_success: 100%") + HELPS
    talk = sick(Conversation(with_a_fleet(text)), process(THERE, 2_000))
    talk.hear(redis(process(ONE, 22_000), process(THERE, 22_000)), at=22_000)
    for result in (HEALTHY, TAKEN, HEALTHY, Sent()):
        talk.answer(result)
    talk.hear(Paused("ada", "wait"))
    talk.answer(StillRunning(), at=32_100)
    talk.answer(HEALTHY)
    (run,) = talk.state.ledger.runs.values()
    assert run.held_by == "paused"
    assert talk.state.ledger.fleet.lock is not None
    return talk


def test_what_is_closed_gives_the_lock_back_and_counts():
    """The action has been done as far as it went: it counts for the fleet, has its cooldown, and is in the budget; a person's word says nothing against the rule."""
    talk = left_half_way()
    name = incident(talk)
    before = len(talk.effects)
    assert close(talk).outcome == "closed"
    assert [effect.used for effect in talk.effects[before:] if isinstance(effect, GiveFleetLockBack)] == [True]
    ledger = talk.state.ledger
    assert ledger.fleet.lock is None
    assert (ledger.cooldowns[TARGET].incident, ledger.cooldowns[TARGET].ended_at) == (name, talk.at)
    assert [one.incident for one in ledger.spent[TARGET]] == [name]
    assert ledger.success == {}


def test_what_only_waits_for_its_proof_says_nothing_of_the_rule_once_it_is_closed():
    """Neither that it helped nor that it did not."""
    talk = left_half_way()
    go_on(talk, "paused")
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "exited")), at=talk.at + 100)
    talk.answer(Exited())
    assert talk.state.ledger.playbooks[incident(talk)].proof is not None
    assert close(talk).outcome == "closed"
    talk.wait(talk.at + 60_000)
    assert talk.state.ledger.success == {}


def test_what_is_forced_holds_for_this_action_and_no_other():
    """A yes of the one and the force of the other: the pause holds whatever comes next, and the approval is used up."""
    talk = Conversation(rules(ASKED, Mode.ASK))
    talk.hear(redis(process(ONE, 1_000), job(ONE, "j1", 1_000), complete=True), at=1_000)
    talk.hear(host(found(ONE)))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    settle(talk)
    approve(talk)
    talk.answer(Sent())
    talk.hear(Paused("ada", "wait"))
    talk.answer(StillRunning(), at=33_000)
    talk.answer(HEALTHY)
    go_on(talk, "paused")
    assert "signal KILL web1:10:abc" in talk.answer(HEALTHY)
    assert outcomes(talk) == ["asked", "approved", "used"]
    talk.answer(Sent())
    talk.answer(Exited())
    two = "web1:11:def"
    begin = talk.at + 60_000
    talk.wait(begin)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "exited"), process(two, begin), job(two, "j2", begin)), at=begin)
    talk.hear(host(found(two)))
    talk.hear(redis(process(two, begin + 21_000)), at=begin + 21_000)
    row = talk.audit("decision")[-1]
    assert (row.decision, row.guard) == ("DENY", "paused")


@pytest.mark.parametrize("held", [True, False])
def test_no_silence_hides_what_a_person_must_do(held):
    """That a process is left half-way everybody hears of, as critical; of the rest nobody does."""
    talk = sick(Conversation(with_a_fleet(RULE.replace("KEEP", "0%"))), process(THERE, 2_000))
    talk.hear(silence(rule="*"))
    talk.hear(redis(process(ONE, 22_000), process(THERE, 22_000)), at=22_000)
    for result in (HEALTHY, TAKEN, HEALTHY, Sent()):
        talk.answer(result)
    if held:
        talk.hear(Paused("ada", "wait"))
    talk.answer(StillRunning(), at=32_100)
    talk.answer(HEALTHY)
    notices = [effect.notice for effect in talk.effects if isinstance(effect, Notify)]
    assert [(one.severity, one.outcome) for one in notices] == ([(Severity.CRITICAL, "held")] if held else [])
