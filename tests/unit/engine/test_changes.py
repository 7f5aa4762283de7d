"""Rules that wait for a change: what is one, what is none, and how long its alert lasts."""

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.changes import APPEARED, LEFT, LOST, SILENT, SPOKE, Moved, moved, moving
from watchdog.engine.changes import CRASHED as CRASHED_OF
from watchdog.engine.changes import LEFT_BEHIND as LEFT_BEHIND_OF
from watchdog.engine.rules import RuleSet
from watchdog.model.changes import BY_NAME, CHANGES
from watchdog.model.delivery import listed_by
from watchdog.model.events import CRASHED, Delta, Gone, Observed, RulesLoaded, SourceBack, SourceLost, TimeReached
from watchdog.model.fields import FIELDS
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


def read(change: Delta | Gone) -> Observed:
    """A reading of the source that tells of such an entity."""
    return Observed(listed_by(change.kind), (change,))


def told(talk: Conversation) -> list[tuple[str, str]]:
    """What alerts were told of: entity and outcome."""
    return [(row.entity, row.outcome) for row in talk.audit("alert")]


def watching(name: str, **more: str) -> Conversation:
    """One process with a job, one queue with two jobs in it; Redis has been read in full."""
    talk = Conversation(waiting(name, **more))
    totals = Delta(Kind.SIDEKIQ, "sidekiq", {"retries": 5, "dead": 1, "scheduled": 3, "failed": 7, "processed": 90})
    server = {
        "role": "master",
        "version": "7.0.15",
        "uptime": 60_000,
        "maxmemory": 0,
        "policy": "noeviction",
        "evicted": 0,
        "save_ok": True,
    }
    others = (
        Delta(Kind.REDIS, "redis", server | {"link_up": True}),
        Delta(Kind.QUEUE, "slow", {"name": "slow", "size": 0, "paused": True}),
        Delta(Kind.QUEUE, "fast", {"name": "fast", "size": 0, "paused": False}),
        Delta(Kind.RETRY_GROUP, "g", {"size": 5, "added": 1}),
        Delta(Kind.DOMAIN, "d", {"retries": 5, "added": 1, "added_rejected": 1}),
        Delta(Kind.SCHEDULE, "on", {"name": "on", "overdue": False, "enabled": True, "pushed_at": 5}),
        Delta(Kind.SCHEDULE, "off", {"name": "off", "overdue": True, "enabled": False}),
    )
    talk.hear(redis(process(ONE, 0), job(ONE, "j1", 0), queue("push", 2), totals, *others, complete=True))
    units = (
        Delta(Kind.UNIT, "up.service", {"running": True, "failed": False, "restarts": 2, "reload_needed": False}),
        Delta(Kind.UNIT, "down.service", {"running": False, "failed": False, "restarts": 0, "reload_needed": False}),
    )
    talk.hear(Observed(Source.SYSTEMD, units, complete=True))
    if name in ("SnapshotWritten", "MasterLinkUp"):
        talk.hear(redis(Delta(Kind.REDIS, "redis", {"save_ok": False, "link_up": False})))
    assert told(talk) == []
    return talk


