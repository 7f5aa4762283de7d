"""What conditions say with the engine behind them: histories, other entities, aggregates; and when they must be looked at again."""

from collections.abc import Callable
from typing import Any

import pytest

from watchdog.lang.bounds import Bounds
from watchdog.lang.buckets import bucket
from watchdog.lang.condition import Condition
from watchdog.lang.deadline import Deadline
from watchdog.lang.demands import Group, Tally
from watchdog.lang.evaluate import evaluate
from watchdog.lang.nowhere import NOWHERE
from watchdog.lang.template import read_template
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind, Source, Type
from watchdog.model.missing import MISSING

MakeRow = Callable[..., Any]
ReadCondition = Callable[..., Condition]

NOW = 1_000_000


@pytest.mark.parametrize(
    ("answer", "truth"), [(5, False), (6, True), (5.5, True), (MISSING, None), (float("nan"), None), (float("inf"), None)]
)
def test_a_history_is_asked_of_the_entity_itself(answer: Any, truth: bool | None, condition: ReadCondition, row: MakeRow, kept):
    """Series, entity, function and window name the question; what has no answer is unknown."""
    read, it = condition("avg(queue.size, 5m) > 5", Kind.QUEUE), row(Kind.QUEUE)
    scope = kept(over={("queue: queue.size", "it", "avg", 300_000): answer})
    assert read.holds(it, NOW, scope) is truth
    assert evaluate(read.tree, it, NOW, scope) is truth
    assert read.holds(it, NOW) is None


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("queue.size > first(queue.size, 1h) * 2", True),
        ("queue.size > first(queue.size, 1h) * 3", False),
        ("increase(queue.size, 1h) / queue.size == 50%", True),
        ("rate(queue.size, 1h) > 30/m", False),
        ("rate(queue.size, 1h) >= 30/m", True),
        ("slope(queue.latency, 1h) > 40%", True),
        ("changes(queue.size > 5, 1h) == 3", True),
        ("held(queue.size > 5, 1h)", True),
        ("held(queue.size > 6, 1h)", None),
        ("not held(queue.size > 5, 1h)", False),
        ("held(queue.size > 6, 1h) or queue.size == 10", True),
        ("default(min(queue.size, 1h), 7) == 7", True),
        ("known(min(queue.size, 1h))", False),
        ("known(first(queue.size, 1h)) and known(held(queue.size > 5, 1h))", True),
        ("known(held(queue.size > 6, 1h))", False),
    ],
)
def test_histories_are_numbers_like_others(text: str, truth: bool | None, condition: ReadCondition, row: MakeRow, kept):
    """They can be calculated with, compared, and asked for being known."""
    read, it = condition(text, Kind.QUEUE), row(Kind.QUEUE, size=10)
    size = ("queue: queue.size", "it")
    scope = kept(
        over={
            (*size, "first", 3_600_000): 4, (*size, "increase", 3_600_000): 5, (*size, "rate", 3_600_000): 0.5,
            ("queue: queue.latency", "it", "slope", 3_600_000): 0.5, ("queue: queue.size > 5", "it", "changes", 3_600_000): 3,
        },
        held={("queue: queue.size > 5", "it", 3_600_000): True},
    )  # fmt: skip
    assert read.holds(it, NOW, scope) is truth
    assert evaluate(read.tree, it, NOW, scope) is truth


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ('queue("push").size > 5', True),
        ('queue("push").size > 9', False),
        ('queue("push").latency > 9s', None),
        ('queue("gone").size > 5', None),
        ('queue("gone").size > 5 or queue("push").size > 5', True),
        ("queue(process.tag).size == 7", True),
        ("queue(process.host).size == 7", None),
        ('known(queue("gone").size)', False),
        ('default(queue("gone").size, 0) == 0', True),
        ('process("other").beat_age > 20s', True),
        ('process("other").beat_age > 40s', False),
        ('process("other").queues contains "push"', True),
        ('redis("redis").version like "7.*"', None),
    ],
)
def test_another_entity_is_looked_up_by_its_id(text: str, truth: bool | None, condition: ReadCondition, row: MakeRow, kept):
    """Its fields are those that it has now; without it nothing is known."""
    queue, other = row(Kind.QUEUE, size=7), row(Kind.PROCESS, confirmed_at=NOW - 30_000, queues=("push",))
    queue.id, other.id = "push", "other"
    read, it, scope = condition(text), row(Kind.PROCESS, tag="push"), kept(rows=[queue, other])
    assert read.holds(it, NOW, scope) is truth
    assert evaluate(read.tree, it, NOW, scope) is truth


