"""The world as the scope of conditions: who is judged anew because of somebody else, when, and that nothing more is."""

import pytest

from tests.scenario.conversation import Conversation, found, host, job, process, redis, rules
from watchdog.engine.advance import advance
from watchdog.engine.due import next_due
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import begin, keep
from watchdog.model.events import Delta, Event, Gone, RulesLoaded, SourceBack, SourceLost, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode

ONE, TWO = "web1:10:abc", "web1:11:def"


def rule(each: str, when: str, **more: str) -> RuleSet:
    """One rule that only watches."""
    keys = "".join(f", {key}: {value!r}" for key, value in more.items())
    return rules(f"rules:\n  - {{rule: it, each: {each}, when: {when!r}, notify: [ops]{keys}}}\n", Mode.OBSERVE)


def queue(name: str, size: int) -> Delta:
    """A queue in which so many jobs wait."""
    return Delta(Kind.QUEUE, name, {"name": name, "size": size, "latency": 0})


def talking(ruleset: RuleSet, *changes: Delta) -> Conversation:
    """Redis has been read in full."""
    talk = Conversation(ruleset)
    talk.hear(redis(*changes, complete=True))
    return talk


def told(talk: Conversation) -> list[tuple[int, str, str]]:
    """What alerts were told of: engine time, entity and outcome."""
    return [(row.wall - talk.booted_wall, row.entity, row.outcome) for row in talk.audit("alert")]


def test_an_inner_entity_calls_its_outer_one_at_the_very_beat():
    """A job that crosses ten minutes makes the share of its process flip in the turn of that beat, though nothing of the process' rules is due."""
    ruleset = rule("process", "share(job where job.process == process.id and job.elapsed >= 10m) >= 50%")
    talk = talking(ruleset, process(ONE, 0), job(ONE, "j1", 0), job(ONE, "j2", 0, thread="t2"), process(TWO, 0), job(TWO, "j3", 0))
    for at in range(10_000, 600_000, 10_000):
        talk.hear(redis(process(ONE, at)), at=at)
    assert told(talk) == []
    talk.hear(redis(process(ONE, 600_000)), at=600_000)

    assert told(talk) == [(600_000, ONE, "firing")]
    talk.hear(redis(*[Gone(Kind.JOB, f"{ONE}/{thread}/{jid}/0", "finished") for thread, jid in (("t1", "j1"), ("t2", "j2"))]), at=601_000)
    assert len(told(talk)) == 1  # of nothing a share is unknown, so the alert stays


def test_only_the_group_that_changed_is_looked_at():
    """A job of one queue calls that queue and no other."""
    talk = talking(
        rule("queue", "count(job where job.queue == queue.name) > 5"), *(queue(f"q{number}", 0) for number in range(200)), process(ONE, 0)
    )
    world = talk.state.world
    touched, _ = world.take(redis(job(ONE, "j1", 0, queue="q7")), 1_000)

    assert [entity for kind, entity in touched if kind is Kind.QUEUE] == ["q7"]


def test_two_inner_changes_of_one_reading_are_one():
    """A job that ends and one that begins in the same reading leave the count as it was: nobody sees it in between."""
    talk = talking(rule("queue", "count(job where job.queue == queue.name) == 0"), queue("push", 0), process(ONE, 0), job(ONE, "j1", 0))
    talk.hear(redis(Gone(Kind.JOB, f"{ONE}/t1/j1/0", "finished"), job(ONE, "j2", 5, thread="t2")), at=1_000)

    assert told(talk) == []


def test_an_entity_of_an_unknown_group_is_in_all_of_them():
    """A job whose queue is not known may be of any: every count is called, and none is sure any more."""
    talk = talking(rule("queue", "count(job where job.queue == queue.name) == 0"), queue("push", 0), queue("pull", 0), process(ONE, 0))
    assert [entity for _, entity, _ in told(talk)] == ["push", "pull"]
    world = talk.state.world
    touched, _ = world.take(redis(Delta(Kind.JOB, "j", {"jid": "j", "process": ONE, "started_at": 0})), 1_000)

    assert sorted(entity for kind, entity in touched if kind is Kind.QUEUE) == ["pull", "push"]


