"""Two servers called `redis`: rules look at both, and the loss of one leaves the other known."""

import pytest

from tests.scenario.conversation import Conversation, redis, rules
from watchdog.engine.status import status
from watchdog.engine.targeting import truth_of
from watchdog.engine.turn import Turn
from watchdog.engine.why import why
from watchdog.lang.condition import Condition
from watchdog.model.delivery import APP, source_for, sources_among, sources_for
from watchdog.model.effects import Notify
from watchdog.model.events import Delta, Event, Observed, SourceBack, SourceLost, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode

FULL = "rules: [{rule: full, each: redis, when: redis.memory > 4GiB}]"
GIB = 2**30


def server(memory: int, *, app: bool = False, complete: bool = False) -> Observed:
    """What one of the two says of itself."""
    entity, source = (APP, Source.APP_REDIS) if app else ("redis", Source.REDIS)
    return Observed(source, (Delta(Kind.REDIS, entity, {"memory": memory}),), complete)


def both(text: str = FULL) -> Conversation:
    """A conversation in which both servers have been read, and are well."""
    talk = Conversation(rules(text, Mode.OBSERVE))
    talk.hear(server(GIB, complete=True))
    talk.hear(server(GIB, app=True, complete=True))
    return talk


def truths(talk: Conversation) -> dict[str, str]:
    """What the rule says of each."""
    turn = Turn(talk.rules, talk.state, Event(talk.seq + 1, talk.at, 0, TimeReached()))
    rule = talk.rules.rules[0]
    return {entity: truth_of(turn, rule, row).value for entity, row in talk.state.world.rows[Kind.REDIS].items()}


def lost(source: Source) -> SourceLost:
    """It can't be read."""
    return SourceLost(source, "refused", "nothing listens")


def test_a_rule_looks_at_both():
    """Each by its own readings."""
    talk = both()
    talk.hear(server(5 * GIB, app=True))
    assert truths(talk) == {"redis": "false", "app": "true"}
    assert [(row.entity, row.outcome) for row in talk.audit("alert")] == [("app", "firing")]


@pytest.mark.parametrize(("source", "unknown"), [(Source.REDIS, "redis"), (Source.APP_REDIS, "app")])
def test_the_loss_of_one_leaves_the_other_known(source, unknown):
    """Blind is only what rests on the one that is lost; it is known again when that one is."""
    talk = both()
    talk.hear(lost(source))
    assert truths(talk) == {"redis": "false", "app": "false", unknown: "unknown"}
    assert why(talk.rules, talk.state, "full", unknown, talk.at)["blind"] == [source.value]
    talk.hear(server(5 * GIB, app=source is Source.APP_REDIS, complete=True))
    talk.hear(SourceBack(source))
    assert truths(talk)[unknown] == "true"


@pytest.mark.parametrize(
    ("source", "severity"), [(Source.REDIS, "critical"), (Source.APP_REDIS, "critical"), (Source.MASTODON_API, "warning"), (Source.WEB_LOG, "warning"), (Source.PEERS, "warning")]
)  # fmt: skip
def test_how_bad_a_loss_is(source, severity):
    """Nobody is called at night because a token was revoked; without Redis the agent is of no use."""
    talk = both(f"{FULL[:-2]}, notify: [ops]}}]")
    talk.hear(lost(source))
    assert [effect.notice.severity for effect in talk.effects if isinstance(effect, Notify)] == [severity]


def test_an_alert_outlives_the_loss_of_the_other():
    """It goes on counting to its end by itself."""
    talk = both("rules: [{rule: full, each: redis, when: redis.memory > 4GiB, for: 1m}]")
    talk.hear(server(5 * GIB, app=True), at=1_000)
    talk.hear(lost(Source.REDIS), at=2_000)
    talk.wait(61_000)
    assert [(row.entity, row.outcome) for row in talk.audit("alert")] == [("app", "firing")]


def test_a_history_is_covered_by_its_own_server():
    """While Sidekiq's Redis is lost, the other one's average goes on; and the other way round it does not."""
    talk = both("rules: [{rule: full, each: redis, when: 'avg(redis.memory, 1m) > 4GiB'}]")
    talk.hear(server(5 * GIB), at=1_000)
    talk.hear(server(5 * GIB, app=True))
    talk.hear(lost(Source.REDIS), at=2_000)
    talk.wait(70_000)
    assert truths(talk) == {"redis": "unknown", "app": "true"}


def condition(text: str, each: str = "queue") -> Condition:
    """One on that kind of entity."""
    return rules(f"rules: [{{rule: it, each: {each}, when: '{text}'}}]", Mode.OBSERVE).rules[0].condition


@pytest.mark.parametrize(
    ("text", "each", "entity", "sources"),
    [
        ('redis("app").memory > 4GiB', "queue", "push", {Source.APP_REDIS}),
        ('redis("redis").memory > 4GiB', "queue", "push", {Source.REDIS}),
        ('queue.size > 5 and redis("app").memory > 4GiB', "queue", "push", {Source.REDIS, Source.APP_REDIS}),
        ("count(redis where redis.memory > 4GiB) > 0", "queue", "push", {Source.REDIS, Source.APP_REDIS}),
        ("redis.memory > 4GiB", "redis", "app", {Source.APP_REDIS}),
        ("redis.memory > 4GiB", "redis", "redis", {Source.REDIS}),
        ('redis.memory > redis("redis").memory', "redis", "app", {Source.REDIS, Source.APP_REDIS}),
        ("max(redis.memory, 1m) > 4GiB", "redis", "app", {Source.APP_REDIS}),
        ("process.alive", "process", "web1:1:a", {Source.HOST}),
        ("count(job where job.process == process.id) > 1", "process", "web1:1:a", {Source.REDIS}),
    ],
)
def test_what_a_condition_rests_on(text, each, entity, sources):
    """A server that is named is the only one; where all are meant, all are."""
    assert set(condition(text, each).rests_on(entity)) == sources


def test_a_server_that_is_not_configured_is_missed_by_nobody():
    """Status names it only where it was read, or lost."""
    talk = Conversation(rules(FULL, Mode.OBSERVE))
    talk.hear(redis(complete=True))
    assert "app_redis" not in status(talk.state, talk.at)["sources"]
    talk.hear(lost(Source.APP_REDIS))
    assert status(talk.state, talk.at)["sources"]["app_redis"]["ok"] is False


def test_the_table_of_deliveries():
    """What is not in it is as the field table says."""
    assert source_for(Kind.QUEUE, "app", Source.REDIS) is Source.REDIS
    assert sources_for(Kind.REDIS, "app", (Source.HOST, Source.REDIS)) == (Source.APP_REDIS, Source.HOST)
    assert sources_among(Kind.REDIS, (Source.REDIS,)) == {Source.REDIS, Source.APP_REDIS}
    assert sources_among(Kind.QUEUE, (Source.REDIS,)) == {Source.REDIS}
