"""Whole conversations about rules of several steps, about their way out, and about the proof that they helped."""

from collections.abc import Sequence

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.incidents import Branch
from watchdog.engine.playbooks import PATIENCE
from watchdog.engine.status import status
from watchdog.engine.why import why
from watchdog.model.effects import KeepIncident, Notify, SendSignal
from watchdog.model.events import Delta, Gone, Paused, RulesLoaded, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Exited, Refused, Sent, StillRunning
from watchdog.model.verdicts import Mode

ONE, TWO = "web1:10:abc", "web1:11:def"
HEAD = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""
VERIFY = HEAD + "    verify: {when: 'queue(\"push\").size < 10', within: 1m}\n"
OR_ELSE = HEAD + "    or_else: [{terminate_process: {process: job.process, grace: 1m}}]\n"
STEPS = HEAD.replace("grace: 10s}\n", "grace: 10s}\n      - terminate_process: {process: job.process, grace: 20s}\n")


def queue(size: int | None) -> Delta:
    """So many jobs wait in `push`."""
    return Delta(Kind.QUEUE, "push", {"name": "push", "size": size})


def begun(text: str) -> Conversation:
    """A local process whose job was found stuck at 22 s, and TERM has been sent."""
    talk = Conversation(rules(text))
    talk.hear(redis(process(ONE, 2_000), process(TWO, 2_000), job(ONE, "j1", 1_000), queue(50), complete=True), at=2_000)
    talk.hear(host(found(ONE, unit="sidekiq@1.service"), found(TWO, unit="sidekiq@2.service")))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    return talk


def ended(text: str) -> Conversation:
    """The same, and it ended by TERM at 25 s."""
    talk = begun(text)
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")), at=25_000)
    talk.answer(Exited())
    return talk


def incidents(talk: Conversation) -> list[str]:
    """How each incident stands."""
    kept = {effect.incident.id: effect.incident for effect in talk.effects if isinstance(effect, KeepIncident)}
    return [one.outcome for one in kept.values()]


def told(talk: Conversation) -> Sequence[tuple[str, str, str]]:
    """The last notice."""
    return [(one.notice.kind, one.notice.severity, one.notice.title) for one in talk.effects if isinstance(one, Notify)][-1:]


def test_a_proof_that_comes():
    """After the last step the incident stays open until the condition is true; then it is over, and everybody hears that it helped."""
    talk = ended(VERIFY)

    assert incidents(talk) == ["open"]
    assert [row.outcome for row in talk.audit("incident")][-2:] == ["step ended", "verifying"]
    assert talk.hear(redis(queue(20)), at=40_000) == []
    assert talk.hear(redis(queue(9)), at=41_000) == ["audit incident stuck-job verify verified", "notify ops action.ended"]
    assert incidents(talk) == ["verified"]
    helped = 'terminate_process on web1/sidekiq@1.service: it helped: queue("push").size < 10'
    assert told(talk) == [("action.ended", "warning", helped)]
    assert talk.state.ledger.playbooks == {}


def test_a_proof_that_does_not_come():
    """When the time is over it is said loudly, at that very moment, although nothing else happens then."""
    talk = ended(VERIFY)
    lines = talk.wait(200_000)

    assert lines == ["audit incident stuck-job verify unverified", "notify ops action.ended"]
    assert talk.audit("incident")[-1].wall - talk.audit("incident")[-2].wall == 60_000
    assert (incidents(talk), told(talk)[0][1]) == (["unverified"], "critical")


def test_a_blind_source_stops_the_time_of_a_proof():
    """What can't be read proves nothing: the minute goes on when it is back."""
    talk = ended(VERIFY)
    talk.hear(SourceLost(Source.REDIS, "refused", "m"), at=50_000)
    assert [line for line in talk.wait(500_000) if "incident" in line] == []
    talk.hear(redis(queue(50), process(TWO, 500_000), complete=True), at=500_000)
    talk.hear(SourceBack(Source.REDIS))

    assert [line for line in talk.wait(534_999) if "incident" in line] == []
    assert "audit incident stuck-job verify unverified" in talk.wait(535_000)


