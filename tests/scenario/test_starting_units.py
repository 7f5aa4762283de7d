"""Whole conversations about units that do not run: which are started, which never, and what a crash of the agent leaves."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine.deeds import AGAIN, PATIENCE
from watchdog.engine.status import status
from watchdog.engine.why import why
from watchdog.model.effects import CallUnit, KeepIncident, Notify
from watchdog.model.events import Delta, Gone, Observed, Paused, Resumed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Exited, Refused, Sent, UnitCalled, UnitLook, UnitOutcome
from watchdog.model.targets import UnitRef
from watchdog.model.told import OperatorClosed, OperatorWentOn
from watchdog.model.verdicts import Decision, Mode

ONE, UNIT = "web1:10:abc", "mastodon-sidekiq.service"
TARGET = f"web1/{UNIT}"
START = """
rules:
  - rule: down
    each: unit
    when: unit.state != "active"
    for: 20s
    then:
      - start_unit: {unit: unit}
    guards: {cooldown: 5m}
    notify: [ops]
"""
AFTER = """
rules:
  - rule: heavy
    each: process
    when: process.rss > 4GB
    for: 20s
    then:
      - terminate_process: {process: process, grace: 10s}
      - start_unit: {unit: process.unit}
    guards: {cooldown: 5m, keep: 0%, alone: allow}
    notify: [ops]
"""
KILLED = {
    "load_state": "loaded",
    "state": "failed",
    "sub_state": "failed",
    "result": "signal",
    "restarts": 0,
    "file_state": "enabled",
    "invocation": "a1",
}
STARTED = UnitCalled(UnitOutcome.DONE, invocation="b2")
CALL = f"start {UNIT} until {{}}"


def unit(**fields: Any) -> Observed:
    """What systemd says by itself of the unit."""
    return Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, fields),))


def seen(**changes: Any) -> UnitLook:
    """A look at it: it was killed, but for what is said otherwise."""
    return UnitLook(**{**KILLED, **changes})


def firing(mode: Mode = Mode.ACT, text: str = START, **more: Any) -> Conversation:
    """The unit has been down for 20 s, and the rule wants it started."""
    talk = Conversation(rules(text, mode))
    talk.hear(redis(complete=True), at=1_000)
    talk.hear(Observed(Source.SYSTEMD, (), complete=True))
    talk.hear(unit(**{"name": UNIT, "running": False, "job": "", "entered_at": 500, **KILLED, **more}))
    talk.wait(21_000)
    return talk


def open_deed(talk: Conversation) -> Any:
    """The only deed that is open."""
    (deed,) = talk.state.ledger.deeds.values()
    return deed


def outcomes(talk: Conversation) -> list[tuple[str, str]]:
    """Each incident's target and how it stands."""
    kept = {effect.incident.id: effect.incident for effect in talk.effects if isinstance(effect, KeepIncident)}
    return [(one.target, one.outcome) for one in kept.values()]


def request_of(talk: Conversation) -> Any:
    """The only request that is open."""
    (request,) = talk.state.ledger.requests.values()
    return request


