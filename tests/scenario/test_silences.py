"""Silences: alerts fire and are acted upon, and nobody is told; what people must not miss is told all the same."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules, told_by
from watchdog.model.effects import Notify
from watchdog.model.events import Delta, Gone, Paused, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Exited, Sent, StillRunning
from watchdog.model.told import OperatorSilenced, OperatorUnsilenced

RULE = """
rules:
  - rule: stuck-job
    labels: {team: mail}
    each: job
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
  - rule: long-queue
    each: queue
    when: queue.size > 10
    notify: [chat]
"""
ONE = "web1:10:abc"
MINUTE = 60_000
J1 = f"{ONE}/t1/j1/1000"


@pytest.fixture
def talk() -> Conversation:
    """One local process whose job has been running since 1 s, read in full."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE, unit="mastodon-sidekiq.service")), at=2001)
    return talk


def silence(*, until: int = 10 * MINUTE, id_: str = "c1", **matches: Any) -> OperatorSilenced:
    """A silence until that engine time."""
    return OperatorSilenced(id=id_, by="ada", reason="known", asked=WALL, until=WALL + until, **matches)


def told(talk: Conversation) -> list[str]:
    """What people were told, by receiver."""
    return [
        f"{','.join(one.receivers)} {one.notice.kind} {one.notice.outcome or one.notice.decision}".strip()
        for one in talk.effects
        if isinstance(one, Notify)
    ]


@pytest.mark.parametrize(
    "matches",
    [
        {"rule": "stuck-*"},
        {"target": "mastodon-sidekiq"},
        {"target": "web1/*"},
        {"entity": f"{ONE}/*"},
        {"labels": {"team": "mail"}},
        {"rule": "stuck-job", "target": "web1/mastodon-sidekiq.service", "labels": {"team": "*"}},
    ],
    ids=str,
)
def test_nobody_is_told_and_everything_is_done(talk, matches):
    """From the alert to the end of the action: all of it in the audit log, nothing in any message, by whatever it is named."""
    talk.hear(silence(**matches))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    assert told_by(talk.audit("alert")[-1]) == {"silenced": True}
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.answer(Exited(), at=25_000)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "exited")), at=25_001)
    assert [row.outcome for row in talk.audit("incident")] == ["opened", "ended"]
    assert [row.outcome for row in talk.audit("alert")] == ["firing", "resolved"]
    assert told(talk) == []


@pytest.mark.parametrize(
    "matches", [{"rule": "long-*"}, {"target": "web2/*"}, {"target": ONE}, {"labels": {"team": "web"}}, {"entity": "nothing"}], ids=str
)
def test_whoever_is_not_meant_is_told(talk, matches):
    """A silence is for what fits, and for nothing else."""
    talk.hear(silence(**matches))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    assert told(talk) == ["ops alert.firing", "ops action.decided ALLOW"]


def test_what_still_fires_at_its_end_is_told_then(talk):
    """At its very end, by itself, with who silenced it; what is over by then is not told at all."""
    talk.hear(silence(rule="long-queue"))
    queue = {"name": "push", "size": 50, "latency": 0}
    talk.hear(redis(Delta(Kind.QUEUE, "push", queue), Delta(Kind.QUEUE, "pull", {**queue, "name": "pull"})), at=3_000)
    talk.hear(redis(Delta(Kind.QUEUE, "pull", {"size": 0})), at=60_000)
    assert told(talk) == []
    talk.wait(10 * MINUTE - 1)
    assert told(talk) == []
    talk.wait(10 * MINUTE)
    assert told(talk) == ["chat alert.firing"]
    (notice,) = (one.notice for one in talk.effects if isinstance(one, Notify))
    assert (notice.entity, notice.reason) == ("push", "it still fires, and was silenced by ada: known")
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"size": 0})), at=11 * MINUTE)
    assert told(talk) == ["chat alert.firing", "chat alert.resolved"]


def test_an_end_of_what_was_told_before_is_told(talk):
    """Whoever has heard that it fires hears that it is over, also during a silence: nobody keeps waiting for it."""
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"name": "push", "size": 50, "latency": 0})), at=3_000)
    talk.hear(silence(rule="long-queue"))
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"size": 0})), at=60_000)
    assert told(talk) == ["chat alert.firing", "chat alert.resolved"]


def test_two_silences_are_over_with_the_second(talk):
    """What another one still covers is not told when the first ends; one that is ended by hand is like one that ran out."""
    talk.hear(silence(rule="long-queue", until=2 * MINUTE))
    talk.hear(silence(entity="push", id_="c2"))
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"name": "push", "size": 50, "latency": 0})), at=3_000)
    talk.wait(3 * MINUTE)
    assert told(talk) == []
    (left,) = talk.state.ledger.silences
    lines = talk.hear(OperatorUnsilenced(id="c3", by="eve", reason="mended", asked=WALL, silence=left))
    assert lines == ["notify chat alert.firing", "audit operator silence over"]


def test_a_process_that_is_left_half_way_is_told(talk):
    """Somebody must do something about it, and nobody else will: no silence withholds that, nor a source that is lost."""
    talk.hear(silence(rule="*"))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.hear(Paused("eve", "wait"))
    talk.answer(StillRunning(), at=32_100)
    talk.answer(HEALTHY, at=32_101)
    assert told(talk) == ["ops action.stage held"]
    talk.hear(SourceLost(Source.REDIS, "refused", "nobody answers"))
    assert "source.changed lost" in told(talk)[-1]


def test_a_silence_outlives_a_restart(talk):
    """Kept with its end, and so is which alerts nobody was told of."""
    talk.hear(silence(rule="stuck-job", until=5 * MINUTE))
    talk.hear(Paused("eve", "wait"))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.crash()
    talk.hear(redis(process(ONE, 32_000), job(ONE, "j1", 1000), complete=True), at=32_000)
    assert told(talk) == []
    assert next(iter(talk.state.ledger.alerts.values())).silenced
    talk.wait(5 * MINUTE)
    assert "ops alert.firing" in told(talk)
