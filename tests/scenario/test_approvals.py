"""A person is asked, and answers: what is approved is done once, on that very process, for those reasons, and what is not approved is not done."""

from typing import Any

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.approvals import HOLDS, USE_WITHIN, Approval, Standing
from watchdog.engine.rules import RuleSet
from watchdog.model.effects import Notify, SendSignal
from watchdog.model.events import Gone, Paused, Resumed, RulesLoaded
from watchdog.model.kinds import Kind
from watchdog.model.notices import Notice
from watchdog.model.results import Exited, Look, Sent, StillRunning
from watchdog.model.told import OperatorApproved, OperatorDenied
from watchdog.model.verdicts import Mode
from watchdog.rulefile.rules import read_rules

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


def told(talk: Conversation, *people: tuple[str, str], approvals: int = 1) -> Conversation:
    """Only these may answer, so many of them must."""
    named = {"approvals": approvals} | ({"people": people} if people else {})
    talk.rules = RuleSet(
        tuple(msgspec.structs.replace(rule, guards={**rule.guards, **named}) for rule in talk.rules.rules),
        talk.rules.digest,
        talk.rules.mode,
    )
    return talk


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
    assert notice.reason.startswith("the mode is ask; +0.0 s: would send SIGTERM")
    assert notice.reason.endswith("; seen: stuck-job: SleepForever j1 on push, job.elapsed = 21s")
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


BUDGET = RULE.replace("cooldown: 10s", "cooldown: 10s, budget: 1/1h")


def spent() -> Conversation:
    """In mode act: the budget is used up, and a person is asked."""
    talk = waiting(Mode.ACT, BUDGET)
    for result in (Sent(), Exited()):
        talk.answer(result)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "exited")), at=talk.at + 1_000)
    talk.wait(talk.at + 60_000)
    wedge(talk, TWO)
    return talk


def test_a_guard_that_asks_is_content_with_an_approval():
    """The budget is used up; approved it is done once more, and the guard says by whom."""
    talk = spent()
    assert talk.audit("decision")[-1].guard == "budget"
    approve(talk)

    assert signals(talk) == [f"TERM {ONE}", f"TERM {TWO}"]
    assert talk.audit("decision")[-1].reason.endswith(
        "approved by ada: this rule has acted on web1/app[push] 1 times within 1 h already; approved by ada"
    )


def test_nobody_is_asked_any_more_once_the_reason_has_passed():
    """The budget is free again: the question lapses, and the rule does what it may do by itself."""
    talk = spent()
    end = talk.at + 2 * HOUR
    while talk.at < end and len(signals(talk)) < 2:
        beat(talk, TWO, talk.at + 10_000)
        settle(talk)

    assert signals(talk) == [f"TERM {ONE}", f"TERM {TWO}"]
    assert outcomes(talk) == ["asked", "expired", "lapsed"]
    assert talk.audit("approval")[-1].reason == "nobody need be asked any more: what stood in the way has passed"


def test_a_new_reason_is_asked_about_anew():
    """Approved because of the budget; meanwhile the process has become the only one of its queue, which nobody knew."""
    talk = Conversation(rules(BUDGET.replace("keep: 0%", "keep: 50%, alone: ask")))
    talk.hear(redis(process("web2:9:zzz", 1_000, threads=50), complete=True), at=1_000)
    wedge_beside(talk, ONE)
    for result in (Sent(), Exited()):
        talk.answer(result)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "exited")), at=talk.at + 1_000)
    talk.wait(talk.at + 60_000)
    wedge_beside(talk, TWO)
    first = only(talk)
    assert [ground.guard for ground in first.grounds] == ["budget"]
    talk.hear(redis(Gone(Kind.PROCESS, "web2:9:zzz", "exited")), at=talk.at + 100)
    approve(talk)

    assert signals(talk) == [f"TERM {ONE}"]
    assert talk.state.ledger.approvals[first.id].settled == "asked anew: it is the only process of queue push"
    assert [ground.guard for ground in only(talk).grounds] == ["coverage", "budget"]
    approve(talk)
    assert signals(talk) == [f"TERM {ONE}", f"TERM {TWO}"]


