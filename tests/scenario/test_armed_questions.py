"""A rule that somebody has armed further than its file says asks, and is answered, like any other."""

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from tests.scenario.test_acks import TARGET, ack
from tests.scenario.test_approvals import ONE, RULE, approve, only, outcomes, pass_time, signals, wedge
from tests.scenario.test_budget import RULE as OFTEN
from tests.scenario.test_budget import decided
from tests.scenario.test_budget import wedge as stuck
from watchdog.engine.approvals import Standing
from watchdog.model.told import OperatorArmed
from watchdog.model.verdicts import Mode


def armed(mode: Mode, text: str = RULE, *, file: str = "dry-run") -> Conversation:
    """The file lets the rule say only what it would do; a person has armed it, and then a process gets stuck."""
    talk = Conversation(rules(text.replace("each: job", f"mode: {file}\n    each: job")))
    talk.hear(OperatorArmed(id="m1", by="ada", reason="it was right", asked=WALL, rule="stuck-job", mode=mode))
    wedge(talk)
    return talk


def hangs(talk: Conversation) -> None:
    """One more is stuck, and stays so."""
    begin = talk.at + 60_000
    talk.wait(begin)
    one = "web1:12:abc2"
    talk.hear(redis(process(one, begin, booted_at=begin), job(one, "j2", begin), complete=True))
    talk.hear(host(found(one)))
    talk.hear(redis(process(one, begin + 21_000)), at=begin + 21_000)
    talk.wait(begin + 30_000)
    if talk.open:
        talk.answer(HEALTHY)


@pytest.mark.parametrize("file", ["dry-run", "observe"])
def test_the_question_stays_open(file):
    """One question, however long it waits, and a yes is heeded."""
    talk = armed(Mode.ASK, file=file)
    pass_time(talk, 120_000)
    assert outcomes(talk) == ["asked"]
    assert only(talk).standing is Standing.OPEN
    approve(talk)
    assert signals(talk) == [f"TERM {ONE}"]


@pytest.mark.parametrize(("file", "mode"), [("observe", Mode.ACT), ("act", Mode.DRY_RUN)])
def test_an_ack_lets_the_budget_begin_anew(file, mode):
    """It is looked at by the book of the mode that is in force, and not of that which the file says."""
    talk = Conversation(rules(OFTEN.replace("each: job", f"mode: {file}\n    each: job")))
    talk.hear(OperatorArmed(id="m1", by="ada", reason="it was right", asked=WALL, rule="stuck-job", mode=mode))
    for number in range(2):
        stuck(talk, number)
    hangs(talk)
    assert decided(talk)[-1] == ("ASK", "budget")
    assert ack(talk, rule="stuck-job", target=TARGET).detail["rearmed"] is True
