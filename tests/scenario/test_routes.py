"""Routes: who is told, in which group, and what the audit log says of it."""

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, process, redis, told_by
from tests.scenario.routed import HOUR, MINUTE, RULES, full, long, notices, queue, rows, short, slow, talking, told, under
from watchdog.model.events import Gone, RulesLoaded, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ("{}", True),
        ("{severity: warning}", True),
        ("{severity: [info, critical]}", False),
        ("{rule: 'long-*'}", True),
        ("{rule: [slow-queue, full]}", False),
        ("{each: queue}", True),
        ("{each: [process, job]}", False),
        ("{entity: 'pu*'}", True),
        ("{entity: pull}", False),
        ("{target: push}", True),
        ("{target: 'web1/*'}", False),
        ("{labels: {team: mail}}", True),
        ("{labels: {team: 'm*', tier: x}}", False),
        ("{rule: long-queue, severity: critical}", False),
    ],
)
def test_what_a_route_fits(match, fits):
    """Everything that it names must fit."""
    talk = talking(f"routes: [{{match: {match}, notify: [ops]}}, {{notify: [chat]}}]")
    long(talk, "push")

    assert (told(talk, "ops"), told(talk, "chat")) == ((["firing push"], []) if fits else ([], ["firing push"]))
    row = rows(talk, "firing")[0]
    assert told_by(row) == {"told": "ops", "route": "#1"} if fits else {"told": "chat", "route": "#2"}


def test_the_first_that_fits_unless_it_goes_on():
    """`continue` asks the next ones too; whoever is told of the beginning is told of the end."""
    talk = talking("routes: [{route: both, notify: [ops], continue: true}, {notify: [chat]}, {notify: [pager]}]")
    long(talk, "push")
    short(talk, "push")

    assert (told(talk, "ops"), told(talk, "chat"), told(talk, "pager")) == (
        ["firing push", "resolved push"],
        ["firing push", "resolved push"],
        [],
    )
    assert told_by(rows(talk, "firing")[0]) == {"told": "ops, chat", "route": "both"}


def test_a_rule_that_names_receivers_is_told_to_those():
    """The route gives it its group, and nobody else."""
    text = RULES.replace("labels: {team: mail}", "labels: {team: mail}, notify: [pager]")
    talk = talking("routes: [{route: all, notify: [ops], group_by: [entity]}]", text)
    long(talk, "push", "pull")

    assert (told(talk, "ops"), told(talk, "pager")) == ([], ["firing push", "firing pull"])
    assert len({notice.group for notice in notices(talk, "pager")}) == 2


def test_nobody_is_told_and_it_is_said_why():
    """No route fits, and the rule names nobody."""
    talk = talking("routes: [{match: {severity: critical}, notify: [ops]}]")
    long(talk, "push")

    assert told_by(rows(talk, "firing")[0]) == {"told": "nobody: neither its rule nor a route names a receiver"}
    assert told(talk, "ops") == []


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("rule", ["push pull other", "push"]),
        ("entity", ["push push", "pull", "other"]),
        ("severity", ["push pull other", "push"]),
        ("labels.team", ["push pull other", "push"]),
        ("labels.none", ["push pull other push"]),
        ("incident", ["push", "pull", "other", "push"]),
        ("target", ["push push", "pull", "other"]),
        ("[rule, entity]", ["push", "pull", "other", "push"]),
    ],
)
def test_groups(by, groups):
    """What has that in common is one group, and nothing else is in it; three queues are long, one of them slow as well."""
    talk = talking(f"routes: [{{notify: [ops], group_by: {by}}}]")
    long(talk, "push", "pull", "other")
    talk.hear(redis(queue("push", 20, 10 * MINUTE)))

    found: dict[str, list[str]] = {}
    for notice in notices(talk, "ops"):
        found.setdefault(notice.group, []).append(notice.entity)
    assert [" ".join(entities) for entities in found.values()] == groups


def test_a_group_lives_as_long_as_one_of_it_fires_and_a_minute():
    """What fires within it is the same story; what fires later is another, under an id that was never used before; across a restart, too."""
    talk = talking("routes: [{notify: [ops]}]")
    long(talk, "push", at=10_000)
    long(talk, "pull", at=20_000)
    short(talk, "push", at=30_000)
    talk.crash(lose_world=False)
    short(talk, "pull", at=40_000)
    long(talk, "push", at=99_000)
    short(talk, "push", at=100_000)
    long(talk, "push", at=160_000)
    short(talk, "push", at=160_001)
    book = talk.state.ledger.routing

    groups = [notice.group for notice in notices(talk, "ops")]
    assert groups[0] == groups[4] == groups[5]
    assert groups[6] == groups[7] != groups[0]
    assert (len(groups), len(set(groups)), list(book.tellings), list(book.groups)) == (8, 2, [], [groups[6]])


