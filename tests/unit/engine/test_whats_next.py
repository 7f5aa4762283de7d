"""What comes next, as people are told: when it is asked again, what follows, or what a person types."""

import pytest

from tests.scenario.conversation import rules
from watchdog.engine import whats_next
from watchdog.engine.approvals import Standing
from watchdog.engine.guards import ORDER
from watchdog.engine.guards.combine import Judgement
from watchdog.model.targets import Signal
from watchdog.model.verdicts import Answer, Decision, Mode, Verdict

TEXT = """
rules:
  - {rule: acts, each: job, when: job.elapsed > 20s, then: [{terminate_process: {process: job.process}}], guards: {cooldown: 5m}, verify: {when: 'queue("push").size < 10', within: 5m}}
  - {rule: tells, each: job, when: job.elapsed > 20s}
"""
ACTS, TELLS = rules(TEXT).rules


def judged(decision: Decision, guard: str = "cooldown", until: int | None = None) -> Judgement:
    """What one guard has said."""
    answer = {Decision.DENY: Answer.DENY, Decision.ASK: Answer.ASK}.get(decision, Answer.PASS)
    verdict = Verdict(guard, answer, "why", until)
    return Judgement(decision, verdict, (verdict,))


@pytest.mark.parametrize(
    ("rule", "mode", "says"),
    [(ACTS, Mode.ACT, ""), (ACTS, Mode.DRY_RUN, ""), (ACTS, Mode.OBSERVE, whats_next.NOBODY), (TELLS, Mode.ACT, whats_next.NOBODY)],
)
def test_of_an_alert(rule, mode, says):
    """Where nothing is asked for a person has to look; else the answer of the guards is a message of its own."""
    assert whats_next.after_firing(rule, mode) == says


@pytest.mark.parametrize(
    ("judgement", "mode", "says"),
    [
        (judged(Decision.DENY, until=1_780_000), Mode.ACT, "asked again in 13m"),
        (judged(Decision.DENY), Mode.ACT, "tried again as soon as nothing stands in the way, as long as it fires"),
        (judged(Decision.DENY, until=1_000), Mode.ACT, "tried again as soon as nothing stands in the way, as long as it fires"),
        (judged(Decision.DENY, "paused", until=1_780_000), Mode.ACT, "asked again when that ends, or after: sidekiq-watchdog resume"),
        (judged(Decision.DENY, "protected"), Mode.ACT, "nothing by itself: it is on the list of what is never touched, a person must look"),
        (judged(Decision.DRY_RUN), Mode.DRY_RUN, "nothing: the rule only says what it would do (dry-run)"),
        (judged(Decision.ASK), Mode.DRY_RUN, "nothing: nobody is asked in dry-run"),
        (judged(Decision.ASK), Mode.ASK, ""),
        (judged(Decision.ALLOW), Mode.ACT, ""),
    ],
)  # fmt: skip
def test_of_a_decision(judgement, mode, says):
    """When it is asked again; or that it is not, and by which words of a person it goes on."""
    assert whats_next.after_decision(judgement, mode, 1_000_000) == says


def test_what_people_say_is_said_of_guards_that_there_are():
    """No guard is called by a name of the past."""
    assert set(whats_next._BY_PERSON) <= {name for name, _ in ORDER}


@pytest.mark.parametrize(
    ("signal", "arguments", "begins"),
    [
        (Signal.TSTP, {"drain": 60_000}, "it takes no more jobs, and is ended once only stuck ones are left: in 1m at the latest"),
        (Signal.TERM, {"grace": 20_000}, "SIGKILL in 20s, if it still lives then"),
        (Signal.KILL, {}, "the jobs that it held are put back"),
        (Signal.CONT, {"grace": 20_000}, ""),
        (Signal.TERM, {}, ""),
    ],
)
def test_of_a_signal(signal, arguments, begins):
    """What is done to its process then, and when."""
    said = whats_next.after_signal(signal, arguments)

    assert said.startswith(begins)
    assert bool(said) is bool(begins)


def test_of_a_step_and_of_the_end():
    """The proof with its time; and that a person must look where it did not help."""
    assert whats_next.after_step(ACTS, is_last=False) == "the guards are asked for its next step"
    assert whats_next.after_step(ACTS, is_last=True) == 'proof within 5m: queue("push").size < 10'
    assert whats_next.after_step(TELLS, is_last=True) == ""
    assert whats_next.after_step(None, is_last=True) == ""
    assert [bool(whats_next.after_end(outcome)) for outcome in ("verified", "ended", "unverified", "failed", "closed", "abandoned")] == [
        False, False, True, True, True, False,
    ]  # fmt: skip


def test_of_a_question():
    """What to type and where; and for how long an answer holds."""
    assert whats_next.to_answer("7kq2m", "web1", 1_800_000, 1) == (
        "type sidekiq-watchdog approve 7kq2m (or deny 7kq2m) on web1 within 30m, else it is not done"
    )
    assert whats_next.to_answer("7kq2m", "web1", 1_800_000, 2).startswith("2 people must say sidekiq-watchdog approve 7kq2m")
    assert "10m" in whats_next.after_answer(Standing.APPROVED)
    assert [whats_next.after_answer(standing).startswith("not asked again for 1d") for standing in (Standing.DENIED, Standing.EXPIRED)] == [
        True, True,
    ]  # fmt: skip
    assert whats_next.after_answer(Standing.LAPSED) == ""
    assert whats_next.tried_again(15_000, 600_000) == "tried again every 15s, for 10m at most"