def test_a_restart_stops_the_time_of_a_proof():
    """The agent was away: that time counts for nothing, nor does what its ledger did not come to know of the time before."""
    talk = ended(VERIFY)
    talk.at = 300_000
    talk.crash()
    assert [line for line in talk.wait(310_000) if "verif" in line] == []
    talk.hear(redis(queue(40), process(TWO, 310_000), complete=True))

    assert [line for line in talk.wait(369_999) if "verify" in line] == []
    assert "audit incident stuck-job verify unverified" in talk.wait(370_000)


def test_the_entity_is_seen_as_it_was():
    """The job is gone with its process; `verify` still knows its queue and how long it had been running, and sees others as they are."""
    text = (
        HEAD
        + "    verify: {when: 'job.queue == \"push\" and job.elapsed == 21s and count(process where process.host == job.host) == 1', within: 1m}\n"
    )
    talk = ended(text)

    assert incidents(talk) == ["verified"]


def test_a_process_is_seen_as_it_was():
    """Its ages stand still, however long the proof takes."""
    text = (
        HEAD.replace("each: job", "each: process").replace("job.elapsed > 20s", "process.beat_age > 30s").replace("job.process", "process")
        + "    verify: {when: 'process.beat_age < 31s and queue(\"push\").size == 0', within: 10m}\n"
    )
    talk = Conversation(rules(text))
    talk.hear(redis(process(ONE, 2_000), process(TWO, 2_000), queue(50), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    talk.hear(redis(process(TWO, 30_000)), at=30_000)
    talk.wait(32_001)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")), at=40_000)
    talk.answer(Exited())
    talk.hear(redis(queue(0)), at=400_000)

    assert incidents(talk) == ["verified"]


def test_no_second_playbook_while_the_first_is_being_proven():
    """Another stuck job of the same target has to wait, and then for the cooldown."""
    talk = ended(VERIFY)
    again = "web1:12:xyz"
    talk.hear(redis(process(again, 30_000), job(again, "j2", 29_000)), at=30_000)
    talk.hear(host(found(again, unit="sidekiq@1.service")))
    talk.hear(redis(process(again, 50_000)), at=50_000)
    assert [row.decision for row in talk.audit("decision")] == ["ALLOW"]

    talk.wait(90_000)
    assert [(row.decision, row.guard) for row in talk.audit("decision")] == [("ALLOW", ""), ("DENY", "cooldown")]


def test_a_failed_step_has_a_way_out():
    """A process that outlives SIGKILL: the failure is said, the guards are asked anew, and what stands under `or_else` is done."""
    talk = begun(OR_ELSE)
    talk.answer(StillRunning(), at=32_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    lines = talk.answer(StillRunning(), at=62_000)

    assert lines == [
        "audit outcome stuck-job death still running",
        "drop flight",
        "audit incident stuck-job death step failed",
        "notify ops action.stage",
        "measure web1:10:abc",
    ]
    assert next(iter(talk.state.ledger.playbooks.values())).branch is Branch.OR_ELSE
    assert "audit incident stuck-job evidence next step" in talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")), at=70_000)
    assert talk.answer(Exited())[-2:] == ["audit incident stuck-job over ended", "notify ops action.ended"]
    assert incidents(talk) == ["ended"]
    assert {row.incident for row in talk.audit("intent")} == {talk.audit("incident")[0].incident}


def test_a_way_out_that_fails_is_the_end():
    """There is no way out of the way out."""
    talk = begun(OR_ELSE)
    for grace_over, death_over in ((32_000, 62_000), (122_000, 152_000)):
        talk.hear(redis(process(TWO, grace_over)), at=grace_over)
        talk.answer(StillRunning())
        talk.answer(HEALTHY)
        talk.answer(Sent())
        talk.answer(StillRunning(), at=death_over)
        if death_over == 62_000:
            talk.answer(HEALTHY)
            talk.answer(Sent())

    assert incidents(talk) == ["failed"]


def test_the_next_step_is_not_stopped_by_its_own_cooldown():
    """Steps of one incident follow each other; a process that is no longer there needs no second one."""
    talk = ended(STEPS)

    assert [row.outcome for row in talk.audit("incident")] == ["opened", "step ended", "ended"]
    assert "nothing was left to do" in talk.audit("incident")[-1].reason
    assert [effect.signal for effect in talk.effects if isinstance(effect, SendSignal)] == ["TERM"]


def test_every_guard_is_asked_before_the_next_step():
    """Somebody paused between two steps: the second one waits, other rules keep their hands off the target, and after an hour it is given up."""
    talk = begun(STEPS)
    talk.hear(Paused("ada", "maintenance"))
    # TERM is out: only death is waited for, and nothing is left to do but the second step. The host has not told of the end yet.
    talk.answer(Exited(), at=25_000)
    decisions = [(row.decision, row.guard) for row in talk.audit("decision")]
    talk.wait(30_000)
    waiting = why(talk.rules, talk.state, "stuck-job", f"{ONE}/t1/j1/1000", talk.at)

    assert decisions == [("ALLOW", ""), ("DENY", "paused")]
    assert status(talk.state, talk.at)["incidents"][0]["stage"] == "next step"
    assert waiting["incident"]["stage"] == "next step"
    talk.wait(25_000 + PATIENCE)
    assert incidents(talk) == ["failed"]
    assert "was not allowed within 60 min" in talk.audit("incident")[-1].reason
    # What was not allowed has not been tried: it says nothing of the rule.
    assert talk.state.ledger.success == {}


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.DRY_RUN])
def test_a_lowered_mode_ends_a_playbook_between_two_steps(mode):
    """Whoever lowers the mode wants no further step."""
    talk = begun(STEPS)
    talk.hear(Paused("ada", "maintenance"))
    talk.answer(Exited(), at=25_000)
    talk.rules = rules(STEPS, mode)
    talk.hear(RulesLoaded("d2", mode), at=26_000)

    assert incidents(talk) == ["abandoned"]


def test_a_rule_that_is_gone_ends_its_playbook():
    """Between two steps what is left to do is abandoned; a proof that nobody asks for any more is none."""
    for text, outcome in ((STEPS, "abandoned"), (VERIFY, "ended")):
        talk = begun(text)
        talk.hear(Paused("ada", "maintenance"))
        if text is VERIFY:
            talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")))
        talk.answer(Exited(), at=25_000)
        talk.rules = rules("rules: [{rule: other, each: queue, when: queue.size > 1}]")
        talk.hear(RulesLoaded("d2", Mode.ACT), at=26_000)

        assert incidents(talk) == [outcome]
        assert talk.state.ledger.playbooks == {}


def test_dry_run_tells_all_steps():
    """Each with the time at which it would have come at the latest."""
    talk = Conversation(rules(STEPS, Mode.DRY_RUN))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)

    assert [(row.stage, row.would_at - row.wall) for row in talk.audit("would")] == [
        ("TERM", 0),
        ("KILL", 10_000),
        ("TERM", 10_000),
        ("KILL", 30_000),
    ]
    assert incidents(talk) == ["would"]


def test_a_first_step_that_could_not_be_done_is_no_playbook():
    """Nothing was changed: the incident is abandoned, and the alert wants it again."""
    talk = Conversation(rules(VERIFY))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), queue(50), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    talk.answer(Refused("not permitted"))

    assert incidents(talk) == ["abandoned"]
    assert len(talk.state.ledger.requests) == 1


def test_a_step_that_was_cut_off_in_the_next_step_goes_on():
    """The agent dies while the way out is under way: after the restart it is the same incident."""
    talk = begun(OR_ELSE)
    talk.answer(StillRunning(), at=32_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.answer(StillRunning(), at=62_000)
    talk.answer(HEALTHY)
    talk.crash()
    talk.hear(redis(process(ONE, 62_000), process(TWO, 62_000), job(ONE, "j1", 1_000), queue(50), complete=True))
    talk.hear(host(found(ONE, unit="sidekiq@1.service")))
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.answer(Exited(), at=80_000)

    assert incidents(talk) == ["ended"]
    assert len({row.incident for row in talk.audit("incident")}) == 1