def test_from_the_alert_to_the_end():
    """It is looked at, then decided; the intent is written before systemd is asked, the outcome after, and the cooldown counts under the unit's name."""
    talk = firing()
    assert talk.open
    assert request_of(talk).thing == UnitRef(TARGET, "web1", UNIT)

    assert talk.answer(seen(), at=22_000) == [
        "audit decision down ALLOW",
        "notify ops action.decided",
        "audit incident down start opened",
        "audit intent down ALLOW start",
        CALL.format(142_000),
    ]
    assert talk.answer(STARTED, at=23_000) == [
        "audit outcome down start ended: systemd has started it",
        "audit incident down start ended",
        "notify ops action.ended",
    ]
    assert outcomes(talk) == [(TARGET, "ended")]
    assert talk.state.ledger.cooldowns[TARGET].action == "start_unit"
    assert len(talk.state.ledger.spent[TARGET]) == 1
    assert (talk.state.ledger.deeds, talk.state.ledger.playbooks) == ({}, {})


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        ({"result": "success", "state": "inactive"}, "it has ended in good order, as one does that was stopped"),
        ({"file_state": "masked"}, "it is masked: somebody does not want it to run"),
        ({"job": "stop"}, "somebody has asked systemd to stop it"),
        ({"state": "active", "sub_state": "running"}, "it runs"),
        ({"result": "start-limit-hit"}, "systemd has started it too often and has given up"),
        ({"restarts": 2}, "it was started 2 times within 10 min, and has ended again"),
    ],
)
def test_what_is_found_right_before_counts(look, reason):
    """The picture said that it was killed; what is read at once says otherwise, and nothing is done."""
    talk = firing()
    talk.answer(seen(**look))

    assert (request_of(talk).guard, request_of(talk).reason) == ("last_look", reason)
    assert not talk.audit("intent")


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        ({"result": "success", "state": "inactive", "sub_state": "dead"}, "it has ended in good order, as one does that was stopped"),
        ({"file_state": "disabled"}, "it is disabled: somebody does not want it to run"),
        ({"state": "activating", "sub_state": "auto-restart"}, "systemd is about to start it by itself"),
    ],
)
def test_what_the_picture_says_is_enough_to_do_nothing(picture, reason):
    """Systemd is not even asked; who asks why is told, and so is who looks at the status."""
    talk = firing(**picture)

    assert (request_of(talk).guard, request_of(talk).reason) == ("last_look", reason)
    assert not talk.open
    (shown,) = status(talk.state, talk.at)["requests"]
    assert (shown["target"], shown["reason"]) == (TARGET, reason)
    assert reason in str(why(talk.rules, talk.state, "down", UNIT, talk.at))


def test_who_stopped_it_is_remembered():
    """A stop that was seen counts, also where the process then ends as if it had been killed; once it has run anew it counts no more."""
    talk = firing(state="active", sub_state="running", running=True)
    talk.hear(unit(job="stop"), at=30_000)
    talk.hear(unit(job="", state="failed", sub_state="failed", running=False, entered_at=31_000), at=31_000)
    talk.wait(400_000)  # for as long as the cooldown what somebody had systemd do is reason enough
    assert (request_of(talk).guard, request_of(talk).reason) == ("last_look", "somebody has stopped it")

    talk.hear(unit(state="active", sub_state="running", running=True, entered_at=410_000, result="success"), at=410_000)
    talk.wait(440_000)
    talk.hear(unit(state="failed", sub_state="failed", running=False, entered_at=450_000, result="signal"), at=450_000)
    talk.wait(471_000)
    assert talk.open


def test_started_twice_within_ten_minutes_is_enough():
    """Systemd's own restarts count; what ends again and again is left to people until it has stood still."""
    talk = firing(state="active", sub_state="running", running=True)
    for number in (1, 2):
        talk.hear(unit(restarts=number), at=30_000 + number)
    talk.hear(unit(state="failed", sub_state="failed", running=False, entered_at=40_000), at=40_000)
    talk.wait(61_000)
    assert request_of(talk).reason == "it was started 2 times within 10 min, and has ended again"

    talk.wait(30_000 + 600_000 + 5_000)
    assert len(talk.open) == 1


def test_dry_run_says_when_it_would_be_started():
    """Nothing is asked of systemd."""
    talk = firing(Mode.DRY_RUN)
    lines = talk.answer(seen(), at=22_000)

    assert not [line for line in lines if line.startswith(("start", "audit intent"))]
    (would,) = talk.audit("would")
    assert (would.stage, would.target, would.reason) == ("start", TARGET, "if nobody has stopped it by then")
    assert outcomes(talk) == [(TARGET, "would")]


@pytest.mark.parametrize(
    ("result", "account"),
    [
        (UnitCalled(UnitOutcome.SKIPPED), "systemd has not started it: a condition of the unit does not hold"),
        (UnitCalled(UnitOutcome.FAILED), "systemd could not start it: failed"),
        (UnitCalled(UnitOutcome.WAITING, "its job is 7"), "systemd has not started it in time, and goes on (its job is 7)"),
        (UnitCalled(UnitOutcome.UNKNOWN, "the connection was lost"), "whether it was started is not known: the connection was lost"),
        (Refused("install the polkit rule"), "install the polkit rule"),
        (Exited(), "it was answered with something else"),
    ],
)
def test_a_start_that_fails_says_why(result, account):
    """The incident has failed with systemd's word."""
    talk = firing()
    talk.answer(seen())
    talk.answer(result)

    assert outcomes(talk) == [(TARGET, "failed")]
    assert [effect.notice.title for effect in talk.effects if isinstance(effect, Notify) and account in effect.notice.title]


