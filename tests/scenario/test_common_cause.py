"""Whole conversations about trouble that no restart would cure: what is told, to whom, and that nothing is done."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules, told_by
from tests.scenario.test_recover import ONE, answer, ended, held, talking, to_quiet
from tests.scenario.test_recover import RULE as RECOVER
from tests.scenario.test_recover import beat as recovering
from watchdog.model.effects import Notify
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.notices import Notice
from watchdog.model.results import InFlight

RULES = """
rules:
  - {rule: check-failing, each: check, when: not check.ok, notify: [ops], summary: "{{ check.name }} fails: {{ check.problem }}", keep_firing_for: 30s}
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%, max_unhealthy: 50%}
    notify: [ops, chat]
"""
FULL = """
rules:
  - {rule: full, each: redis, when: redis.maxmemory > 0 and redis.memory >= redis.maxmemory, notify: [ops], summary: Redis is full, keep_firing_for: 20s}
  - rule: silent
    each: process
    when: process.beat_age > 30s
    then:
      - terminate_process: {process: process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%, settle: 3, max_unhealthy: 100%}
    notify: [ops]
"""
FLEET = [f"web1:{pid}:abc" for pid in range(10, 14)]
TOO_MANY = "the server says: sorry, too many clients already"


def checks(*, complete: bool = False, **readings: Any) -> Observed:
    """A reading of the check `postgres`."""
    return Observed(Source.CHECKS, (Delta(Kind.CHECK, "postgres", {"name": "postgres", "type": "postgres", **readings}),), complete)


def server(*, memory: int) -> Delta:
    """Redis, which may take 200 bytes, with so many in use."""
    return Delta(Kind.REDIS, "redis", {"role": "master", "memory": memory, "maxmemory": 200, "policy": "noeviction"})


def notices(talk: Conversation, receiver: str) -> list[Notice]:
    """What that receiver was told."""
    return [effect.notice for effect in talk.effects if isinstance(effect, Notify) and receiver in effect.receivers]


def beat(talk: Conversation, at: int, *, stuck: int) -> list[str]:
    """All processes beat; the first `stuck` of them still run the jobs that they began at 1 s."""
    return talk.hear(redis(*(process(one, at) for one in FLEET), *(job(one, f"j{one}", 1_000) for one in FLEET[:stuck])), at=at)


def begun(*, stuck: int, declared: bool = True) -> Conversation:
    """Four processes of one host, each with a unit of its own, some with a job that goes on."""
    talk = Conversation(rules(RULES))
    if declared:
        talk.hear(checks(complete=True))
        talk.hear(checks(ok=True, problem=""), at=10)
    talk.hear(redis(*(process(one, 2_000) for one in FLEET), complete=True), at=2_000)
    talk.hear(host(*(found(one, unit=f"sidekiq@{number}.service") for number, one in enumerate(FLEET))), at=2_001)
    beat(talk, 3_000, stuck=stuck)
    return talk


def asked(lines: list[str]) -> list[str]:
    """What was asked of the world."""
    return [line for line in lines if line.split()[0] in ("measure", "signal", "await")]


def test_a_storm_with_a_declared_cause():
    """
    PostgreSQL has no room, and every process of the host gets stuck: one message that names the cause, and nothing is done to anybody.

    Whoever hears of no check hears of each process. What still hangs when the database is back is told then, and is repaired.
    """
    talk = begun(stuck=4)
    talk.hear(checks(ok=False, problem=TOO_MANY, failing_at=4_000), at=5_000)
    lines = beat(talk, 23_000, stuck=4) + talk.wait(60_000)

    assert asked(lines) == []
    assert [notice.title for notice in notices(talk, "ops")] == [f"postgres fails: {TOO_MANY}"]
    assert {notice.reason for notice in notices(talk, "chat") if notice.decision} == {f"the check postgres fails: {TOO_MANY}"}
    assert len({notice.entity for notice in notices(talk, "chat") if not notice.decision}) == 4
    assert {(row.decision, row.guard) for row in talk.audit("decision")} == {("DENY", "common_cause")}
    assert [told_by(row) for row in talk.audit("alert") if row.rule == "stuck-job"] == [{"withheld": ["ops"], "told": "chat"}] * 4

    talk.hear(checks(ok=True, problem=""), at=61_000)
    ended = [Gone(Kind.JOB, f"{one}/t1/j{one}/1000", "finished") for one in FLEET[1:]]
    lines = talk.hear(redis(*(process(one, 61_001) for one in FLEET), *ended), at=61_001) + talk.wait(92_000)

    told = [(notice.kind.value, notice.entity) for notice in notices(talk, "ops")][1:]
    assert asked(lines)[0] == f"measure {FLEET[0]}"
    assert ("alert.firing", f"{FLEET[0]}/t1/j{FLEET[0]}/1000") in told
    assert not [entity for _, entity in told if entity.startswith(tuple(FLEET[1:]))], "what ended with its cause is nobody's business"


def test_a_check_that_was_not_tried_yet():
    """After a start nothing is done before the declared check has succeeded once; then it is."""
    talk = Conversation(rules(RULES))
    talk.hear(checks(complete=True))
    talk.hear(redis(process(FLEET[0], 2_000), job(FLEET[0], "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(FLEET[0])), at=2_001)
    lines = talk.hear(redis(process(FLEET[0], 23_000)), at=23_000)

    assert asked(lines) == []
    assert talk.audit("decision")[-1].reason == "the check postgres has not succeeded yet"
    assert asked(talk.hear(checks(ok=True), at=24_000) + talk.wait(29_000)) == [f"measure {FLEET[0]}"]


def test_a_storm_without_a_declared_cause():
    """More than half of the processes get stuck: nothing is done; with half of them it is, and it is said that nobody looked for a cause."""
    storm, half = begun(stuck=3, declared=False), begun(stuck=2, declared=False)

    assert asked(beat(storm, 23_000, stuck=3) + storm.wait(60_000)) == []
    assert {row.guard for row in storm.audit("decision")} == {"common_cause"}

    assert asked(beat(half, 23_000, stuck=2)) == [f"measure {one}" for one in FLEET[:2]]
    half.open = dict(list(half.open.items())[:1])
    half.answer(HEALTHY)
    allowed = [row for row in half.audit("decision") if row.decision == "ALLOW"]
    assert allowed[0].reason.split("; ")[0] == "database and web are not checked: the config declares no check"
    assert len(allowed) == 1


def test_a_storm_by_a_full_redis():
    """Redis has no memory left, so nobody beats: who hears of that by a rule hears it once, and of no process. What is still silent when there is room again is told, and waited for."""
    talk = Conversation(rules(FULL))
    talk.hear(redis(*(process(one, 2_000) for one in FLEET), server(memory=100), complete=True), at=2_000)
    talk.hear(host(*(found(one, unit=f"sidekiq@{number}.service") for number, one in enumerate(FLEET))), at=2_001)
    talk.hear(redis(server(memory=200)), at=5_000)
    lines = talk.wait(60_000)

    assert asked(lines) == []
    assert [notice.title for notice in notices(talk, "ops")] == ["Redis is full"]
    assert {(row.decision, row.guard) for row in talk.audit("decision")} == {("DENY", "common_cause")}
    assert [told_by(row) for row in talk.audit("alert") if row.rule == "silent"] == [{"withheld": ["ops"]}] * 4

    talk.hear(redis(server(memory=100), *(process(one, 61_000) for one in FLEET[1:])), at=61_001)
    lines = talk.wait(90_000)
    told = [(notice.kind.value, notice.entity) for notice in notices(talk, "ops")][1:]
    assert ("alert.firing", FLEET[0]) in told
    assert not [entity for kind, entity in told if kind == "alert.firing" and entity in FLEET[1:]]
    assert asked(lines) == []
    # Three beats of the slowest version after there was room again the one that is still silent is looked at.
    assert asked(talk.wait(92_000))[0] == f"measure {FLEET[0]}"


def test_a_rule_on_a_redis_that_takes_writes_hides_nothing():
    """Whoever was told that it has many clients is told of a silent process as well."""
    talk = Conversation(rules(FULL.replace("redis.memory >= redis.maxmemory", "redis.memory > 0B")))
    talk.hear(redis(process(FLEET[0], 2_000), server(memory=100), complete=True), at=2_000)
    talk.hear(host(found(FLEET[0])), at=2_001)
    talk.wait(40_000)

    assert {notice.rule for notice in notices(talk, "ops") if notice.kind.value == "alert.firing"} == {"full", "silent"}


@pytest.mark.parametrize(
    ("bad", "good", "reason"),
    [
        (checks(ok=False, problem=TOO_MANY), checks(ok=True, problem=""), f"the check postgres fails: {TOO_MANY}"),
        (
            redis(Delta(Kind.REDIS, "redis", {"role": "slave"})),
            redis(Delta(Kind.REDIS, "redis", {"role": "master"})),
            "Redis is a replica and refuses writes",
        ),
    ],
    ids=["check", "redis"],
)
def test_after_the_point_of_no_return(bad, good, reason):
    """A process that is quiet already is held there, not ended, while nobody could run its jobs; when that is over it goes on to the KILL."""
    talk = talking(RECOVER)
    talk.hear(redis(Delta(Kind.REDIS, "redis", {"role": "master"})), at=12_001)
    to_quiet(talk)
    talk.hear(bad)
    recovering(talk, 52_000, ended("j2", "t2", 11_000))
    talk.wait(53_000)
    answer(talk, InFlight((held("j1"),)))
    lines = answer(talk, HEALTHY) + talk.wait(54_000)

    assert "audit incident stuck-job common_cause KILL held" in lines
    assert not [line for line in lines if line.startswith("signal")]
    assert [run.held for run in talk.state.ledger.runs.values()] == [reason]

    talk.hear(good, at=54_001)
    talk.wait(60_000)
    assert asked(answer(talk, HEALTHY)) == [f"signal KILL {ONE}"]