J2 = job(ONE, "j2", 5, thread="t2")
J1 = job(ONE, "j1", 0)
CASES: list[tuple[str, Delta | Gone, str]] = [
    ("ProcessAppeared", process(TWO, 0), TWO),
    ("ProcessVanished", Delta(Kind.PROCESS, ONE, {"listed": False}), ONE),
    ("ProcessCrashed", Gone(Kind.PROCESS, ONE, CRASHED), ONE),
    ("ProcessQuiet", Delta(Kind.PROCESS, ONE, {"quiet": True}), ONE),
    ("ThreadsChanged", Delta(Kind.PROCESS, ONE, {"threads": 10}), ONE),
    ("JobStarted", J2, J2.id),
    ("JobFinished", Gone(Kind.JOB, J1.id, "finished"), J1.id),
    ("JobLost", Delta(Kind.PROCESS, ONE, {"listed": False}), J1.id),
    ("QueueAppeared", queue("pull", 0), "pull"),
    ("QueueVanished", Gone(Kind.QUEUE, "push", "cleared"), "push"),
    ("QueueGrew", Delta(Kind.QUEUE, "push", {"size": 3}), "push"),
    ("QueueShrank", Delta(Kind.QUEUE, "push", {"size": 1}), "push"),
    ("QueueEmptied", Delta(Kind.QUEUE, "push", {"size": 0}), "push"),
    ("RetriesGrew", Delta(Kind.SIDEKIQ, "sidekiq", {"retries": 6}), "sidekiq"),
    ("RetriesShrank", Delta(Kind.SIDEKIQ, "sidekiq", {"retries": 4}), "sidekiq"),
    ("ScheduledGrew", Delta(Kind.SIDEKIQ, "sidekiq", {"scheduled": 9}), "sidekiq"),
    ("ScheduledShrank", Delta(Kind.SIDEKIQ, "sidekiq", {"scheduled": 0}), "sidekiq"),
    ("DeadGrew", Delta(Kind.SIDEKIQ, "sidekiq", {"dead": 2}), "sidekiq"),
    ("DeadShrank", Delta(Kind.SIDEKIQ, "sidekiq", {"dead": 0}), "sidekiq"),
    ("FailedGrew", Delta(Kind.SIDEKIQ, "sidekiq", {"failed": 8}), "sidekiq"),
    ("CountersReset", Delta(Kind.SIDEKIQ, "sidekiq", {"processed": 0}), "sidekiq"),
    ("RoleChanged", Delta(Kind.REDIS, "redis", {"role": "slave"}), "redis"),
    ("VersionChanged", Delta(Kind.REDIS, "redis", {"version": "8.0.0"}), "redis"),
    ("RedisRestarted", Delta(Kind.REDIS, "redis", {"uptime": 1_000}), "redis"),
    ("MaxmemoryChanged", Delta(Kind.REDIS, "redis", {"maxmemory": 2**30}), "redis"),
    ("MemoryPolicyChanged", Delta(Kind.REDIS, "redis", {"policy": "allkeys-lru"}), "redis"),
    ("KeysEvicted", Delta(Kind.REDIS, "redis", {"evicted": 7}), "redis"),
    ("SnapshotFailed", Delta(Kind.REDIS, "redis", {"save_ok": False}), "redis"),
    ("SnapshotWritten", Delta(Kind.REDIS, "redis", {"save_ok": True}), "redis"),
    ("MasterLinkDown", Delta(Kind.REDIS, "redis", {"link_up": False}), "redis"),
    ("MasterLinkUp", Delta(Kind.REDIS, "redis", {"link_up": True}), "redis"),
    ("QueuePaused", Delta(Kind.QUEUE, "fast", {"paused": True}), "fast"),
    ("QueueResumed", Delta(Kind.QUEUE, "slow", {"paused": False}), "slow"),
    ("ClassFailed", Delta(Kind.JOB_CLASS, "C", {"name": "C", "failed": 1}), "C"),
    ("RetryAdded", Delta(Kind.RETRY_GROUP, "new", {"added": 1}), "new"),
    ("RetryGroupGrew", Delta(Kind.RETRY_GROUP, "g", {"size": 6}), "g"),
    ("RetryGroupShrank", Delta(Kind.RETRY_GROUP, "g", {"size": 0}), "g"),
    ("DomainRetryAdded", Delta(Kind.DOMAIN, "d", {"added": 2}), "d"),
    ("DomainRejected", Delta(Kind.DOMAIN, "d", {"added_rejected": 2}), "d"),
    ("DomainRetriesGrew", Delta(Kind.DOMAIN, "d", {"retries": 6}), "d"),
    ("DomainRetriesShrank", Delta(Kind.DOMAIN, "d", {"retries": 4}), "d"),
    ("ScheduleAppeared", Delta(Kind.SCHEDULE, "new", {"name": "new"}), "new"),
    ("ScheduleVanished", Gone(Kind.SCHEDULE, "on", "removed"), "on"),
    ("SchedulePushed", Delta(Kind.SCHEDULE, "on", {"pushed_at": 900}), "on"),
    ("ScheduleOverdue", Delta(Kind.SCHEDULE, "on", {"overdue": True}), "on"),
    ("ScheduleOnTime", Delta(Kind.SCHEDULE, "off", {"overdue": False}), "off"),
    ("ScheduleEnabled", Delta(Kind.SCHEDULE, "off", {"enabled": True}), "off"),
    ("ScheduleDisabled", Delta(Kind.SCHEDULE, "on", {"enabled": False}), "on"),
    ("UnitStarted", Delta(Kind.UNIT, "down.service", {"running": True}), "down.service"),
    ("UnitStopped", Delta(Kind.UNIT, "up.service", {"running": False}), "up.service"),
    ("UnitFailed", Delta(Kind.UNIT, "down.service", {"failed": True}), "down.service"),
    ("UnitRestarted", Delta(Kind.UNIT, "up.service", {"restarts": 3}), "up.service"),
    ("UnitReloadNeeded", Delta(Kind.UNIT, "up.service", {"reload_needed": True}), "up.service"),
]
OF_AN_END = {"ProcessVanished": {"JobLost"}, "JobLost": {"ProcessVanished"}, "ProcessCrashed": {"ProcessVanished", "JobLost"}}
"""What comes with what: with a process its jobs are gone."""
OF_THE_DEAD = tuple(LEFT_BEHIND_OF.values())
"""What is told of those that are gone already: as well."""
OF_THE_LIVING = ("ProcessUnlisted", "ProcessListed", SILENT, SPOKE)
"""Changes that the kernel or time has a part in: they have tests of their own."""


