"""Whole conversations about units that do not run: which are started, which never, and what a crash of the agent leaves."""

from typing import Any

import pytest

from tests.scenario.conversation import WALL, Conversation, redis, rules
from watchdog.engine.status import status
from watchdog.engine.why import why
from watchdog.model.effects import KeepIncident, Notify
from watchdog.model.events import Delta, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Exited, Refused, UnitCalled, UnitLook, UnitOutcome
from watchdog.model.targets import UnitRef
from watchdog.model.told import OperatorApproved
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

    talk.hear(OperatorApproved(id="a1", by="ada", reason="go on", asked=WALL, approval=approval.id, channel="local"))
    talk.answer(seen())
    talk.answer(STARTED)
    assert outcomes(talk) == [(TARGET, "ended")]