def test_cut_off_after_the_intent():
    """It is looked at again; it runs, so it was started; it is told so, and not asked for a second time."""
    talk = firing()
    talk.answer(seen())
    assert open_deed(talk).intent
    assert "audit outcome down start unknown: the agent ended before it knew" in talk.crash()
    talk.hear(redis(complete=True))
    assert talk.wait(talk.at + 1_000)[-1] == f"look at {UNIT}"

    lines = talk.answer(seen(state="active", sub_state="running", result="success", invocation="b2"))
    assert not [line for line in lines if line.startswith("start ")]
    assert outcomes(talk) == [(TARGET, "ended")]


def test_cut_off_before_systemd_was_asked():
    """It still does not run: all guards are asked again, and it is started then; both count as starts."""
    talk = firing()
    talk.answer(seen())
    talk.crash()
    talk.hear(redis(complete=True))
    talk.wait(talk.at + 1_000)
    lines = talk.answer(seen())

    assert [line.split()[0] for line in lines][-1] == "start"
    assert talk.audit("intent")[-1].detail == {"again": True}
    assert len(talk.state.ledger.units[UNIT].starts) == 2


def test_taken_up_after_a_crash_and_paused():
    """It waits, said once, and is given up after ten minutes; who ends the pause sooner has it done."""
    talk = firing()
    talk.answer(seen())
    talk.crash()
    talk.hear(redis(complete=True))
    talk.hear(Paused("ana", "new disks", None))
    talk.wait(talk.at + 1_000)
    talk.answer(seen())
    held = open_deed(talk)
    assert held.held.startswith("paused by ana")

    for _ in range(PATIENCE // AGAIN + 1):
        talk.wait(talk.at + AGAIN)
        if not talk.open:
            break
        talk.answer(seen())
    assert outcomes(talk)[-1] == (TARGET, "failed")
    assert sum(row.outcome == "held" for row in talk.audit("incident")) == 1


def held_by_a_pause() -> tuple[Conversation, str]:
    """Taken up after a crash while somebody has paused it; and the incident."""
    talk = firing()
    talk.answer(seen())
    talk.crash()
    talk.hear(redis(complete=True))
    talk.hear(Paused("ana", "new disks", None))
    talk.wait(talk.at + 1_000)
    talk.answer(seen())
    return talk, open_deed(talk).incident


def told(talk: Conversation) -> tuple[str, str]:
    """The answer to what a person said last."""
    row = talk.audit("operator")[-1]
    return row.outcome, row.reason


def test_go_on_tries_it_at_once():
    """Of its guards none can be overruled: it has not been begun, for all that is known."""
    talk, incident = held_by_a_pause()
    talk.hear(OperatorWentOn(id="c1", by="eve", reason="I know", asked=WALL, incident=incident, overruled=("deploy",)))
    assert told(talk) == ("refused", "it has not been begun, and all guards are asked for it")
    talk.hear(Resumed("ana"))
    lines = talk.hear(OperatorWentOn(id="c2", by="eve", reason="I know", asked=WALL, incident=incident, overruled=()))

    assert told(talk) == ("goes on", "I know; it was held: paused by ana: new disks")
    assert lines[-1] == f"look at {UNIT}"


def test_it_is_not_closed_in_the_middle():
    """It comes to its end by itself, within ten minutes."""
    talk, incident = held_by_a_pause()
    talk.hear(OperatorClosed(id="c1", by="eve", reason="I do it", asked=WALL, incident=incident))
    assert told(talk) == ("refused", "it does one thing, which can't be left half-way, and ends by itself")


def test_a_mode_that_is_lowered_meanwhile():
    """Whoever lowers it wants nothing more to be started."""
    talk = firing()
    talk.answer(seen())
    talk.rules = rules(START, Mode.DRY_RUN)
    talk.crash()
    talk.hear(redis(complete=True))
    talk.wait(talk.at + 1_000)
    talk.answer(seen())
    assert outcomes(talk)[0] == (TARGET, "abandoned")


@pytest.mark.parametrize("result", [Refused("systemd is away"), Sent()])
def test_a_look_that_says_nothing(result):
    """Before it is begun it is denied and asked for again; after a crash it is held."""
    talk = firing()
    talk.answer(result)
    assert not talk.audit("intent")
    talk.wait(talk.at + 5_000)
    talk.answer(seen())
    talk.crash()
    talk.hear(redis(complete=True))
    talk.wait(talk.at + 1_000)
    talk.answer(result)
    assert open_deed(talk).held in ("systemd is away", "the look was answered with something else")


def test_of_a_job_the_unit_of_its_process_is_started():
    """The process has gone with its job by then; the incident knows where it ran."""
    talk = Conversation(rules(AFTER.replace("each: process", "each: job").replace("process.rss > 4GB", "job.elapsed > 20s").replace("for: 20s", "for: 0s")
                              .replace("{process: process,", "{process: job.process,").replace("unit: process.unit", "unit: job.process")))  # fmt: skip
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE, unit=UNIT)))
    talk.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, RUNNING),), complete=True))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")), at=25_000)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "left"), Gone(Kind.JOB, f"{ONE}/t1/j1/1000", "left")))
    talk.hear(unit(**ENDED, entered_at=25_000))
    talk.answer(Exited())

    assert [getattr(effect, "unit", "") for effect in talk.open.values()] == [UNIT]


