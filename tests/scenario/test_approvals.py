"""A person is asked, and answers: what is approved is done once, on that very process, for those reasons, and what is not approved is not done."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.approvals import HOLDS, USE_WITHIN, Approval, Standing
from watchdog.model.effects import Notify, SendSignal
from watchdog.model.events import Gone, Paused, Resumed
from watchdog.model.kinds import Kind
from watchdog.model.notices import Notice
from watchdog.model.results import Exited, Look, Sent, StillRunning
from watchdog.model.told import OperatorApproved, OperatorDenied
from watchdog.model.verdicts import Mode

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {cooldown: 10s, keep: 0%, answer_within: 30m}
    notify: [ops]
"""
ONE = "web1:10:abc"
TWO = "web1:11:def"
HOUR = 3_600_000


def wedge(talk: Conversation, identity: str = ONE) -> None:
    """A process comes up, and its job is stuck for long enough to be asked about."""
    begin = talk.at + 1_000
    talk.hear(redis(process(identity, begin), job(identity, "j1", begin), complete=True), at=begin)
    talk.hear(host(found(identity)))
    beat(talk, identity, begin + 21_000)
    settle(talk)


def beat(talk: Conversation, identity: str, at: int) -> None:
    """It beats."""
    talk.wait(at)
    talk.hear(redis(process(identity, at)), at=at)


def settle(talk: Conversation, look: Look = HEALTHY) -> None:
    """What is looked at now is found like that."""
    if talk.open and not talk.state.ledger.runs:
        talk.answer(look)


def pass_time(talk: Conversation, milliseconds: int) -> None:
    """The process beats on and is looked at, every ten seconds or, over a long time, every minute."""
    end = talk.at + milliseconds
    while talk.at < end:
        beat(talk, ONE, min(end, talk.at + (10_000 if milliseconds <= HOUR else 60_000)))
        settle(talk)


def waiting(mode: Mode = Mode.ASK, text: str = RULE) -> Conversation:
    """A person has just been asked."""
    talk = Conversation(rules(text, mode))
    wedge(talk)
    return talk


def only(talk: Conversation) -> Approval:
    """The question that was asked last."""
    return list(talk.state.ledger.approvals.values())[-1]


def approve(talk: Conversation, approval: str = "", *, by: str = "ada", channel: str = "local", number: int = 0) -> str:
    """Somebody says yes; what the answer to that is, in a word and a sentence."""
    said = OperatorApproved(
        id=f"a{number or talk.seq}",
        by=by,
        reason="go on",
        asked=talk.booted_wall + talk.at,
        approval=approval or only(talk).id,
        channel=channel,
    )
    return answered(talk, said)


def deny(talk: Conversation, approval: str = "", *, by: str = "ben") -> str:
    """Somebody says no."""
    return answered(
        talk,
        OperatorDenied(id=f"d{talk.seq}", by=by, reason="I am on it", asked=talk.booted_wall + talk.at, approval=approval or only(talk).id),
    )


def answered(talk: Conversation, said: Any) -> str:
    """Tells it to the agent."""
    talk.hear(said)
    row = talk.audit("operator")[-1]
    assert row.detail["told"] == said.id
    settle(talk)
    return f"{row.outcome}: {row.reason}"


def signals(talk: Conversation) -> list[str]:
    """What was sent."""
    return [f"{effect.signal} {effect.target.identity}" for effect in talk.effects if isinstance(effect, SendSignal)]


def notices(talk: Conversation) -> list[Notice]:
    """What people were told about questions."""
    return [effect.notice for effect in talk.effects if isinstance(effect, Notify) and effect.notice.approval]


def outcomes(talk: Conversation) -> list[str]:
    """What became of questions."""
    return [row.outcome for row in talk.audit("approval")]