FULL = Tally(all=10, true=4, total=20, low=2, high=8)
EMPTY = Tally()
PARTLY = Tally(all=10, true=4, unknown=3, total=20, low=2, high=8)
BLURRED = Tally(all=10, true=4, total=20, low=2, high=8, blurred=1)


@pytest.mark.parametrize(
    ("text", "tally", "truth"),
    [
        ("count(process where process.quiet) == 4", FULL, True),
        ("count(process where process.quiet) == 0", EMPTY, True),
        ("count(process where process.quiet) > 3", PARTLY, True),
        ("count(process where process.quiet) > 4", PARTLY, None),
        ("count(process where process.quiet) > 7", PARTLY, False),
        ("count(process where process.quiet) >= 7", PARTLY, None),
        ("count(process where process.quiet) < 8", PARTLY, True),
        ("count(process where process.quiet) <= 7", PARTLY, True),
        ("count(process where process.quiet) == 8", PARTLY, False),
        ("count(process where process.quiet) != 8", PARTLY, True),
        ("count(process where process.quiet) == 5", PARTLY, None),
        ("count(process where process.quiet) in [8, 9]", PARTLY, False),
        ("count(process where process.quiet) in [5, 9]", PARTLY, None),
        ("count(process where process.quiet) not in [8, 9]", PARTLY, True),
        ("count(process where process.quiet) * 2 - 1 > 6", PARTLY, True),
        ("10 / count(process where process.quiet) <= 250%", PARTLY, True),
        ("-count(process where process.quiet) < -3", PARTLY, True),
        ("count(process where process.quiet) > count(process where process.quiet)", PARTLY, None),
        ("known(count(process where process.quiet))", PARTLY, False),
        ("known(count(process where process.quiet))", FULL, True),
        ("default(count(process where process.quiet), 9) == 9", PARTLY, True),
        ("default(count(process where process.quiet), 9) == 4", FULL, True),
        ("share(process where process.quiet) == 40%", FULL, True),
        ("share(process where process.quiet) == 40%", EMPTY, None),
        ("share(process where process.quiet) >= 40%", PARTLY, True),
        ("share(process where process.quiet) > 70%", PARTLY, False),
        ("share(process where process.quiet) > 50%", PARTLY, None),
        ("any(process where process.quiet)", FULL, True),
        ("any(process where process.quiet)", EMPTY, False),
        ("any(process where process.quiet)", PARTLY, True),
        ("any(process where process.quiet)", Tally(all=3, unknown=1), None),
        ("all(process where process.quiet)", FULL, False),
        ("all(process where process.quiet)", EMPTY, True),
        ("all(process where process.quiet)", PARTLY, False),
        ("all(process where process.quiet)", Tally(all=3, true=2, unknown=1), None),
        ("sum(process.busy where process.quiet) == 20", FULL, True),
        ("sum(process.busy where process.quiet) == 0", EMPTY, True),
        ("sum(process.busy where process.quiet) > 19", PARTLY, True),
        ("sum(process.busy where process.quiet) > 20", PARTLY, None),
        ("sum(process.busy where process.quiet) < 20", BLURRED, False),
        ("sum(process.busy - 5 where process.quiet) > 19", PARTLY, None),
        ("avg(process.busy where process.quiet) == 5", FULL, True),
        ("avg(process.busy where process.quiet) == 5", EMPTY, None),
        ("avg(process.busy where process.quiet) < 500", PARTLY, None),
        ("min(process.busy where process.quiet) == 2", FULL, True),
        ("min(process.busy where process.quiet) < 5", EMPTY, None),
        ("min(process.busy where process.quiet) < 5", PARTLY, True),
        ("min(process.busy where process.quiet) < 2", BLURRED, None),
        ("min(process.busy where process.quiet) >= 0", PARTLY, True),
        ("min(process.busy - 5 where process.quiet) < 5", PARTLY, True),
        ("max(process.busy where process.quiet) == 8", FULL, True),
        ("max(process.busy where process.quiet) > 7", PARTLY, True),
        ("max(process.busy where process.quiet) > 8", PARTLY, None),
        ("max(process.busy where process.quiet) > 8", Tally(all=1, true=1, blurred=1), None),
    ],
)
def test_an_aggregate_says_what_is_certain(text: str, tally: Tally, truth: bool | None, condition: ReadCondition, row: MakeRow, kept):
    """Where some entities can't be judged, a number has bounds, and what is true for all that they allow is true."""
    read = condition(text, Kind.SIDEKIQ)
    scope = kept(tallies={(one.key, ""): tally for one in read.aggregates})
    assert read.holds(row(Kind.SIDEKIQ), NOW, scope) is truth
    assert evaluate(read.tree, row(Kind.SIDEKIQ), NOW, scope) is truth


