"""A rule that acts night after night and never helps: it demotes itself, says so once, and waits for a person to trust it again."""

from tests.scenario.conversation import Conversation, rules
from tests.scenario.test_budget import decided, wedge
from watchdog.engine.status import status
from watchdog.engine.trust import forgive
from watchdog.engine.turn import Turn
from watchdog.engine.why import why
from watchdog.model.effects import Notify
from watchdog.model.events import Event, TimeReached
from watchdog.model.notices import Notice, Severity
from watchdog.model.verdicts import Mode

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    verify: {when: count(process) > 9, within: 10s}
    guards: {cooldown: 10s, cooldown_max: 0s, keep: 0%, budget: 99/1h, target_budget: 99/1h, host_budget: 99/1h, min_success: 50%, trials: 3}
    notify: [ops]
"""


def told(talk: Conversation) -> list[Notice]:
    """What people were told of the rule itself."""
    return [effect.notice for effect in talk.effects if isinstance(effect, Notify) and effect.notice.outcome == "demoted"]


def test_from_the_first_failure_to_the_person_who_trusts_it_again():
    """
    Three incidents without a proof, and the fourth only asks, over a restart of the agent, too.

    Status and `why` say since when and for what; forgiven, it acts at once.
    """
    talk = Conversation(rules(RULE))
    for number in range(3):
        assert told(talk) == []
        wedge(talk, number)
        talk.wait(talk.at + 11_000)
    assert [row.outcome for row in talk.audit("incident") if row.stage == "verify" and row.outcome != "verifying"] == ["unverified"] * 3
    assert [(one.severity, one.title) for one in told(talk)] == [
        (Severity.CRITICAL, "rule stuck-job only asks from now on: 0 of its last 3 incidents helped, less than 50%")
    ]

    wedge(talk, 3)
    talk.crash()
    wedge(talk, 4)
    reason = "0 of its last 3 incidents helped, less than 50%"
    assert decided(talk)[3:] == [("ASK", "trust")] * 2
    assert [(one["rule"], one["reason"]) for one in status(talk.state, talk.at)["demoted"]] == [("stuck-job", reason)]
    guards = why(talk.rules, talk.state, "stuck-job", "web1:14:abc4/t1/j4/0", talk.at)["guards"]
    assert [(one["answer"], one["reason"]) for one in guards if one["guard"] == "trust"] == [
        ("ASK", f"the rule has demoted itself to ask: {reason}")
    ]
    assert len(told(talk)) == 1

    turn = Turn(talk.rules, talk.state, Event(talk.seq, talk.at, talk.booted_wall + talk.at, TimeReached()))
    assert forgive(turn, "stuck-job")
    talk.state = turn.end()
    wedge(talk, 5)
    assert decided(talk)[-1] == ("ALLOW", "")
    assert status(talk.state, talk.at)["demoted"] == []


def test_dry_run_learns_nothing():
    """What was left out has neither helped nor failed, and leaves no mark."""
    talk = Conversation(rules(RULE, Mode.DRY_RUN))
    for number in range(5):
        wedge(talk, number)

    assert decided(talk) == [("DRY_RUN", "")] * 5
    assert talk.state.ledger.success == {}
