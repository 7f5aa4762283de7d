"""The surge guard: a restart is no cure for load."""

import pytest

from tests.scenario.conversation import job, process
from tests.unit.engine.conftest import AT, ONE, picture
from watchdog.engine.guards.surge import surge
from watchdog.engine.load import rests_on_load
from watchdog.engine.rules import Rule
from watchdog.model.verdicts import Answer, Mode, Verdict
from watchdog.rulefile.rules import read_rules

BEAT = AT - 5_000


def rule(each: str, start: str) -> Rule:
    """A rule that begins with this."""
    found, problems = read_rules([("r.yml", f"rules:\n  - rule: r\n    each: {each}\n    {start}\n")], Mode.ACT, None)
    assert [str(problem) for problem in problems if not problem.is_warning] == []
    return found.rules[0]


@pytest.mark.parametrize(
    ("ages", "threads", "is_load"),
    [
        ((), 4, False),
        ((1_000, 2_000, 3_000, 4_000), 4, True),
        ((1_000, 2_000), 4, True),
        ((1_000,), 4, False),
        ((29_999, 1_000), 4, True),
        ((30_000, 1_000), 4, False),
        ((600_000, 1_000, 1_000, 1_000, 1_000), 5, True),
        ((600_000, 600_000, 1_000, 1_000, 1_000), 5, False),
        ((600_000,) * 4, 4, False),
    ],
)
def test_what_is_load(view, ages, threads, is_load):
    """Half of the threads or more are at work, and of their jobs four of five have begun within half a minute: nobody is idle, nobody is stuck."""
    jobs = [job(ONE, f"j{number}", BEAT - age, thread=f"t{number}") for number, age in enumerate(ages)]
    verdict = surge(view(world=picture(process(ONE, BEAT, threads=threads), *jobs), rests_on_load=True))

    assert verdict.answer is (Answer.DENY if is_load else Answer.PASS)
    if is_load:
        assert verdict.reason == f"it is load: {len(ages)} of its {threads} threads are at work, and their jobs have just begun"


def test_whom_it_does_not_stop(view):
    """A rule that looks at more than load, one that may, and what has begun."""
    world = picture(process(ONE, BEAT, threads=1), job(ONE, "j1", BEAT - 1_000))

    assert surge(view(world=world, rests_on_load=True)).answer is Answer.DENY
    assert surge(view(world=world, rests_on_load=False)) == Verdict("surge", Answer.PASS)
    assert surge(view(world=world, rests_on_load=True, settings={"surge": "allow"})) == Verdict("surge", Answer.PASS)
    assert surge(view(world=world, rests_on_load=True, incident="7.0")) == Verdict("surge", Answer.PASS)


@pytest.mark.parametrize(
    ("each", "start", "expected"),
    [
        ("queue", "when: queue.latency > 60s", True),
        ("queue", "when: avg(queue.size, 5m) > 1000", True),
        ("process", 'when: queue("push").latency > 60s', True),
        ("process", "when: process.busy >= process.threads", True),
        ("sidekiq", "when: sidekiq.enqueued > 10000", True),
        ("queue", "on: QueueGrew", True),
        ("process", "when: process.rss > 2GiB", False),
        ("process", "when: process.beat_age > 60s", False),
        ("job", "when: job.elapsed > 10m", False),
        ("queue", "when: queue.size > 100 and count(job where job.queue == queue.name and job.elapsed > 10m) > 2", False),
        ("process", "on: ProcessCrashed", False),
    ],
)
def test_what_rests_on_load(each, start, expected):
    """Sizes, latency, busy threads, wherever they are looked up; not memory, not silence, and not where jobs are looked at as well."""
    assert rests_on_load(rule(each, start)) is expected