def test_a_correlated_aggregate_asks_for_the_group_of_its_entity(condition: ReadCondition, row: MakeRow, kept):
    """The one equality names the group; without the name nothing is known."""
    read = condition("count(job where job.queue == queue.name and job.elapsed > 10m) > 3", Kind.QUEUE)
    key = "job: job where job.elapsed > 10m by job.queue"
    assert read.groups == (Group(key, "name"),)
    scope = kept(tallies={(key, "push"): Tally(all=5, true=4)})
    assert read.holds(row(Kind.QUEUE, name="push"), NOW, scope) is True
    assert read.holds(row(Kind.QUEUE, name="pull"), NOW, scope) is False
    assert read.holds(row(Kind.QUEUE), NOW, scope) is None


def test_the_demands_of_a_condition(condition: ReadCondition, row: MakeRow):
    """Each series once with its longest window, each aggregate once; what they rest on is what the condition rests on."""
    read = condition(
        "avg(process.rss, 5m) > 1GB and max(process.rss, 10m) > 1GB and held(process.alive, 5m) and changes(process.alive, 1m) > 3"
        " and count(job where job.process == process.id) > 3 and share(job where process.id == job.process and true) > 3%"
        ' and queue("push").size > 3 and queue("push").latency > 3s'
    )
    rss, alive = read.series[1], read.series[0]
    assert [(one.key, one.kind, one.text, one.type, one.window, one.sources, one.counter) for one in (rss, alive)] == [
        ("process: process.rss", Kind.PROCESS, "process.rss", Type.SIZE, 600_000, (Source.REDIS,), True),
        ("process: process.alive", Kind.PROCESS, "process.alive", Type.BOOL, 300_000, (Source.HOST,), False),
    ]
    it = row(Kind.PROCESS, rss=7)
    assert rss.value(it, NOW) == 7
    assert alive.value(it, NOW) is MISSING
    assert rss.deadline is None
    assert [(one.key, one.link) for one in read.aggregates] == [
        ("job: job by job.process", "process"),
        ("job: job where true by job.process", "process"),
    ]
    assert [(one.kind, one.text, one.find(it, NOW)) for one in read.lookups] == [(Kind.QUEUE, '"push"', "push")]
    assert read.sources == (Source.HOST, Source.REDIS)
    assert [spec.path for spec in read.fields] == [
        "job.process", "process.alive", "process.id", "process.rss", "queue.latency", "queue.size",
    ]  # fmt: skip


