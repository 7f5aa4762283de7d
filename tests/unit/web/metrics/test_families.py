"""The table of metrics: that its lines are sound, and that each of them is told."""

import re

import pytest

from tests.scenario.conversation import Conversation, found, host, job, process, redis, rules
from tests.unit.web.metrics.scraped import FIGURES, Agent, everything
from watchdog.model.effects import Audit, DropFlight, KeepIncident
from watchdog.model.events import Delta, Event, Observed, Paused, TimeReached
from watchdog.model.fields import BY_KIND
from watchdog.model.flight import Balance
from watchdog.model.kinds import Kind, Source
from watchdog.model.records import AuditRow, IncidentRow
from watchdog.web.metrics.counted import LifeCounts
from watchdog.web.metrics.families import BY_NAME, FAMILIES
from watchdog.web.metrics.family import Family, Type
from watchdog.web.metrics.label import MOST

ONE = "web1:10:abc"
RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {keep: 0%}
"""
COMMITTED = (
    Audit(AuditRow("decision", 0, decision="DENY", guard="paused")),
    Audit(AuditRow("alert", 0, rule="stuck-job", outcome="firing")),
    Audit(AuditRow("outcome", 0, action="terminate_process", stage="TERM", outcome="sent")),
    Audit(AuditRow("operator", 0, outcome="paused", detail={"told": "1"})),
    KeepIncident(IncidentRow("1.0", "stuck-job", "j", "web1/app", "terminate_process", 0, 1, "ended")),
    DropFlight("1.0", Balance(put_back=1)),
)
"""Something of all that is counted as it happens."""


def counted() -> LifeCounts:
    """An agent that has done something of everything."""
    done = LifeCounts()
    done.turn(Event(1, 0, 0, TimeReached()), COMMITTED, 0.001)
    done.commits.add(0.002)
    return done


@pytest.fixture
def talk() -> Conversation:
    """An agent that follows one thing of each kind with all that can be read of it, and whose rule wants something that is not allowed."""
    talk = Conversation(rules(RULE))
    kinds = (Kind.QUEUE, Kind.JOB_CLASS, Kind.RETRY_GROUP, Kind.SCHEDULE, Kind.SIDEKIQ)
    talk.hear(
        redis(process(ONE, 2_000), job(ONE, "j1", 1_000), *(Delta(kind, "one", everything(kind)) for kind in kinds), complete=True),
        at=2_000,
    )
    talk.hear(redis(Delta(Kind.REDIS, "redis", everything(Kind.REDIS))))
    talk.hear(host(found(ONE), Delta(Kind.PROCESS, ONE, everything(Kind.PROCESS) | {"confirmed_at": 2_000, "listed": True})))
    talk.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, "one.service", everything(Kind.UNIT)),), complete=True))
    talk.hear(Observed(Source.CHECKS, (Delta(Kind.CHECK, "postgres", everything(Kind.CHECK)),), complete=True))
    talk.hear(Paused("ada", "x"))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    return talk


async def test_each_line_of_the_table_is_told(talk):
    """Whatever the reference lists is there, once there is something to be told; and nothing else is."""
    talk.hear(redis(*(Delta(Kind.QUEUE, f"queue-{number}", {"size": 1}) for number in range(MOST + 1))))
    scraped = await Agent(talk, **FIGURES | {"counted": counted()}).scrape()

    told = {
        re.sub(r"_(bucket|count|sum)$", "", name) if name.startswith(("watchdog_turn_s", "watchdog_commit_s")) else name
        for name in scraped.names
    }
    assert told == set(BY_NAME)


def test_no_name_stands_twice():
    """A query means one metric; and in OpenMetrics, where the ending of a counter is no part of its name, so it does."""
    assert len(BY_NAME) == len({family.base for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_line_says_what_it_means(family: Family):
    """Names and labels are such as Prometheus advises, units are its own, and the help is a sentence for people."""
    assert re.fullmatch(r"(sidekiq|watchdog|process)(_[a-z0-9]+)+", family.name)
    assert (family.type is Type.COUNTER) == family.name.endswith("_total")
    assert (family.type is Type.INFO) == family.name.endswith("_info")
    assert not re.search(r"_(ms|milliseconds|minutes|percent|kb|mb|duration)(_|$)", family.name)
    assert re.fullmatch(r"[A-Z1].*[.`]", family.help)
    assert "|" not in family.help
    assert all(re.fullmatch(r"[a-z]+", label) for label in family.labels)
    assert "le" not in family.labels


@pytest.mark.parametrize("family", [family for family in FAMILIES if family.reads], ids=lambda family: family.name)
def test_what_a_line_reads_is_there_to_be_read(family: Family):
    """Each path is that of a field of one kind; durations come in seconds, sizes in bytes, and a label says of which entity."""
    specs = [BY_KIND[Kind(path.partition(".")[0])][path.partition(".")[2]] for path in family.reads]
    assert len({spec.kind for spec in specs}) == 1
    assert not any(spec.stands_for for spec in specs)
    units = {"duration": "seconds", "size": "bytes", "ratio": "ratio"}
    assert {units.get(spec.type.value, "") for spec in specs} == {family.unit}
    assert len(family.labels) == (specs[0].kind is not Kind.SIDEKIQ)
