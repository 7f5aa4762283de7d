"""Rules that wait for a change: what is one, what is none, and how long its alert lasts."""

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.changes import APPEARED, LEFT, LOST, moved, moving
from watchdog.engine.rules import RuleSet
from watchdog.model.changes import BY_NAME, CHANGES
from watchdog.model.events import Delta, Gone, RulesLoaded, SourceBack, SourceLost, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.verdicts import Mode

ONE, TWO = "web1:10:abc", "web1:11:def"


def waiting(name: str, *, where: str = "", keep_firing: str = "0s") -> RuleSet:
    """One rule that waits for that change."""
    kind = BY_NAME[name].kind
    text = f"rules:\n  - {{rule: it, each: {kind}, when: 'true', {where and f'where: {where!r}, '}keep_firing_for: {keep_firing}, notify: [ops]}}\n"
    read = rules(text, Mode.OBSERVE)
    return RuleSet(tuple(msgspec.structs.replace(rule, on=name) for rule in read.rules), read.digest, read.mode)


def queue(name: str, size: int) -> Delta:
    """A queue in which so many jobs wait."""
    return Delta(Kind.QUEUE, name, {"name": name, "size": size, "latency": 0})


def told(talk: Conversation) -> list[tuple[str, str]]:
    """What alerts were told of: entity and outcome."""
    return [(row.entity, row.outcome) for row in talk.audit("alert")]


def watching(name: str, **more: str) -> Conversation:
    """One process with a job, one queue with two jobs in it; Redis has been read in full."""
    talk = Conversation(waiting(name, **more))
    totals = Delta(Kind.SIDEKIQ, "sidekiq", {"retries": 5, "dead": 1})
    talk.hear(
        redis(process(ONE, 0), job(ONE, "j1", 0), queue("push", 2), totals, Delta(Kind.REDIS, "redis", {"role": "master"}), complete=True)
    )
    assert told(talk) == []
    return talk


J2 = job(ONE, "j2", 5, thread="t2")
J1 = job(ONE, "j1", 0)
CASES: list[tuple[str, Delta | Gone, str]] = [
    ("ProcessAppeared", process(TWO, 0), TWO),
    ("ProcessVanished", Delta(Kind.PROCESS, ONE, {"listed": False}), ONE),
    ("ProcessQuiet", Delta(Kind.PROCESS, ONE, {"quiet": True}), ONE),
    ("JobStarted", J2, J2.id),
    ("JobFinished", Gone(Kind.JOB, J1.id, "finished"), J1.id),
    ("JobLost", Delta(Kind.PROCESS, ONE, {"listed": False}), J1.id),
    ("QueueAppeared", queue("pull", 0), "pull"),
    ("QueueVanished", Gone(Kind.QUEUE, "push", "cleared"), "push"),
    ("QueueGrew", Delta(Kind.QUEUE, "push", {"size": 3}), "push"),
    ("QueueEmptied", Delta(Kind.QUEUE, "push", {"size": 0}), "push"),
    ("RetriesGrew", Delta(Kind.SIDEKIQ, "sidekiq", {"retries": 6}), "sidekiq"),
    ("DeadGrew", Delta(Kind.SIDEKIQ, "sidekiq", {"dead": 2}), "sidekiq"),
    ("RoleChanged", Delta(Kind.REDIS, "redis", {"role": "slave"}), "redis"),
]


@pytest.mark.parametrize(("name", "change", "entity"), CASES, ids=[name for name, _, _ in CASES])
def test_each_change_fires_once_and_is_over_at_once(name, change, entity):
    """A rule with `on:` fires in the turn of the change, says so, and without `keep_firing_for` it is resolved in the same turn."""
    talk = watching(name)
    talk.hear(redis(change), at=1_000)

    assert told(talk) == [(entity, "firing"), (entity, "resolved")]
    assert talk.state.ledger.alerts == {}

    talk.hear(redis(change), at=2_000)  # said again, nothing becomes so again
    talk.wait(100_000)
    assert len(told(talk)) == 2


@pytest.mark.parametrize("name", [name for name, _, _ in CASES])
def test_no_other_change_is_taken_for_it(name):
    """Of all that can happen a rule hears only of what it waits for."""
    talk = watching(name)
    for other, change, _ in CASES:
        if other not in (name, "ProcessVanished", "JobLost", "QueueVanished"):
            talk.hear(redis(change), at=talk.at + 1_000)

    assert told(talk) == []


def test_all_changes_of_the_table_can_come():
    """The table of changes and the code that finds them name the same ones."""
    values = [MISSING, True, False, 0, 1, 2, "a", "b"]
    found_ = {LOST, *APPEARED.values(), *LEFT.values()}
    for kind in Kind:
        for slot in moving(kind):
            pairs = [(one, other) for one in values for other in values if one is MISSING or other is MISSING or type(one) is type(other)]
            names = (moved(kind, slot, one, other) for one, other in pairs)
            found_ |= {name for name in names if name is not None}

    assert found_ == {spec.name for spec in CHANGES}
    assert all(spec.doc.endswith(".") for spec in CHANGES)
    assert {(spec.name, spec.leaves) for spec in CHANGES if spec.leaves} == {(name, True) for name in (LOST, *LEFT.values())}


def test_it_keeps_firing_for_as_long_as_it_was_told_to():
    """`keep_firing_for` counts from the change; that the entity is gone does not cut it short; it comes from the deadline, not from an event."""
    talk = watching("ProcessVanished", keep_firing="1m")
    talk.hear(redis(Delta(Kind.PROCESS, ONE, {"listed": False})), at=1_000)
    assert told(talk) == [(ONE, "firing")]

    talk.wait(60_999)
    assert told(talk) == [(ONE, "firing")]
    talk.wait(61_000)
    assert told(talk) == [(ONE, "firing"), (ONE, "resolved")]