def wedge_beside(talk: Conversation, identity: str) -> None:
    """As `wedge`, with another process of its queue on another host."""
    begin = talk.at + 1_000
    other = process("web2:9:zzz", begin, threads=50)
    talk.hear(redis(process(identity, begin), job(identity, "j1", begin), other), at=begin)
    talk.hear(host(found(identity)))
    later = begin + 21_000
    talk.wait(later)
    talk.hear(redis(process(identity, later), process("web2:9:zzz", later, threads=50)), at=later)
    settle(talk)


def test_two_people_must():
    """The second of two different people begins it; the same person twice is one, by whichever way."""
    people = (("local:ada", "ada"), ("matrix:@ada:example.org", "ada"), ("local:ben", "ben"))
    talk = told(Conversation(rules(RULE, Mode.ASK)), *people, approvals=2)
    wedge(talk)

    assert approve(talk, by="ada") == "noted: terminate_process on web1/app[push]: ada approves, 1 more must"
    assert approve(talk, by="@ada:example.org", channel="matrix") == "refused: ada has approved it already, and 2 different people must"
    pass_time(talk, 60_000)
    assert signals(talk) == []
    assert approve(talk, by="ben").startswith("approved")
    assert (signals(talk), only(talk).settled) == ([f"TERM {ONE}"], "approved by ada and ben")


@pytest.mark.parametrize(("by", "channel"), [("carl", "local"), ("ada", "matrix"), ("", "local")])
def test_not_on_the_list(by, channel):
    """Who is not named may not answer, nor who comes by another way under the same name."""
    talk = told(Conversation(rules(RULE, Mode.ASK)), ("local:ada", "ada"))
    wedge(talk)

    assert "is none of the people who may answer" in approve(talk, by=by, channel=channel)
    assert (outcomes(talk), signals(talk)) == (["asked"], [])


def test_where_nobody_is_named_only_this_machine_may():
    """Whoever may give orders here may; from elsewhere nobody."""
    talk = waiting()
    assert "none of the people" in approve(talk, channel="matrix")
    assert approve(talk).startswith("approved")


@pytest.mark.parametrize("approval", ["xxxxx", "", "K7F3X "])
def test_an_id_that_nobody_knows(approval):
    """It is refused, with the way to those that are open."""
    talk = waiting()
    said = answered(talk, OperatorApproved(id="1", by="ada", reason="", asked=talk.booted_wall + talk.at, approval=approval))

    assert said == f"refused: nobody was asked anything under {approval!r}; `sidekiq-watchdog approve --list` shows what is open"


def test_an_id_is_typed_as_people_type():
    """In large letters, with a blank."""
    talk = waiting()
    assert approve(talk, f" {only(talk).id.upper()} ").startswith("approved")


def test_what_was_said_long_ago_counts_no_more():
    """A yes that lay in its folder for longer than an approval may wait is refused."""
    talk = waiting()
    said = OperatorApproved(id="1", by="ada", reason="", asked=talk.booted_wall + talk.at, approval=only(talk).id)
    pass_time(talk, USE_WITHIN + 1_000)

    assert answered(talk, said) == "refused: it was said 10m 1s ago; look again"


def test_over_a_restart():
    """Asked before, approved after: the agent has been killed between, and once more between the yes and the guards."""
    talk = waiting()
    one = only(talk)
    talk.crash()
    talk.hear(redis(process(ONE, talk.at), job(ONE, "j1", 1_000), complete=True))
    talk.hear(host(found(ONE)))
    pass_time(talk, 20_000)
    talk.hear(Paused("carl", "maintenance", None))
    approve(talk)
    talk.crash()
    talk.hear(redis(process(ONE, talk.at), job(ONE, "j1", 1_000), complete=True))
    talk.hear(host(found(ONE)))
    talk.hear(Resumed("carl"))
    pass_time(talk, 20_000)

    assert [only(talk).id, *outcomes(talk)] == [one.id, "asked", "approved", "used"]
    assert signals(talk) == [f"TERM {ONE}"]