def test_what_the_agent_says_of_itself_is_never_one_message_with_something_else():
    """A source that is lost and comes back is one; each loss is its own; a warning stands alone."""
    talk = talking("routes: [{notify: [ops]}]")
    for at in (10_000, 30_000):
        talk.hear(SourceLost(Source.HOST, "x", "gone"), at=at)
        talk.hear(SourceBack(Source.HOST), at=at + 5_000)
    talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode, warning="look"))
    talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode, warning="look"))

    groups = [notice.group for notice in notices(talk, "ops")]
    assert groups[0] == groups[1] != groups[2] == groups[3]
    assert len(set(groups)) == 4
    assert "" not in groups


def test_who_names_no_receiver_is_asked_about_all_the_same():
    """Questions, what is done and its end go where the route leads."""
    text = """
rules:
  - rule: held
    each: process
    when: process.busy > 3
    then:
      - terminate_process: {process: process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%}
    mode: ask
"""
    talk = Conversation(under("routes: [{notify: [ops]}]", text, Mode.ASK))
    talk.hear(redis(process("web1:10:a", 1_000, busy=4), complete=True), at=1_000)
    talk.hear(host(found("web1:10:a")), at=1_001)
    talk.wait(30_000)
    while talk.open:
        talk.answer(HEALTHY)

    asked = [notice for notice in notices(talk, "ops") if notice.approval]
    assert [notice.outcome for notice in asked] == ["asked"]
    assert len({notice.group for notice in notices(talk, "ops")}) == 1
    talk.hear(redis(Gone(Kind.PROCESS, "web1:10:a", "exited")))
    talk.wait(talk.at + 5_000)
    assert [notice.outcome for notice in notices(talk, "ops") if notice.approval] == ["asked", "lapsed"]
    assert len({notice.group for notice in notices(talk, "ops")}) == 1
    assert talk.state.ledger.routing.tellings == {}


def test_a_reload_changes_routes_and_nobody_who_was_told_is_forgotten():
    """What fires goes by the new route from then on; its end goes to whoever was told of its beginning, in the same group."""
    talk = talking("routes: [{route: old, notify: [ops]}]")
    long(talk, "push", at=2_000)
    talk.rules = under("routes: [{route: new, notify: [chat], repeat: 1h}, {notify: [ops]}]")
    talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode), at=3_000)
    long(talk, "pull", at=4_000)
    short(talk, "push", at=5_000)

    assert told(talk, "ops") == ["firing push", "resolved push"]
    assert told(talk, "chat") == ["firing pull"]
    assert len({notice.group for notice in notices(talk, "ops")}) == 1


@pytest.mark.parametrize("before", ["ops", "nobody"])
def test_a_reload_tells_of_what_fires_and_nobody_in_force_was_told_of(before):
    """The first routes that are written, or the receiver under another name: who is named now hears of it at once, of its end, and in time again."""
    talk = talking("routes: [{notify: [ops]}]" if before == "ops" else "routes: [{match: {severity: critical}, notify: [pager]}]")
    long(talk, "push", at=2_000)
    talk.rules = under("routes: [{notify: [chat], repeat: 1h}]")
    talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode), at=3_000)
    talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode), at=4_000)
    talk.wait(HOUR + 3_000)
    short(talk, "push")

    assert told(talk, "chat") == ["firing push", "reminder push", "resolved push"]
    assert told(talk, "ops") == (["firing push", "reminder push", "resolved push"] if before == "ops" else [])
    (row,) = rows(talk, "told")
    assert (row.reason, row.detail["told"]) == (
        "the config names others now who are told of it",
        "ops, chat" if before == "ops" else "chat",
    )


def test_everybody_includes_whom_routes_name():
    """What the agent says of itself goes there, too."""
    assert under("routes: [{notify: [ops], escalate: {after: 1h, to: [pager]}}, {notify: [chat]}]").audience == ("ops", "chat")


def test_a_critical_alert_beside_others():
    """Two rules, two groups, two routes."""
    talk = talking("routes: [{match: {severity: critical}, notify: [pager]}, {notify: [ops]}]")
    long(talk, "push")
    slow(talk, "pull")
    full(talk)

    assert (told(talk, "pager"), told(talk, "ops")) == (["firing pull", "firing redis"], ["firing push"])