@pytest.mark.parametrize(("name", "change", "entity"), CASES, ids=[name for name, _, _ in CASES])
def test_each_change_fires_once_and_is_over_at_once(name, change, entity):
    """A rule with `on:` fires in the turn of the change, says so, and without `keep_firing_for` it is resolved in the same turn."""
    talk = watching(name)
    talk.hear(read(change), at=1_000)

    assert told(talk) == [(entity, "firing"), (entity, "resolved")]
    assert talk.state.ledger.alerts == {}

    talk.hear(read(change), at=2_000)  # said again, nothing becomes so again
    talk.wait(100_000)
    assert len(told(talk)) == 2


@pytest.mark.parametrize("name", [name for name, _, _ in CASES])
def test_no_other_change_is_taken_for_it(name):
    """Of all that can happen a rule hears only of what it waits for."""
    for other, change, _ in CASES:
        if other != name and not (other in OF_AN_END and name in OF_AN_END[other]):
            talk = watching(name)
            talk.hear(read(change), at=1_000)
            assert told(talk) == []


def test_all_changes_of_the_table_can_come():
    """The table of changes and the code that finds them name the same ones."""
    values = [MISSING, True, False, 0, 1, 2, "a", "b"]
    found_ = {SILENT, SPOKE, *CRASHED_OF.values(), *OF_THE_DEAD, *LOST.values(), *APPEARED.values(), *LEFT.values()}
    for kind, slots in moving({spec.name for spec in CHANGES}).items():
        for slot in slots:
            pairs = [(one, other) for one in values for other in values if type(one) is type(other)]
            pairs += [(MISSING, other) for other in values if type(other) is not str] + [(one, MISSING) for one in values]
            changes = (moved(kind, slot, one, other) for one, other in pairs)
            found_ |= {change.name for change in changes if change is not None}

    assert found_ == {spec.name for spec in CHANGES} == {*(name for name, _, _ in CASES), *OF_THE_LIVING, *OF_THE_DEAD}
    assert all(spec.doc.endswith(".") for spec in CHANGES)
    assert {spec.name for spec in CHANGES if spec.leaves} == {*LOST.values(), *LEFT.values(), *CRASHED_OF.values(), *OF_THE_DEAD}
    assert {(spec.kind, spec.slot) for spec in CHANGES if spec.slot} <= {(spec.kind, spec.slot) for spec in FIELDS}
    assert not [spec.name for spec in CHANGES if spec.field is not None and spec.field.internal]


def test_what_a_reading_was_and_is_now_is_told():
    """Numbers and short texts; what became true or false, and what can't be compared, has no values."""
    assert moved(Kind.QUEUE, "size", 2, 5) == Moved("QueueGrew", 2, 5)
    assert moved(Kind.QUEUE, "size", 5, 0) == Moved("QueueEmptied", 5, 0)
    assert moved(Kind.REDIS, "role", "master", "slave") == Moved("RoleChanged", "master", "slave")
    assert moved(Kind.REDIS, "version", "7", "8" * 900) == Moved("VersionChanged", "7", "8" * 200)
    assert moved(Kind.PROCESS, "quiet", False, True) == Moved("ProcessQuiet", None, None)
    assert moved(Kind.PROCESS, "quiet", True, False) is None
    assert moved(Kind.QUEUE, "size", 2, 2) is None
    assert moved(Kind.QUEUE, "size", MISSING, 2) is None
    assert moved(Kind.QUEUE, "latency", 1, 2) is None


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