def test_the_same_again_begins_its_time_anew():
    """A second change of the same entity does not fire a second time while the alert fires: it fires longer."""
    talk = watching("QueueGrew", keep_firing="1m")
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"size": 3})), at=1_000)
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"size": 4})), at=31_000)
    talk.wait(90_999)

    assert told(talk) == [("push", "firing")]
    talk.wait(91_000)
    assert told(talk) == [("push", "firing"), ("push", "resolved")]


def test_where_decides_of_which_entities():
    """`where` is asked of the entity as it was when it changed, also of one that is gone."""
    talk = watching("ProcessVanished", where='process.tag == "app"')
    talk.hear(redis(Delta(Kind.PROCESS, ONE, {"listed": False})), at=1_000)
    other = watching("ProcessVanished", where='process.tag == "other"')
    other.hear(redis(Delta(Kind.PROCESS, ONE, {"listed": False})), at=1_000)

    assert (len(told(talk)), told(other)) == (2, [])


def test_a_process_that_the_host_finds_first_is_whole_when_it_appears():
    """The host may tell of a process a moment before Redis does: it appears when Redis lists it, and once."""
    talk = watching("ProcessAppeared", where="process.threads == 5")
    talk.hear(host(found(TWO)), at=1_000)
    assert told(talk) == []
    talk.hear(redis(process(TWO, 1_000)))

    assert told(talk) == [(TWO, "firing"), (TWO, "resolved")]


def test_what_is_found_at_the_start_has_not_appeared():
    """After a restart of the agent everything is read anew, and nothing of it is news."""
    talk = watching("ProcessAppeared")
    talk.crash()
    talk.hear(redis(process(ONE, 0), process(TWO, 0), complete=True), at=1_000)

    assert told(talk) == []


def test_what_came_while_the_source_was_lost_is_news():
    """What Redis shows when it can be read again and did not show before has changed, whenever that was."""
    talk = watching("QueueGrew")
    talk.hear(SourceLost(Source.REDIS, "refused", "x"), at=1_000)
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"size": 9}), complete=True), at=9_000)
    talk.hear(SourceBack(Source.REDIS))

    assert told(talk) == [("push", "firing"), ("push", "resolved")]


def test_a_crash_neither_forgets_it_nor_tells_it_twice():
    """An alert of a change outlives the agent; the time without it does not count."""
    talk = watching("ProcessVanished", keep_firing="1m")
    talk.hear(redis(Delta(Kind.PROCESS, ONE, {"listed": False})), at=1_000)
    talk.wait(21_000)
    talk.hear(TimeReached())
    talk.at = 40_000
    talk.crash()
    talk.hear(redis(complete=True))
    assert told(talk) == [(ONE, "firing")]

    talk.wait(200_000)

    assert told(talk) == [(ONE, "firing"), (ONE, "resolved")]


def test_a_turn_that_was_undone_tells_its_changes_again():
    """If the commit of a change's turn fails the change is told by the next one."""
    talk = watching("QueueGrew", keep_firing="1m")
    ledger = talk.state.ledger
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"size": 9})), at=1_000)
    talk.state = msgspec.structs.replace(talk.state, ledger=ledger)  # nothing of it was committed
    talk.effects.clear()
    talk.state.world.must_judge_all = True
    talk.hear(TimeReached(), at=2_000)

    assert told(talk) == [("push", "firing")]
    talk.hear(TimeReached(), at=3_000)
    assert told(talk) == [("push", "firing")]


def test_a_rule_that_no_longer_waits_for_a_change():
    """After a reload the alert of a rule that now has a condition lives and dies by that."""
    talk = watching("QueueGrew", keep_firing="1h")
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"size": 9})), at=1_000)
    talk.rules = rules("rules:\n  - {rule: it, each: queue, when: queue.size > 5, keep_firing_for: 10s}\n", Mode.OBSERVE)
    talk.hear(RulesLoaded("", Mode.OBSERVE), at=2_000)
    talk.wait(20_000)
    assert told(talk) == [("push", "firing")]

    talk.hear(redis(Delta(Kind.QUEUE, "push", {"size": 0})))
    talk.wait(29_999)
    assert told(talk) == [("push", "firing")]
    talk.wait(30_000)

    assert told(talk) == [("push", "firing"), ("push", "resolved")]


def test_a_change_can_ask_for_an_action_while_its_alert_fires():
    """With `keep_firing_for` there is time to act on an entity that is still there; the request ends with the alert. Redis must be readable."""
    text = """
rules:
  - rule: it
    each: process
    on: ProcessQuiet
    keep_firing_for: 1m
    then: [{terminate_process: {process: process, grace: 30s}}]
    guards: {keep: 0%}
"""
    talk = Conversation(rules(text))
    talk.hear(redis(process(ONE, 0), complete=True))
    talk.hear(host(found(ONE)))
    lines = talk.hear(redis(Delta(Kind.PROCESS, ONE, {"quiet": True})), at=1_000)
    assert f"measure {ONE}" in lines

    talk.hear(SourceLost(Source.REDIS, "refused", "x"), at=2_000)
    talk.answer(HEALTHY)
    assert [(row.decision, row.guard) for row in talk.audit("decision")] == [("DENY", "blind")]
    talk.wait(66_000)

    assert talk.state.ledger.requests == {}
    assert talk.audit("decision")[-1].outcome == "no longer wanted"
