"""A rule that acts again and again on one target: it has its share, in dry-run as in act, and then a person is asked."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.model.effects import Notify
from watchdog.model.events import Gone
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.results import Exited, Refused, Sent
from watchdog.model.verdicts import Mode

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {cooldown: 10s, keep: 0%, budget: 2/1h}
    notify: [ops]
"""


def wedge(talk: Conversation, number: int, *, queue: str = "push") -> None:
    """The next process of that name has a stuck job."""
    one = f"web1:{10 + number}:abc{number}"
    begin = talk.at + 60_000
    talk.wait(begin)
    talk.hear(redis(process(one, begin, booted_at=begin, queues=(queue,)), job(one, f"j{number}", begin, queue=queue), complete=True))
    talk.hear(host(found(one)))
    talk.hear(redis(process(one, begin + 21_000, queues=(queue,))), at=begin + 21_000)
    talk.wait(begin + 30_000)
    answers: list[Any] = [HEALTHY, Sent(), Exited()]
    while talk.open and answers:
        talk.answer(answers.pop(0))
    talk.hear(redis(Gone(Kind.PROCESS, one, "exited")), at=talk.at + 1)


def decided(talk: Conversation) -> list[tuple[str, str]]:
    """What was decided."""
    return [(row.decision, row.guard) for row in talk.audit("decision") if row.outcome != "no longer wanted"]


@pytest.mark.parametrize(("mode", "does"), [(Mode.ACT, "ALLOW"), (Mode.DRY_RUN, "DRY_RUN")])
def test_the_third_is_left_for_a_person(mode, does):
    """Also where nothing was really done: dry-run says what act would have said, and each mode keeps to its own book."""
    talk = Conversation(rules(RULE, mode))
    for number in range(3):
        wedge(talk, number)

    assert decided(talk) == [(does, ""), (does, ""), ("ASK", "budget")]
    assert (talk.state.ledger.spent == {}) is (mode is Mode.DRY_RUN)
    counted = talk.state.ledger.week.rules["stuck-job"]
    assert (counted.begun + counted.would, counted.asked) == (2, {"budget": 1})
    notice = [effect.notice for effect in talk.effects if isinstance(effect, Notify) and effect.notice.guard == "budget"][-1]
    assert notice.severity is Severity.CRITICAL
    waits = "waits for a person" if mode is Mode.ACT else "would wait for a person (dry-run)"
    assert notice.title.startswith(
        f"terminate_process on web1/app[push]: {waits} (this rule has acted on web1/app[push] 2 times within 1 h already)"
    )


def test_a_restart_of_the_agent_spends_nothing_and_forgets_nothing():
    """Over a restart, and until the hour is over."""
    talk = Conversation(rules(RULE))
    for number in range(2):
        wedge(talk, number)
    talk.crash()
    wedge(talk, 2)
    assert decided(talk)[-1] == ("ASK", "budget")

    talk.wait(talk.at + 3_600_000)
    wedge(talk, 3)
    assert decided(talk)[-1] == ("ALLOW", "")


def test_what_was_not_done_costs_nothing():
    """A process that has ended by itself before it was signalled."""
    talk = Conversation(rules(RULE))
    wedge(talk, 0)
    before = talk.state.ledger.spent
    one = "web1:20:zzz"
    talk.wait(talk.at + 60_000)
    talk.hear(redis(process(one, talk.at), job(one, "j9", talk.at), complete=True))
    talk.hear(host(found(one)))
    talk.hear(redis(process(one, talk.at + 21_000)), at=talk.at + 21_000)
    talk.answer(HEALTHY)
    talk.answer(Refused("not permitted"))

    assert talk.audit("incident")[-1].outcome == "abandoned"
    assert talk.state.ledger.spent == before


def test_the_scheduler_is_ended_once_a_day():
    """Whatever the rule's own budget says."""
    talk = Conversation(rules(RULE))
    wedge(talk, 0, queue="scheduler")
    wedge(talk, 1, queue="scheduler")

    assert decided(talk) == [("ALLOW", ""), ("ASK", "budget")]


OTHERS = """
  - rule: stuck-too
    each: job
    when: job.elapsed > 20s and job.jid == "j2"
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {cooldown: 10s, keep: 0%, budget: 9/1h, target_budget: 2/1h}
"""


@pytest.mark.parametrize(("mode", "does"), [(Mode.ACT, "ALLOW"), (Mode.DRY_RUN, "DRY_RUN")])
def test_rules_share_a_target(mode, does):
    """What one of them has done to it counts for the other, in dry-run by its own book."""
    mine = RULE.replace("budget: 2/1h", "budget: 9/1h").replace("> 20s", '> 20s and job.jid != "j2"')
    talk = Conversation(rules(mine + OTHERS, mode))
    for number in range(3):
        wedge(talk, number)

    assert decided(talk) == [(does, ""), (does, ""), ("ASK", "budget")]
    assert talk.audit("decision")[2].rule == "stuck-too"
    assert talk.audit("decision")[2].reason == "rules have acted on web1/app[push] 2 times within 1 h already"


@pytest.mark.parametrize("mode", [Mode.ACT, Mode.DRY_RUN])
def test_a_host_has_its_share(mode):
    """Each time another target; the third one of the host is left for a person until the hour is over."""
    talk = Conversation(rules(RULE.replace("budget: 2/1h", "host_budget: 2/1h"), mode))
    for number in range(3):
        wedge(talk, number, queue=f"q{number}")

    assert decided(talk)[-1] == ("ASK", "budget")
    assert talk.audit("decision")[-1].reason == "rules have acted on the host web1 2 times within 1 h already"
    talk.wait(talk.at + 3_600_000)
    wedge(talk, 3, queue="q3")
    assert decided(talk)[-1] in {("ALLOW", ""), ("DRY_RUN", "")}


@pytest.mark.parametrize(("mode", "does"), [(Mode.ACT, "ALLOW"), (Mode.DRY_RUN, "DRY_RUN")])
def test_the_cooldown_grows_with_each_action(mode, does):
    """Five minutes, ten, twenty, over restarts of the agent, too; and a day later five again."""
    talk = Conversation(rules(RULE.replace("cooldown: 10s", "cooldown: 5m").replace("budget: 2/1h", "budget: 9/1h"), mode))
    told = []
    for number in range(4):
        wedge(talk, 2 * number)
        wedge(talk, 2 * number + 1)
        assert decided(talk)[-2:] == [(does, ""), ("DENY", "cooldown")]
        told.append(talk.audit("decision")[-2 if talk.audit("decision")[-1].outcome else -1].reason.partition("; ")[2])
        talk.crash()
        talk.wait(talk.at + (3_600_000 if number < 2 else 86_400_000))

    assert told == ["", *(f"after {times} actions within 24 h the cooldown is {minutes} min" for times, minutes in ((2, 10), (3, 20))), ""]