def test_what_is_asked():
    """One message in the thread of the alert: what would be done, why, what is seen, until when, and what to type. It is said once, however long it waits."""
    talk = waiting()
    pass_time(talk, 60_000)

    (notice,) = notices(talk)
    one = only(talk)
    assert notice.thread == next(iter(talk.state.ledger.alerts.values())).id
    how = f"sidekiq-watchdog approve {one.id} on web1 within 30m, else it is not done"
    assert notice.title == f"terminate_process on web1/app[push]: waits for a person (the mode is ask): {how}"
    assert (notice.reason, notice.plan) == ("the mode is ask", one.stages)
    assert notice.plan[0] == "+0.0 s: would send SIGTERM"
    assert notice.seen == ("job.elapsed = 21s",)
    assert notice.next == f"type sidekiq-watchdog approve {one.id} (or deny {one.id}) on web1 within 30m, else it is not done"
    (asked,) = talk.audit("approval")
    assert asked.reason.startswith("the mode is ask; +0.0 s: would send SIGTERM")
    assert asked.reason.endswith("; seen: stuck-job: SleepForever j1 on push, job.elapsed = 21s")
    assert notice.approval == one.id
    assert len(one.id) == 5
    assert (one.standing, one.needed, one.ref.identity if one.ref else "") == (Standing.OPEN, 1, ONE)
    assert [(row.decision, row.guard) for row in talk.audit("decision")] == [("ASK", "approval")]
    assert signals(talk) == []


def test_approved_it_is_begun_and_carried_to_its_end():
    """The guards are asked again, then the signal goes out; KILL needs no second word, and the incident says by whose leave."""
    talk = waiting()
    said = approve(talk)

    assert said.startswith("approved: terminate_process on web1/app[push]: it is put before all guards again")
    assert signals(talk) == [f"TERM {ONE}"]
    talk.answer(Sent())
    talk.wait(talk.at + 11_000)
    talk.answer(StillRunning())
    talk.answer(HEALTHY)
    assert signals(talk) == [f"TERM {ONE}", f"KILL {ONE}"]
    assert outcomes(talk) == ["asked", "approved", "used"]
    assert (only(talk).standing, only(talk).incident) == (Standing.USED, next(iter(talk.state.ledger.playbooks)))


def test_an_approval_is_used_once():
    """After the process has come back and is stuck again a person is asked anew, under another id."""
    talk = waiting()
    approve(talk)
    first = only(talk).id
    for result in (Sent(), Exited()):
        talk.answer(result)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "exited")), at=talk.at + 1_000)
    pass_until = talk.at + 60_000
    talk.wait(pass_until)
    wedge(talk, TWO)

    assert only(talk).id != first
    assert only(talk).standing is Standing.OPEN
    assert approve(talk, first) == f"refused: request {first} is used already: approved by ada"
    assert signals(talk) == [f"TERM {ONE}"]


def test_denied_it_is_not_done():
    """One no is enough; it is told in the same thread, holds while it goes on, and a second answer is refused."""
    talk = waiting()
    assert deny(talk).startswith("denied: terminate_process on web1/app[push]: not done as long as this goes on")
    pass_time(talk, 2 * HOUR)

    one = only(talk)
    assert approve(talk) == f"refused: request {one.id} is denied already: denied by ben: I am on it"
    assert [(row.decision, row.guard) for row in talk.audit("decision")] == [("ASK", "approval"), ("DENY", "approval")]
    assert {notice.thread for notice in notices(talk)} == {one.thread}
    assert [notice.outcome for notice in notices(talk)] == ["asked", "denied"]
    assert signals(talk) == []


def test_a_denial_ends_with_what_it_was_about():
    """Once the finding was false a person is asked anew."""
    talk = waiting()
    deny(talk)
    talk.hear(redis(Gone(Kind.JOB, f"{ONE}/t1/j1/1000", "done")), at=talk.at + 1_000)
    talk.wait(talk.at + 10_000)
    wedge(talk)

    assert outcomes(talk) == ["asked", "denied", "lapsed", "asked"]
    assert only(talk).standing is Standing.OPEN


def test_a_denial_holds_for_a_day_at_most():
    """What goes on for longer is asked about anew."""
    talk = waiting()
    deny(talk)
    pass_time(talk, HOLDS - 60_000)
    assert outcomes(talk) == ["asked", "denied"]

    pass_time(talk, 120_000)
    assert outcomes(talk) == ["asked", "denied", "lapsed", "asked"]