def test_an_aggregate_judges_and_values_its_rows(condition: ReadCondition, row: MakeRow):
    """What the engine needs of it: who fits, with which value, and until when."""
    read = condition("sum(job.elapsed where job.queue == queue.name and job.elapsed > 10s) > 1h", Kind.QUEUE)
    (one,) = read.aggregates
    assert (one.kind, one.text, one.link, one.sources) == (Kind.JOB, "job.elapsed where job.elapsed > 10s", "queue", (Source.REDIS,))
    job = row(Kind.JOB, started_at=0, queue="push")
    assert one.holds(job, 0, NOWHERE) is None
    assert one.value is not None
    assert one.value(job, 0, NOWHERE) is MISSING
    job.home = row(Kind.PROCESS, confirmed_at=5_000)
    assert one.holds(job, 0, NOWHERE) is False
    assert one.deadline(job, 0, NOWHERE) == Deadline(None, 10_001)
    job.home.confirmed_at = 20_000
    assert one.holds(job, 0, NOWHERE) is True
    assert one.value(job, 0, NOWHERE) == 20_000
    assert one.deadline(job, 0, NOWHERE) == Deadline(None, 20_001), "the value of one that fits grows with each beat"


def test_an_aggregate_without_where_holds_of_everybody(condition: ReadCondition, row: MakeRow):
    """`count(queue)` counts all of them."""
    (one,) = condition("count(queue) > 3").aggregates
    assert one.holds(row(Kind.QUEUE), 0, NOWHERE) is True
    assert one.deadline(row(Kind.QUEUE), 0, NOWHERE) == Deadline()
    assert one.value is None


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("avg(process.rss, 5m) > 1GB", Deadline(1_002_500, None)),
        ("avg(process.rss, 1s) > 1GB", Deadline(1_000_008, None)),
        ("avg(process.rss, 5m) > 1GB and avg(process.rss, 1h) > 1GB", Deadline(1_002_500, None)),
        ("process.quiet and avg(process.rss, 5m) > 1GB", Deadline(None, None)),
        ("process.uptime > avg(process.rtt, 5m)", Deadline(1_002_500, None)),
        ("process.beat_age > 32s and avg(process.rss, 5m) > 1GB", Deadline(1_002_001, None)),
        ("known(avg(process.rss, 5m))", Deadline(1_002_500, None)),
        ("default(avg(process.rss, 5m), 0) > 1GB", Deadline(1_002_500, None)),
        ("avg(process.rss, 5m) in [1GB, 2GB]", Deadline(1_002_500, None)),
        ("held(process.local, 5m)", Deadline(1_234_567, None)),
        ("not held(process.local, 5m)", Deadline(1_234_567, None)),
        ("held(process.local, 6m)", Deadline(None, None)),
        ("process.quiet and held(process.beat_age > 40s, 6m)", Deadline(1_010_001, None)),
        ('process("other").beat_age > 40s', Deadline(1_020_001, None)),
        ('process("gone").beat_age > 40s', Deadline(None, None)),
        ('process.beat_age - process("other").beat_age > 40s', Deadline(None, None)),
        ('default(process("gone").beat_age, process.beat_age) > 40s', Deadline(1_010_001, None)),
        ('default(process("other").beat_age, process.beat_age) > 40s', Deadline(1_020_001, None)),
        ("known(process.beat_age)", Deadline(None, None)),
        ("known(process.rss / process.uptime)", Deadline(1_001_000, None)),
        ("known(process.beat_age > 40s)", Deadline(1_010_001, None)),
        ("default(process.beat_age > 40s, true)", Deadline(1_010_001, None)),
        ("count(job) > 3", Deadline(None, None)),
    ],
)
def test_a_deadline_is_the_first_moment_at_which_time_alone_can_matter(
    text: str, due: Deadline, condition: ReadCondition, row: MakeRow, kept
):
    """Windows move on at the boundaries of their buckets, statements held when the history says so, other entities age too."""
    other = row(Kind.PROCESS, confirmed_at=NOW - 20_000)
    other.id = "other"
    it = row(Kind.PROCESS, quiet=False, confirmed_at=NOW - 30_000, booted_at=0, rss=5, rtt=1)
    scope = kept(rows=[other], turns={("process: process.local", "it", 300_000): 1_234_567})
    assert condition(text).deadline(it, NOW, scope) == due


def test_buckets_divide_a_window_into_at_most_120():
    """The length of a bucket is rounded up to whole milliseconds."""
    assert [bucket(window) for window in (1_000, 300_000, 120, 121, 2_592_000_000)] == [9, 2_500, 1, 2, 21_600_000]