def test_who_looks_at_another_is_called_when_that_one_changes_comes_or_goes():
    """A lookup rests on a row that need not be there yet."""
    talk = talking(rule("process", 'queue("push").size > 5 and process.threads > 2'), process(ONE, 0), process(TWO, 0, threads=1))
    talk.hear(redis(queue("pull", 9)), at=1_000)
    talk.hear(redis(queue("push", 9)), at=2_000)
    talk.hear(redis(queue("push", 3)), at=3_000)
    talk.hear(redis(queue("push", 7)), at=4_000)
    assert told(talk) == [(2_000, ONE, "firing"), (3_000, ONE, "resolved"), (4_000, ONE, "firing")]

    talk.hear(redis(Gone(Kind.QUEUE, "push", "cleared")), at=5_000)  # unknown: it stays as it is
    assert len(told(talk)) == 3
    talk.hear(redis(queue("push", 0)), at=6_000)
    assert told(talk)[3:] == [(6_000, ONE, "resolved")]


def test_nobody_is_kept_in_mind_for_what_is_gone():
    """Entities that leave rest on nothing; after a reload without such rules nothing is noted of anybody."""
    talk = talking(
        rule("job", 'queue("push").size > 5'), process(ONE, 0), queue("push", 0), *(job(ONE, f"j{n}", 0, thread=f"t{n}") for n in range(9))
    )
    world = talk.state.world
    assert len(world.watchers) == 9
    talk.hear(redis(*(Gone(Kind.JOB, f"{ONE}/t{n}/j{n}/0", "finished") for n in range(8))))
    assert len(world.watchers) == 1

    talk.rules = rule("job", "job.elapsed > 5s")
    talk.hear(RulesLoaded("", Mode.OBSERVE))
    assert len(world.watchers) == 0


def test_ages_within_an_aggregate_are_looked_at_each_second():
    """The greatest of values that grow by themselves is up to a second old, and no event is needed for it."""
    talk = talking(
        rule("sidekiq", "max(process.beat_age) >= 90s"), Delta(Kind.SIDEKIQ, "sidekiq", {"failed": 0}), process(ONE, 0), process(TWO, 0)
    )
    talk.hear(redis(process(TWO, 30_500)), at=30_500)
    talk.wait(200_000)

    assert len(told(talk)) == 1
    assert 90_000 <= told(talk)[0][0] <= 91_000


def test_a_lookup_of_an_age_is_looked_at_when_it_grows():
    """What another entity's age says needs no event either."""
    talk = talking(rule("job", "process(job.process).beat_age >= 90s"), process(ONE, 0), job(ONE, "j1", 0))
    talk.wait(200_000)

    assert len(told(talk)) == 1
    assert 90_000 <= told(talk)[0][0] <= 91_000


def test_a_window_that_is_new_knows_nothing_of_before():
    """A rule that comes with a reload does not take what nobody remembered for zero."""
    talk = talking(rule("queue", "queue.size > 100"), queue("push", 50))
    talk.at = 3_600_000
    talk.rules = rule("queue", "min(queue.size, 10m) < 10")
    talk.hear(RulesLoaded("", Mode.OBSERVE))
    talk.wait(3_600_000 + 3_600_000)
    assert told(talk) == []
    talk.hear(redis(queue("push", 5)))
    talk.wait(talk.at + 600_000)

    assert [(entity, outcome) for _, entity, outcome in told(talk)] == [("push", "firing")]


def test_a_reload_keeps_what_is_remembered():
    """A window that is in the old rules and in the new ones goes on."""
    talk = talking(rule("queue", "avg(queue.size, 10m) > 100"), queue("push", 50))
    talk.wait(600_000)
    talk.rules = rule("queue", "avg(queue.size, 10m) > 40")
    talk.hear(RulesLoaded("", Mode.OBSERVE))

    assert told(talk) == [(600_000, "push", "firing")]


def test_a_new_queue_counts_as_empty_before_it_came():
    """An entity that was not there in covered time is 0 for a counter: a fresh outage shows at once."""
    talk = talking(rule("queue", "increase(queue.size, 10m) > 20"), queue("other", 0))
    talk.wait(600_000)
    talk.hear(redis(queue("fresh", 30)), at=600_000)
    talk.wait(606_000)

    assert [(entity, outcome) for _, entity, outcome in told(talk)] == [("fresh", "firing")]