def test_asked_first():
    """In mode ask a person hears what would be done to which unit, and it is done once it is approved."""
    talk = firing(Mode.ASK)
    talk.answer(seen())
    (approval,) = talk.state.ledger.approvals.values()

    assert (approval.thing, approval.stages) == (
        UnitRef(TARGET, "web1", UNIT),
        ("+0.0 s: would ask systemd for a start of its unit if nobody has stopped it by then",),
    )
    assert request_of(talk).decision is Decision.ASK


RUNNING = {"load_state": "loaded", "state": "active", "sub_state": "running", "result": "success", "running": True, "restarts": 0, "job": "", "invocation": "a1",
           "file_state": "enabled", "entered_at": 0, "name": UNIT}  # fmt: skip
ENDED = {"state": "inactive", "sub_state": "dead", "running": False}


def ended_by_a_rule() -> Conversation:
    """The process of the unit has been told to end, and did so in good order; systemd does not bring it back."""
    talk = Conversation(rules(AFTER))
    talk.hear(redis(process(ONE, 1_000), complete=True), at=1_000)
    talk.hear(host(found(ONE, unit=UNIT), Delta(Kind.PROCESS, ONE, {"rss": 5_000_000_000})))
    talk.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, RUNNING),), complete=True))
    talk.hear(redis(process(ONE, 20_000)), at=21_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")), at=25_000)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "left")))
    talk.hear(unit(**ENDED, entered_at=25_000))
    talk.answer(Exited())
    return talk


def test_what_the_agent_has_ended_it_starts_again():
    """A unit with `Restart=no` is the agent's to bring back, though it ended in good order: the incident knows which unit that was."""
    talk = ended_by_a_rule()
    assert [getattr(effect, "unit", "") for effect in talk.open.values()] == [UNIT]
    lines = talk.answer(seen(state="inactive", sub_state="dead", result="success"))
    assert lines[-1].startswith(f"start {UNIT}")
    talk.answer(STARTED)

    assert outcomes(talk) == [(TARGET, "ended")]
    assert talk.state.ledger.cooldowns[TARGET].action == "start_unit"


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        ({"file_state": "masked"}, "it is masked: somebody does not want it to run"),
        ({"file_state": "disabled"}, "it is disabled: somebody does not want it to run"),
        ({"invocation": "b2"}, "it has ended in good order, as one does that was stopped"),
        ({"state": "active", "sub_state": "running"}, "it runs"),
    ],
)
def test_but_not_what_somebody_has_changed_since(look, reason):
    """Masked, disabled or started since it was ended: then it is not the agent's any more."""
    talk = ended_by_a_rule()
    talk.answer(seen(**{"state": "inactive", "sub_state": "dead", "result": "success", **look}))

    assert request_of(talk).reason == reason
    assert not [effect for effect in talk.effects if isinstance(effect, CallUnit)]