@pytest.mark.parametrize("days", [-1, 1])
def test_a_jump_of_the_wall_clock_changes_nothing(days):
    """What is open stays open for as long as before, by the engine's own time."""
    talk = waiting()
    pass_time(talk, 600_000)
    talk.booted_wall += days * 24 * HOUR
    pass_time(talk, 600_000)
    assert outcomes(talk) == ["asked"]

    assert approve(talk).startswith("approved")
    assert signals(talk) == [f"TERM {ONE}"]


def reload(talk: Conversation, text: str, mode: Mode = Mode.ASK) -> None:
    """Other rules are in force."""
    talk.rules = rules(text, mode)
    talk.hear(RulesLoaded(talk.rules.digest, mode))
    settle(talk)


@pytest.mark.parametrize(
    ("text", "mode", "why", "outcome"),
    [
        (RULE.replace("stuck-job", "other"), Mode.ASK, "its rule is no longer there", "asked"),
        (RULE.replace("grace: 10s", "grace: 40s"), Mode.ASK, "its rule asks for something else now", "asked"),
        (RULE.replace("> 20s", "> 19s"), Mode.ASK, "its rule asks for something else now", "asked"),
        (RULE, Mode.DRY_RUN, "the mode has been lowered to dry-run", "lapsed"),
    ],
)
def test_over_a_reload(text, mode, why, outcome):
    """A question about what its rule does not ask for any more lapses, and says so; its id is good for nothing else."""
    talk = waiting()
    first = only(talk).id
    reload(talk, text, mode)
    pass_time(talk, 40_000)

    assert talk.state.ledger.approvals[first].settled == why
    assert outcomes(talk)[-1] == outcome
    assert approve(talk, first).startswith(f"refused: request {first} is lapsed already")
    assert signals(talk) == []


def test_a_reload_that_changes_nothing():
    """The question stays."""
    talk = waiting()
    first = only(talk).id
    reload(talk, RULE)
    pass_time(talk, 40_000)

    assert (only(talk).id, only(talk).standing, outcomes(talk)) == (first, Standing.OPEN, ["asked"])


def test_dry_run_asks_nobody():
    """It says that a person would be asked, with the rest of what would be done, and there is nothing to answer to."""
    talk = Conversation(rules(RULE.replace("    each: job", "    mode: ask\n    each: job"), Mode.DRY_RUN))
    wedge(talk)

    assert talk.state.ledger.approvals == {}
    assert [row.stage for row in talk.audit("would")][:2] == ["ask", "TERM"]


def test_the_config_names_people():
    """What the config says under `ask` is in every rule: at least so many people, and the time where a rule has none of its own."""
    from watchdog.rulefile.ask import AskSettings

    text = RULE.replace(", answer_within: 30m", "") + RULE.replace("rules:\n", "").replace("stuck-job", "own").replace(
        "30m", "5m, approvals: 3"
    )
    found, problems = read_rules([("r.yml", text)], Mode.ACT, ["ops"], ask=AskSettings((("local:ada", "ada"),), 2, 120_000))

    assert [problem for problem in problems if not problem.is_warning] == []
    assert [(rule.guards["approvals"], rule.guards["answer_within"]) for rule in found.rules] == [(2, 120_000), (3, 300_000)]
    assert {rule.guards["people"] for rule in found.rules} == {(("local:ada", "ada"),)}


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


def test_nothing_of_a_job_is_shown():
    """Neither in the message nor in the ledger stands what a job was told to do: only names, numbers and what the condition read."""
    talk = waiting()
    assert {type(step.arguments[name]) for step in only(talk).plan for name in step.arguments} <= {int, float, bool, str}
    assert set(only(talk).plan[0].arguments) == {"grace", "rescue", "stuck_jobs.strikes", "stuck_jobs.then", "unique_locks"}
    assert only(talk).seen == ("stuck-job: SleepForever j1 on push", "job.elapsed = 21s")
