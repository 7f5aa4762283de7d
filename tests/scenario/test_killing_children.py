"""Whole conversations about programs that hang: which are ended, which never, and what a crash of the agent leaves."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.approvals import LIVE
from watchdog.engine.why import why
from watchdog.model.effects import EndChild, KeepIncident, LookAtChild
from watchdog.model.events import Delta, Paused
from watchdog.model.kinds import Kind
from watchdog.model.results import ChildEnded, ChildLook, Exited, Refused
from watchdog.model.told import OperatorApproved
from watchdog.model.verdicts import Decision, Mode

ONE, UNIT = "web1:10:abc", "mastodon-sidekiq.service"
TARGET = f"web1/{UNIT} child ffmpeg"
KILL = """
rules:
  - rule: hung
    each: process
    when: process.child_still > 2m and process.child == "ffmpeg"
    then:
      - kill_child: {process: process}
    guards: {cooldown: 5m}
    notify: [ops]
"""
HUNG = {"children": 1, "child": "ffmpeg", "child_pid": 90, "child_start_ticks": 6_000, "child_still": 130_000, "heartbeat_still": 0}
STILL = ChildLook(alive=True, still=132_000, processes=2)
LOOK = "look at ffmpeg with pid 90"
END = "end ffmpeg with pid 90 if it has stood still for 120000"
AT = 300_000
DONE = ChildEnded(still=132_000, processes=2)


def kernel(**fields: Any) -> Any:
    """What the kernel says of the process."""
    return host(Delta(Kind.PROCESS, ONE, fields))


def hanging(
    mode: Mode = Mode.ACT,
    *,
    text: str = KILL,
    began: int = 100_000,
    once: bool = False,
    job_class: str = "PostProcessMediaWorker",
    **more: Any,
) -> Conversation:
    """A child has stood still for 130 s, and a job has been running since `began`; the rule wants it ended."""
    talk = Conversation(rules(text, mode))
    one = job(ONE, "j1", began, job_class=job_class)
    if once:
        one.fields["once"] = True
    talk.hear(redis(process(ONE, 1_000), complete=True), at=1_000)
    talk.hear(host(found(ONE, unit=UNIT)))
    for beat in range(1, 4):
        talk.hear(redis(process(ONE, beat * 50_000), one), at=beat * 50_000)
    talk.hear(redis(process(ONE, AT - 1_000)), at=AT - 1_000)
    talk.hear(kernel(**{**HUNG, **more}), at=AT)
    return talk


def request_of(talk: Conversation) -> Any:
    """The only request that is open."""
    (request,) = talk.state.ledger.requests.values()
    return request


def stands(talk: Conversation) -> tuple[str, str]:
    """The target of the last incident, and how it stands."""
    row = [effect.incident for effect in talk.effects if isinstance(effect, KeepIncident)][-1]
    return row.target, row.outcome


def ended(talk: Conversation) -> list[EndChild]:
    """All that was asked for."""
    return [effect for effect in talk.effects if isinstance(effect, EndChild)]


def test_from_the_alert_to_the_end():
    """It is looked at; the intent is written before it is ended, the outcome after; the cooldown counts under the name of the program."""
    talk = hanging()
    assert [effect.child.pid for effect in talk.open.values()] == [90]

    assert talk.answer(STILL) == [
        "audit decision hung ALLOW",
        "notify ops action.decided",
        "audit incident hung KILL opened",
        "audit intent hung ALLOW KILL",
        END,
    ]
    lines = talk.answer(DONE, at=AT + 500)
    told = "ffmpeg with pid 90, and 1 that it had started ended by SIGKILL, after nothing of it had run for 132 s"
    assert lines == [f"audit outcome hung KILL ended: {told}", "audit incident hung KILL ended", "notify ops action.ended"]
    assert stands(talk) == (TARGET, "ended")
    assert talk.state.ledger.cooldowns[TARGET].action == "kill_child"
    assert len(talk.state.ledger.spent[TARGET]) == 1
    assert (talk.state.ledger.deeds, talk.state.ledger.playbooks) == ({}, {})


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (ChildLook(alive=True, still=119_999, processes=1), "it has stood still for 119 s, not for 120 s"),
        (ChildLook(alive=True, still=0, processes=1), "it has stood still for 0 s, not for 120 s"),
        (ChildLook(alive=False, against="process 90 has ended"), "it is gone: process 90 has ended"),
        (
            ChildLook(alive=True, still=900_000, against="somebody is holding ffmpeg with pid 90: it is stopped"),
            "somebody is holding ffmpeg with pid 90: it is stopped",
        ),
        (Refused("Redis does not answer"), "it could not be looked at: Redis does not answer"),
        (Exited(), ""),
        (HEALTHY, "the look was answered with something else"),
    ],
)
def test_what_is_found_right_before_counts(look, reason):
    """The picture said that it hangs; what is seen at once says otherwise, and nothing is done."""
    talk = hanging()
    talk.answer(look)

    assert not reason or (request_of(talk).guard, request_of(talk).reason) == ("last_look", reason)
    assert not talk.audit("intent")
    assert not ended(talk)


@pytest.mark.parametrize(
    ("more", "guard", "reason"),
    [
        (
            {"began": 181_000},
            "last_look",
            "no job of its process has been running for the 130 s that it has stood still: nobody waits for it",
        ),
        ({"heartbeat_still": 15_000}, "last_look", "nothing moves in its process, and it may be waiting for that"),
        ({"job_class": "BackupWorker"}, "veto", "a job that must not be interrupted may be waiting for it: BackupWorker j1"),
        ({"once": True}, "veto", "a job that Sidekiq does not run again after a failure may be waiting for it: PostProcessMediaWorker j1"),
        ({"child_pid": None}, "last_look", "its children are not known"),
        ({"child_pid": 0}, "last_look", "it has no child"),
    ],
)
def test_what_the_picture_says_is_enough_to_do_nothing(more, guard, reason):
    """Nothing is done, and who asks why is told."""
    talk = hanging(**more)
    if "once" in more:
        talk.answer(STILL)

    assert (request_of(talk).guard, request_of(talk).reason) == (guard, reason)
    assert not ended(talk)
    assert reason in str(why(talk.rules, talk.state, "hung", ONE, talk.at))


def test_a_job_that_runs_only_once_is_put_before_a_person():
    """Its failure would be its end, which is for a person to say."""
    talk = hanging(once=True)
    talk.answer(STILL)

    assert request_of(talk).decision is Decision.ASK
    (approval,) = talk.state.ledger.approvals.values()
    assert approval.stages == ("+0.0 s: would send SIGKILL if nothing of it has run by then",)


def _asked() -> Conversation:
    """A person is asked whether it may be ended."""
    talk = hanging(once=True)
    talk.answer(STILL)
    return talk


def _say_yes(talk: Conversation, approval: str) -> None:
    talk.hear(OperatorApproved(id="a1", by="ada", reason="go on", asked=talk.booted_wall + talk.at, approval=approval))


def test_a_person_says_yes():
    """It is looked at once more, and ended."""
    talk = _asked()
    _say_yes(talk, next(iter(talk.state.ledger.approvals.values())).id)
    assert [type(effect) for effect in talk.open.values()] == [LookAtChild]
    talk.answer(STILL)

    assert [one.child.pid for one in ended(talk)] == [90]


def test_what_was_asked_of_one_child_is_said_of_no_other():
    """By the time that somebody answers another one hangs, of which nobody was asked."""
    talk = _asked()
    (approval,) = talk.state.ledger.approvals.values()
    talk.hear(kernel(child_pid=95, child_start_ticks=7_000))
    _say_yes(talk, approval.id)
    while talk.open:
        talk.answer(STILL)

    assert not ended(talk)
    assert [one.thing.pid for one in talk.state.ledger.approvals.values() if one.standing in LIVE] == [95]


def test_a_younger_job_of_that_kind_does_not_wait_for_it():
    """What has begun while the child stood still already has nothing to do with it."""
    talk = hanging()
    other = job(ONE, "j2", AT - 30_000, thread="t2", job_class="BackupWorker")
    other.fields["once"] = True
    talk.hear(redis(other))
    talk.answer(STILL)

    assert len(ended(talk)) == 1


def test_it_has_run_in_the_last_moment():
    """Between the look and the signal it went on: it is let be, and nothing was changed."""
    talk = hanging()
    talk.answer(STILL)
    talk.answer(ChildLook(alive=True, still=0, processes=2))

    assert stands(talk) == (TARGET, "abandoned")
    assert "it has stood still for 0 s only" in talk.audit("outcome")[-1].outcome


@pytest.mark.parametrize(
    ("answer", "outcome", "said"),
    [
        (
            ChildEnded(was_gone=True, detail="process 90 has ended"),
            "ended",
            "ffmpeg with pid 90 was gone before anything was done: process 90 has ended",
        ),
        (
            ChildEnded(still=132_000, processes=2, left=1),
            "failed",
            "ffmpeg with pid 90 was sent SIGKILL, and 1 of 2 processes have not ended",
        ),
        (ChildEnded(still=132_000, processes=1), "ended", "ffmpeg with pid 90 ended by SIGKILL, after nothing of it had run for 132 s"),
        (Refused("not permitted"), "failed", "not permitted"),
        (Exited(), "failed", "it was answered with something else"),
    ],
)
def test_what_came_of_it(answer, outcome, said):
    """Whatever it was, it is said; of its command nothing but the name."""
    talk = hanging()
    talk.answer(STILL)
    talk.answer(answer)

    assert stands(talk) == (TARGET, outcome)
    assert talk.audit("outcome")[-1].outcome == f"{outcome}: {said}"


def test_dry_run_says_when_it_would_be_ended():
    """Nothing is done to it."""
    talk = hanging(Mode.DRY_RUN)
    talk.answer(STILL)

    assert not ended(talk)
    (would,) = talk.audit("would")
    assert (would.stage, would.target, would.reason) == ("KILL", TARGET, "if nothing of it has run by then")
    assert stands(talk) == (TARGET, "would")


def test_paused():
    """Whatever was seen before."""
    talk = hanging()
    talk.hear(Paused("ana", "looking into it", None))
    talk.answer(STILL)

    assert request_of(talk).guard == "paused"
    assert not ended(talk)


def test_another_child_by_now():
    """The one that was looked at is not the one that hangs now: that is looked at itself."""
    talk = hanging()
    talk.hear(kernel(child_pid=95, child_start_ticks=7_000))
    lines = talk.answer(STILL)

    assert lines[-1] == "look at ffmpeg with pid 95"
    assert not ended(talk)


def _cut_off() -> Conversation:
    """The agent is killed after the intent, and starts again."""
    talk = hanging()
    talk.answer(STILL)
    assert "audit outcome hung KILL unknown: the agent ended before it knew" in talk.crash()
    talk.hear(redis(process(ONE, talk.at), job(ONE, "j1", 100_000), complete=True))
    talk.hear(host(found(ONE, unit=UNIT)))
    talk.hear(kernel(**{**HUNG, "child_still": 0}))
    assert talk.wait(talk.at + 1_000)[-1] == LOOK
    return talk


def test_cut_off_after_it_was_killed():
    """It is gone, which is all that was wanted; nothing is asked for a second time."""
    talk = _cut_off()
    talk.answer(ChildLook(alive=False, against="there is no process 90 any more"))

    assert stands(talk) == (TARGET, "ended")
    assert len(ended(talk)) == 1


def test_cut_off_before_it_was_killed():
    """It lives, and who has just begun to look knows of no standstill: it is given up at once, and wanted anew when the rule fires again."""
    talk = _cut_off()
    talk.answer(ChildLook(alive=True, still=1_000, processes=2))
    assert stands(talk) == (TARGET, "abandoned")
    assert len(ended(talk)) == 1

    later = talk.at + 400_000
    talk.hear(redis(process(ONE, later)), at=later)
    talk.hear(kernel(child_still=390_000))
    assert [effect.child.pid for effect in talk.open.values()] == [90]
    talk.answer(ChildLook(alive=True, still=390_000, processes=2))
    assert len(ended(talk)) == 2