def test_a_history_of_a_statement_says_when_it_turns(condition: ReadCondition, row: MakeRow):
    """The engine writes it then: an age crosses its limit without a reading."""
    (one,) = condition("held(process.beat_age > 40s, 6m)").series
    assert one.deadline is not None
    assert one.deadline(row(Kind.PROCESS, confirmed_at=0), NOW) == Deadline()
    assert one.deadline(row(Kind.PROCESS, confirmed_at=NOW), NOW) == Deadline(NOW + 40_001)


def test_the_history_of_a_job_turns_with_its_beats(condition: ReadCondition, row: MakeRow, kept):
    """What is held of a job begins when its process confirms it, whatever else the condition says."""
    read = condition('job.queue == "push" and held(job.elapsed > 10m, 5m)', Kind.JOB)
    job = row(Kind.JOB, started_at=0, queue="pull", home=row(Kind.PROCESS, confirmed_at=300_000))
    (one,) = read.series
    assert one.value(job, NOW) is False
    assert one.deadline is not None
    assert one.deadline(job, NOW) == read.deadline(job, NOW, kept()) == Deadline(None, 600_001)


def test_a_loop_over_rows_is_part_of_the_code(condition: ReadCondition, row: MakeRow):
    """Those of which it is not false come out: the true and the unknown, in their order."""
    rows = [row(Kind.QUEUE, size=size) for size in (1, 7, 3, 9)] + [row(Kind.QUEUE)]
    assert condition("queue.size > 5", Kind.QUEUE).sweep(rows, 0) == [rows[1], rows[3], rows[4]]


def test_templates_see_other_entities_too(row: MakeRow, kept):
    """Bounds are shown as such, and what a template demands is kept for it."""
    text = (
        '{{ queue("push").size }} wait, {{ count(job) }} run, {{ max(process.rss) }}, {{ min(process.uptime) }}, {{ avg(process.rss, 5m) }}'
    )
    template, problems = read_template(Text(text, "f"), Kind.PROCESS)
    assert template is not None, problems
    queue = row(Kind.QUEUE, size=7)
    queue.id = "push"
    partly = Tally(all=5, true=2, unknown=3, low=1_000, high=2_000)
    scope = kept(rows=[queue], tallies={(one.key, ""): partly for one in template.demands.aggregates})
    assert template.render(row(Kind.PROCESS), NOW, scope) == "7 wait, 2 to 5 run, at least 2 KiB, at most 1s, ?"
    assert [one.key for one in template.demands.series] == ["process: process.rss"]
    assert template.render(row(Kind.PROCESS), NOW) == "? wait, 0 to 1 run, ?, ?, ?"


def test_bounds_are_never_narrower_than_what_they_bound(condition: ReadCondition, row: MakeRow, kept):
    """Calculated with, they stay bounds; divided by something that may be nothing they are lost."""
    read = condition("count(job) / count(job) > 0 and 1 / (count(job) - 1) > 0", Kind.SIDEKIQ)
    scope = kept(tallies={("job: job", ""): Tally(all=2, true=1, unknown=1)})
    one, other = (part.left for part in read.tree.operands)  # type: ignore[union-attr]
    assert evaluate(one, row(Kind.SIDEKIQ), 0, scope) == Bounds(0.5, 2.0)
    assert evaluate(other, row(Kind.SIDEKIQ), 0, scope) is None


@pytest.mark.parametrize(
    ("text", "of_all"),
    [
        ("count(queue where queue.size > 3) > 3", False),
        ("any(queue where queue.size > 3)", False),
        ("sum(queue.size where queue.size > 3) > 3", False),
        ("all(queue where queue.size > 3)", True),
        ("share(queue where queue.size > 3) > 50%", True),
        ("share(queue where queue.size > 3) > 50% or count(queue where queue.size > 3) > 3", True),
        ("count(queue where queue.size > 3) > 3 or all(queue where queue.size > 3)", True),
    ],
)
def test_whether_those_that_do_not_fit_matter(condition: ReadCondition, text, of_all):
    """They do for share and all, and for nothing else."""
    (one,) = condition(text).aggregates
    assert one.of_all is of_all