def test_approved_and_then_denied():
    """A no of somebody else beats a yes, as long as it has not begun."""
    talk = waiting()
    talk.hear(Paused("carl", "maintenance", None))
    approve(talk)
    assert deny(talk).startswith("denied")
    talk.hear(Resumed("carl"))
    pass_time(talk, 60_000)

    assert signals(talk) == []


def test_nobody_answers():
    """Then it is not done: said in the same thread, once, and a late yes is refused."""
    talk = waiting()
    pass_time(talk, HOUR)

    assert outcomes(talk) == ["asked", "expired"]
    assert notices(talk)[-1].reason == f"nobody has said yes within 30m (request {only(talk).id})"
    assert approve(talk).startswith(f"refused: request {only(talk).id} is expired already: nobody has said yes")
    assert talk.audit("decision")[-1].guard == "approval"
    assert signals(talk) == []


@pytest.mark.parametrize(("passed", "does"), [(USE_WITHIN - 20_000, True), (USE_WITHIN + 20_000, False)])
def test_approved_and_then_denied_by_a_guard(passed, does):
    """A guard that denies still wins; once it no longer does the approval counts, but only for ten minutes, then a person is asked anew."""
    talk = waiting()
    talk.hear(Paused("carl", "maintenance", None))
    approve(talk)
    assert (talk.audit("decision")[-1].guard, signals(talk)) == ("paused", [])
    pass_time(talk, passed)
    talk.hear(Resumed("carl"))
    settle(talk)

    assert signals(talk) == ([f"TERM {ONE}"] if does else [])
    assert outcomes(talk) == (["asked", "approved", "used"] if does else ["asked", "approved", "lapsed", "asked"])


def test_a_changed_identity_is_asked_about_anew():
    """The process was started anew meanwhile, and its successor of the same name is stuck as well: nobody has said yes to that."""
    talk = waiting()
    first = only(talk)
    talk.hear(Paused("carl", "maintenance", None))
    approve(talk)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "exited"), Gone(Kind.JOB, f"{ONE}/t1/j1/1000", "exited")), at=talk.at + 1_000)
    talk.hear(Resumed("carl"))
    wedge(talk, TWO)

    assert signals(talk) == []
    assert talk.state.ledger.approvals[first.id].standing is Standing.LAPSED
    assert (only(talk).standing, only(talk).process) == (Standing.OPEN, TWO)


def test_when_the_finding_has_gone():
    """Nobody asks for it any more: the question lapses and says so, and a yes is refused."""
    talk = waiting()
    talk.hear(redis(Gone(Kind.JOB, f"{ONE}/t1/j1/1000", "done")), at=talk.at + 1_000)
    talk.wait(talk.at + 10_000)

    assert outcomes(talk) == ["asked", "lapsed"]
    assert notices(talk)[-1].reason == "nothing asks for it any more"
    assert approve(talk).startswith(f"refused: request {only(talk).id} is lapsed already")
    assert signals(talk) == []


def test_dry_run_asks_nobody():
    """It says that a person would be asked, with the rest of what would be done, and there is nothing to answer to."""
    talk = Conversation(rules(RULE.replace("    each: job", "    mode: ask\n    each: job"), Mode.DRY_RUN))
    wedge(talk)

    assert talk.state.ledger.approvals == {}
    assert [row.stage for row in talk.audit("would")][:2] == ["ask", "TERM"]


def test_nothing_of_a_job_is_shown():
    """Neither in the message nor in the ledger stands what a job was told to do: only names, numbers and what the condition read."""
    talk = waiting()
    assert {type(step.arguments[name]) for step in only(talk).plan for name in step.arguments} <= {int, float, bool, str}
    assert set(only(talk).plan[0].arguments) == {"grace", "rescue", "stuck_jobs.strikes", "stuck_jobs.then", "unique_locks"}
    assert only(talk).seen == ("stuck-job: SleepForever j1 on push", "job.elapsed = 21s")
