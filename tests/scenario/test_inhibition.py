"""A cause hides its symptoms: nobody is told of them while it fires, and nothing is lost."""

import pytest

from tests.scenario.conversation import WALL, redis, told_by
from tests.scenario.routed import HOUR, MINUTE, full, long, notices, queue, rows, short, slow, talking, told, under
from watchdog.engine.status import status
from watchdog.engine.why import why
from watchdog.model.events import RulesLoaded
from watchdog.model.told import OperatorSilenced

ROUTES = "routes: [{notify: [ops], repeat: 1h, escalate: {after: 20m, to: [pager]}}]\n"
HIDES = ROUTES + "inhibit: [{when: {rule: full}, hides: {each: queue}}]"
SAME = ROUTES + "inhibit: [{when: {rule: slow-queue}, hides: {rule: long-queue}, same: [queue]}]"


def test_a_cause_hides_its_symptoms():
    """Neither at once nor later; what ended with the cause nobody hears of; what still fires is told then, and from then on it is waited for an answer."""
    talk = talking(HIDES)
    full(talk, at=2_000)
    long(talk, "push", "pull", at=3_000)
    talk.wait(19 * MINUTE)
    assert told(talk, "ops") == ["firing redis"]
    assert [told_by(row) for row in rows(talk, "firing")[1:]] == [{"hidden_by": "full on redis", "route": "#1"}] * 2

    short(talk, "push")
    full(talk, 50)
    assert told(talk, "ops") == ["firing redis", "resolved redis", "firing pull"]
    assert notices(talk, "ops")[-1].reason == "not told before, because of full on redis, which is over"
    assert [row.entity for row in rows(talk, "told")] == ["pull"]
    talk.wait(38 * MINUTE)
    assert told(talk, "pager") == []
    talk.wait(40 * MINUTE)
    assert told(talk, "pager") == ["escalated pull"]
    short(talk, "pull")
    assert told(talk, "ops")[-1] == "resolved pull"
    assert (talk.state.ledger.routing.causes, talk.state.ledger.routing.tellings) == ({}, {})


def test_only_what_has_the_same():
    """Of the same queue, and no other."""
    talk = talking(SAME)
    slow(talk, "push")
    talk.hear(redis(queue("push", 20, 10 * MINUTE), queue("pull", 20)))
    assert told(talk, "ops") == ["firing push", "firing pull"]


@pytest.mark.parametrize("same", ["host", "labels.team", "process"])
def test_what_is_not_known_is_not_the_same(same):
    """A cause without such a thing hides nothing."""
    talk = talking(HIDES.replace("each: queue}", f"each: queue}}, same: [{same}]"))
    full(talk)
    long(talk, "push")
    assert told(talk, "ops") == ["firing redis", "firing push"]


def test_the_last_of_several_causes():
    """As long as one of them fires they are hidden."""
    talk = talking(ROUTES + "inhibit: [{when: {rule: slow-queue}, hides: {rule: long-queue}}]")
    slow(talk, "push", "pull")
    long(talk, "other")
    short(talk, "pull")
    assert "firing other" not in told(talk, "ops")
    short(talk, "push")
    assert told(talk, "ops")[-1] == "firing other"


def test_a_symptom_that_was_told_before_its_cause():
    """It is neither said again nor escalated meanwhile; its end is told to whoever was told of it."""
    talk = talking(HIDES)
    long(talk, "push", at=2_000)
    full(talk, at=3_000)
    talk.wait(3 * HOUR)
    assert [line for line in told(talk, "ops") + told(talk, "pager") if line.endswith("push")] == ["firing push"]
    full(talk, 50)
    talk.wait(4 * HOUR)
    assert next(line for line in told(talk, "pager") if line.endswith("push")) == "escalated push"
    short(talk, "push")
    assert told(talk, "ops")[-1] == "resolved push"


def test_two_that_hide_each_other():
    """The first of them is told."""
    talk = talking(ROUTES + "inhibit: [{when: {rule: full}, hides: {rule: long-queue}}, {when: {rule: long-queue}, hides: {rule: full}}]")
    long(talk, "push")
    full(talk)
    assert told(talk, "ops") == ["firing push"]
    short(talk, "push")
    assert told(talk, "ops") == ["firing push", "resolved push", "firing redis"]
    long(talk, "pull")
    assert told(talk, "ops")[-1] == "firing redis"


def test_a_cause_that_nobody_is_told_of_hides_nothing():
    """Its route leads to nobody."""
    talk = talking("routes: [{match: {rule: full}, notify: []}, {notify: [ops]}]\ninhibit: [{when: {rule: full}, hides: {each: queue}}]")
    full(talk)
    long(talk, "push")
    assert told(talk, "ops") == ["firing push"]


def test_a_silence_over_what_is_hidden():
    """When the cause is over it is still silenced; when that is over too it is told."""
    talk = talking(HIDES)
    full(talk, at=2_000)
    long(talk, "push", at=3_000)
    talk.hear(OperatorSilenced(id="s", by="ada", reason="known", asked=WALL, until=WALL + HOUR, entity="push"), at=4_000)
    full(talk, 50, at=MINUTE)
    assert "firing push" not in told(talk, "ops")
    talk.wait(HOUR + MINUTE)
    assert told(talk, "ops")[-1] == "firing push"
    talk.wait(HOUR + 21 * MINUTE)
    assert told(talk, "pager") == ["escalated push"]


def test_across_a_restart():
    """What is hidden stays so, and is told when the cause is over."""
    talk = talking(HIDES)
    full(talk, at=2_000)
    long(talk, "push", at=3_000)
    talk.crash()
    full(talk, at=4_000)
    talk.hear(redis(queue("push", 20), queue("pull"), complete=True), at=5_000)
    assert told(talk, "ops") == ["firing redis"]
    full(talk, 50, at=6_000)
    assert told(talk, "ops")[-1] == "firing push"


def test_a_reload_without_it():
    """What was hidden is told now; and what fires then is told at once."""
    talk = talking(HIDES)
    full(talk, at=2_000)
    long(talk, "push", at=3_000)
    talk.rules = under(ROUTES)
    talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode), at=4_000)
    assert told(talk, "ops") == ["firing redis", "firing push"]
    assert notices(talk, "ops")[-1].reason == "not told before, because of an inhibition that is no longer in force"


def test_status_and_why_say_by_what():
    """And when it is said again, and to whom else."""
    talk = talking(HIDES)
    full(talk, at=2_000)
    long(talk, "push", at=3_000)
    shown = {alert["rule"]: alert["telling"] for alert in status(talk.state, 63_000)["alerts"]}
    assert shown["long-queue"] == {
        "told": [], "route": "#1", "nobody": "hidden by full on redis", "hidden_by": "full on redis", "escalated": [], "remind_in_ms": None, "escalates_in_ms": None,
    }  # fmt: skip
    assert shown["full"] == {
        "told": ["ops"], "route": "#1", "nobody": "", "hidden_by": "", "escalated": [], "remind_in_ms": HOUR - 61_000, "escalates_in_ms": 20 * MINUTE - 61_000,
    }  # fmt: skip
    assert why(talk.rules, talk.state, "long-queue", "push", 63_000)["alert"]["telling"] == shown["long-queue"]
