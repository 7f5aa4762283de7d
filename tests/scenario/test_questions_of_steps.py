"""One yes is for all steps that were told, on that very process; what is done instead of them needs its own."""

from tests.scenario.conversation import HEALTHY, Conversation
from tests.scenario.test_approvals import ONE, approve, only, outcomes, pass_time, signals, waiting
from watchdog.engine.approvals import Standing
from watchdog.model.results import Exited, Sent, StillRunning

STEPS = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    or_else:
      - terminate_process: {process: job.process, grace: 2s}
    guards: {cooldown: 10s, keep: 0%, answer_within: 30m}
    notify: [ops]
"""


def fail_first_step(talk: Conversation) -> None:
    """The process outlives SIGKILL."""
    talk.answer(Sent())
    talk.answer(StillRunning(), at=talk.at + 11_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.answer(StillRunning(), at=talk.at + 31_000)


def test_what_is_done_instead_is_asked_about_by_itself():
    """A yes is for what was told: where that fails, `or_else` needs its own."""
    talk = waiting(text=STEPS)
    first = only(talk)
    approve(talk)
    fail_first_step(talk)
    pass_time(talk, 60_000)

    second = only(talk)
    assert (second.standing, second.playbook) == (Standing.OPEN, next(iter(talk.state.ledger.playbooks)))
    assert second.thread == first.thread
    assert [step.arguments["grace"] for step in (*first.plan, *second.plan)] == [10_000, 2_000]
    before = len(signals(talk))
    assert approve(talk).startswith("approved")
    assert signals(talk)[before:] == [f"TERM {ONE}"]
    assert [one.standing for one in talk.state.ledger.approvals.values()] == [Standing.USED, Standing.USED]


def test_a_later_step_that_was_told_needs_no_second_word():
    """Two steps on the very process: one yes is for both."""
    step = "      - terminate_process: {process: job.process, grace: 10s}\n"
    talk = waiting(text=STEPS.replace(step, step + step.replace("10s", "20s")).replace("    or_else:\n" + step.replace("10s", "2s"), ""))
    assert [step.arguments["grace"] for step in only(talk).plan] == [10_000, 20_000]
    approve(talk)
    talk.answer(Sent())
    talk.answer(Exited())
    while talk.open and len(signals(talk)) < 2:
        talk.answer(HEALTHY)

    assert outcomes(talk) == ["asked", "approved", "used"]
    assert "ASK" not in [row.decision for row in talk.audit("decision")][1:]
