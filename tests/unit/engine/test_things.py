"""Which unit a step means: written out, the entity itself, that of its process, or the one that an earlier step was for."""

import pytest

from tests.scenario.conversation import Conversation, found, host, job, process, redis, rules
from watchdog.engine.targeting import first_target, target_of
from watchdog.engine.turn import Turn
from watchdog.model.events import Delta, Event, Observed, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.targets import UnitRef
from watchdog.model.verdicts import Mode
from watchdog.rulefile.rules import read_rules

ONE, UNIT = "web1:10:abc", "sidekiq@push.service"
REMOTE = "web2:10:abc"
RULE = "rules: [{{rule: r, each: {each}, when: '{when}', for: 1m, then: [{{start_unit: {{unit: {unit}}}}}]}}]"
WHEN = {"unit": "unit.failed", "process": "process.busy > 1", "job": "job.elapsed > 1m", "queue": "queue.size > 1"}


def turn() -> Turn:
    """A turn on a picture of two processes, of which one is on another host, a job in each, and a unit."""
    talk = Conversation(rules(RULE.format(each="unit", when="unit.failed", unit="unit")))
    talk.hear(
        redis(
            process(ONE, 0),
            process(REMOTE, 0),
            job(ONE, "j1", 0),
            job(REMOTE, "j2", 0),
            Delta(Kind.QUEUE, "push", {"name": "push"}),
            complete=True,
        )
    )
    talk.hear(host(found(ONE, unit=UNIT)))
    talk.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, {"name": UNIT}),), complete=True))
    return Turn(talk.rules, talk.state, Event(99, 1_000, 1_000, TimeReached()))


def meant(each: str, unit: str, entity: str, *, remembered: str = "") -> UnitRef | None:
    """The unit that the step means, seen from that entity."""
    now = turn()
    step = rules(RULE.format(each=each, when=WHEN[each], unit=unit)).rules[0].steps[0]
    target = target_of(now, step, now.world.find(Kind(each), entity), unit=remembered)
    assert (target.thing is None) == bool(target.unreachable)
    return target.thing


def ref(unit: str) -> UnitRef:
    """It is of this host."""
    return UnitRef(f"web1/{unit}", "web1", unit)


@pytest.mark.parametrize(
    ("each", "unit", "entity", "expected"),
    [
        ("unit", "unit", UNIT, UNIT),
        ("process", "process.unit", ONE, UNIT),
        ("job", "job.process", f"{ONE}/t1/j1/0", UNIT),
        ("queue", "mastodon-sidekiq.service", "push", "mastodon-sidekiq.service"),
        ("job", "sidekiq@pull.service", f"{ONE}/t1/j1/0", "sidekiq@pull.service"),
    ],
)
def test_it_is_found(each, unit, entity, expected):
    """Its name is the one under which cooldowns of its process are kept, too."""
    assert meant(each, unit, entity) == ref(expected)


@pytest.mark.parametrize(
    ("each", "unit", "entity"),
    [("process", "process.unit", REMOTE), ("job", "job.process", f"{REMOTE}/t1/j2/0"), ("job", "job.process", "gone")],
)
def test_where_nothing_tells_it_none_is_meant(each, unit, entity):
    """Of another host nobody knows the units; what an earlier step was for is known all the same."""
    assert meant(each, unit, entity) is None
    assert meant(each, unit, entity, remembered=UNIT) == ref(UNIT)


def test_the_first_step_of_a_rule_is_found_by_its_alert():
    """Without the entity in the picture nothing is told."""
    now = turn()
    rule = rules(RULE.format(each="unit", when="unit.failed", unit="unit")).rules[0]
    assert first_target(now, rule, "r|x").unreachable == "it is not known in which unit of this host it runs, if in any"


@pytest.mark.parametrize(
    ("each", "unit"),
    [
        ("queue", "queue.name"), ("queue", "sidekiq"), ("unit", "process.unit"), ("job", "unit"), ("process", "process"),
        ("unit", "sidekiq@.service"), ("unit", "../x.service"), ("unit", "x.socket"), ("unit", "x.service y.service"),
    ],
)  # fmt: skip
def test_what_names_no_unit_is_refused(each, unit):
    """Other fields, kinds and types of units, templates, and what can be no name."""
    found, problems = read_rules([("r.yml", RULE.format(each=each, when=WHEN[each], unit=f'"{unit}"'))], Mode.ACT, None)
    assert [problem for problem in problems if not problem.is_warning]
    assert found.rules == ()