def test_a_lost_source_stops_windows_and_its_return_does_not_fill_them():
    """While Redis can't be read nothing counts as covered: an alert that rests on a window neither fires nor is resolved by it."""
    talk = talking(rule("queue", "max(queue.size, 2m) == 0"), queue("push", 0))
    talk.wait(60_000)
    talk.hear(SourceLost(Source.REDIS, "refused", "x"), at=60_000)
    talk.hear(redis(queue("push", 0), complete=True), at=600_000)
    talk.hear(SourceBack(Source.REDIS))
    talk.wait(695_000)
    assert told(talk) == []
    talk.wait(700_000)

    assert [(entity, outcome) for _, entity, outcome in told(talk)] == [("push", "firing")]


def test_the_summary_sees_the_same_world():
    """Holes in a summary can count and look, and what they ask for is kept for them."""
    text = 'rules:\n  - {rule: it, each: queue, when: queue.size > 5, summary: "{{ count(job where job.queue == queue.name) }} run"}\n'
    talk = talking(rules(text, Mode.OBSERVE), process(ONE, 0), job(ONE, "j1", 0), job(ONE, "j2", 0, thread="t2"), queue("push", 9))

    assert [alert.title for alert in talk.state.ledger.alerts.values()] == ["2 run"]


def test_idle_entities_cost_nothing():
    """With aggregates and lookups that nothing touches, no time is due."""
    texts = ["count(job where job.queue == queue.name) > 5", 'queue("push").size > 5', "sum(process.threads) > 50"]
    for text in texts:
        talk = talking(rule("queue", text), queue("push", 0), process(ONE, 0), job(ONE, "j1", 0))
        talk.hear(host(found(ONE)))
        assert next_due(talk.state) is None


@pytest.mark.parametrize("source", [Source.REDIS, Source.HOST])
def test_coverage_by_source(source):
    """The host is covered from the start, Redis once it has been read in full."""
    talk = Conversation(rule("queue", "avg(queue.size, 1m) > 5"))
    assert bool(talk.state.world.history._coverage.times[source]) is (source is Source.HOST)
    talk.hear(redis(complete=True))
    assert talk.state.world.history._coverage.times[source] == [0]


def test_histories_outlive_a_reboot():
    """Engine time begins anew with a boot; what was kept is moved by what the clock on the wall says, and the time between is not covered."""
    ruleset = rule("queue", "max(queue.size, 10m) == 7")
    talk = talking(ruleset, queue("push", 7))
    talk.wait(400_000)
    kept = keep(talk.state, at=talk.at, wall=talk.booted_wall + talk.at)
    talk.state = begin(talk.state.ledger, history=kept)
    talk.booted_wall += talk.at + 60_000  # down for a minute
    talk.boot_id, talk.at = "boot-2", 0
    talk.start()
    talk.hear(redis(queue("push", 7), complete=True))
    talk.wait(79_999)
    assert told(talk) == []
    talk.wait(80_000)  # 400 s before and 80 s after are four fifths of ten minutes

    assert told(talk) == [(80_000, "push", "firing")]


def test_what_grew_while_nothing_could_be_committed_is_remembered():
    """A beat that was only put into the picture, and then silence: when turns can be committed again it is known that the process is silent."""
    talk = Conversation(rules("rules:\n  - {rule: mute, each: process, when: 'held(process.beat_age >= 5s, 6s)'}\n"))
    talk.hear(redis(process("web2:0:x", 0), complete=True))
    talk.wait(1_000)
    advance(talk.rules, talk.state, Event(talk.seq + 1, 1_000, talk.booted_wall, redis(process("web2:0:x", 1_000))))
    talk.state.world.must_judge_all = True
    talk.state.world.take(redis(process("web2:0:x", 2_000)), 2_000)

    talk.hear(TimeReached(), at=20_000)
    talk.wait(26_000)
    assert [alert.rule for alert in talk.state.ledger.alerts.values()] == ["mute"]
