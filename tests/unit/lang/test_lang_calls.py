"""Calls: what can be asked, and what an author is told who asks otherwise."""

from collections.abc import Callable

import pytest

from watchdog.lang.condition import Condition, read_condition
from watchdog.lang.functions import FUNCTIONS, NAMES, FunctionSpec
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind

ReadCondition = Callable[..., Condition]


def told(text: str, kind: Kind = Kind.QUEUE) -> list[str]:
    """All problems of a text as `column+width code message | hint`."""
    _, problems = read_condition(Text(text, "f"), kind)
    return [f"{p.span.column}+{p.span.width} {p.code} {p.message} | {p.hint}" for p in problems]


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.example)
def test_the_example_of_every_function_is_a_condition(spec: FunctionSpec, condition: ReadCondition):
    """What the reference shows can be copied into a rule, and comes back as it was written."""
    read = condition(spec.example, spec.each)
    assert read.text == spec.example
    assert f"{spec.name}(" in spec.example


def test_every_function_is_in_the_table(condition: ReadCondition):
    """A name that can be called is a name that can be looked up."""
    assert set(NAMES) == {
        "avg", "min", "max", "sum", "first", "last", "increase", "rate", "slope", "changes", "held",
        "count", "share", "any", "all", "known", "default",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # windows
        ("avg(queue.size, 5) > 5", ["17+1 E219 a window is a duration, written out | write 5s"]),
        ("avg(queue.size, queue.latency) > 5", ["17+13 E219 a window is a duration, written out | write it like 5m"]),
        ("avg(queue.size, 999ms) > 5", ["17+5 E219 the window is too short | at least 1s: nothing is read more often"]),
        ("avg(queue.size, 31d) > 5", ["17+3 E219 the window is too long | at most 30d"]),
        ("held(queue.size > 5, 31d)", ["22+3 E219 the window is too long | at most 30d"]),
        # history
        ("avg(queue.name, 5m) > 5", ["5+10 E221 there is no avg of a string | "]),
        (
            "changes(queue.name, 5m) > 5",
            ["9+10 E221 there is no changes of a string | numbers and truths have them: changes(process.quiet, 1h)"],
        ),
        ("slope(queue.size / 5 / queue.size, 5m) > 5", ["7+27 E221 there is no slope of a ratio | counts, sizes and durations have one"]),
        (
            "rate(queue.latency, 5m) > 5",
            ["6+13 E221 there is no rate of a duration | counts and sizes have one; slope(x, 5m) is of durations too"],
        ),
        ("avg(5, 5m) > 5", ["5+1 E221 '5' never changes | name a field of the queue"]),
        ("avg(queue.size, 5m, 6m) > 5", ["1+23 E218 avg is written avg(x, 5m) | "]),
        ("rate(queue.size) > 5/s", ["1+16 E218 rate is written rate(x, 5m) | "]),
        ("held(queue.size, 5m)", ["6+10 E211 'held' joins conditions, and a count is none | compare it with something"]),
        ("held(queue.size > 5)", ["1+20 E218 held is written held(condition, 10m) | "]),
        ("avg(avg(queue.size, 5m), 5m) > 5", ["5+19 E225 avg can't stand in a history | only the entity's own fields can stand there"]),
        (
            'held(queue("push").size > 5, 5m)',
            ["6+18 E225 another entity can't be looked up in a history | only the entity's own fields can stand there"],
        ),
        ("held(count(job) > 5, 5m)", ["6+10 E225 count can't stand in a history | only the entity's own fields can stand there"]),
        (
            "slope(queue.latency, 5m) > 1m",
            ["1+29 E207 a ratio can't be compared with a duration | 'slope(queue.latency, 5m)' is compared with something like 95%"],
        ),
        ("rate(queue.size, 5m) > 5", ["24+1 E208 the number needs a unit: 'rate(queue.size, 5m)' is a rate | write 5/s"]),
        # lookups
        ('queue("push") > 5', ['1+13 E201 \'queue("push")\' is an entity, not a value | name one of its fields: queue("push").name']),
        ('queue("push").sze > 5', ["1+17 E203 a queue has no field 'sze' | did you mean 'size'?"]),
        (
            'queue("push").zz > 5',
            [
                "1+16 E203 a queue has no field 'zz' | fields of a queue: name, size, latency, threads, listeners, busy, processed, arrived, paused"
            ],
        ),
        ("queue(5).size > 5", ["7+1 E224 an id is a string, and '5' is a count | write queue(\"…\").size"]),
        ("queue().size > 5", ['1+7 E218 queue(…) takes one id | write queue("…").name']),
        (
            'job("x").retries > 5',
            ["1+16 E224 a job can't be looked up: no id of one is known beforehand | count(job where job.jid == …) > 0"],
        ),
        ('queues("x").size > 5', ["1+6 E206 unknown function 'queues' | did you mean queue(…)?"]),
        ("count(job).size > 5", ["1+15 E224 'count(job)' is a value and has no fields | "]),
        (
            'queue(queue("push").name).size > 5',
            ["7+18 E225 another entity can't be looked up in the id of another entity | only the entity's own fields can stand there"],
        ),
        # aggregates
        ("count(jobs) > 5", ["7+4 E222 'jobs' is no kind of entity | did you mean job?"]),
        (
            "count(5) > 5",
            [
                "7+1 E222 '5' is no kind of entity | write an entity: job process queue job_class domain peer federation retry_group schedule unit host check setting redis sidekiq"
            ],
        ),
        ("count() > 5", ["1+7 E218 count is written count(job where condition) | "]),
        ("share(job) > 5%", ["1+10 E218 share is written share(job where condition) | count(job) > 0 asks whether there is one"]),
        ("sum(process.tag) > 5", ["5+11 E222 there is no sum of a string | sum is of numbers; count(…) counts"]),
        (
            "sum(5) > 5",
            ["5+1 E222 '5' is of no entity | name a field of an entity, like queue.size; a history has its window: avg(queue.size, 5m)"],
        ),
        ("count(job where job.retries) > 5", ["17+11 E211 'where' joins conditions, and a count is none | compare it with something"]),
        ("count(job where job.retrys > 3) > 5", ["17+10 E203 unknown field 'job.retrys' | did you mean 'job.retries'?"]),
        (
            "count(job where queue.name == job.queue and job.host == queue.name) > 5",
            ["45+22 E223 only one equality can tie a job to the queue | keep one of them"],
        ),
        (
            "count(job where job.retries > queue.size) > 5",
            [
                (
                    "31+10 E223 'queue.size': the queue that the rule looks at can only stand in an equality of its own | "
                    "tie them together once, like job.… == queue.size, and compare the rest outside the parentheses"
                )
            ],
        ),
        (
            "count(job where job.retries == queue.name) > 5",
            ["17+25 E207 a count can't be compared with a string | 'job.retries' is compared with something like 5"],
        ),
        (
            "count(job where job.elapsed == queue.latency) > 5",
            ["17+28 E223 what grows by itself ties nothing together | compare names or ids"],
        ),
        (
            "count(job where count(job) > 5) > 5",
            ["17+10 E225 count can't stand in an aggregate | only the entity's own fields can stand there"],
        ),
        (
            "any(job where true) > 5",
            ["1+23 E207 true or false can't be compared with a count | 'any(job where true)' is compared with something like true"],
        ),
        # known, default, contains
        ("known(queue.size, 5)", ["1+20 E218 known is written known(x) | "]),
        ("default(queue.size) > 5", ["1+19 E218 default is written default(x, value) | "]),
        ("default(queue.latency, 5) > 5s", ["24+1 E208 the number needs a unit: 'queue.latency' is a duration | write 5s"]),
        ("queue.size contains 5", ["1+10 E213 only a list or a string contains something, and 'queue.size' is a count | "]),
        ("queue.name contains 5", ['1+21 E207 a string can\'t contain a count | queue.name contains "push"']),
        ("queue.size where queue.size > 5", ["12+5 E313 unexpected 'where' | join conditions with and, or"]),
        ('queue.name has "x"', ["12+3 E313 unexpected 'has' | did you mean contains?"]),
    ],
)
def test_a_problem_has_its_place_and_a_hint(text: str, expected: list[str]):
    """Each way to call something wrongly is told at its very characters, and where it is known what was meant, how to write it."""
    assert told(text) == expected


def test_a_job_has_no_history_but_can_be_held():
    """A job is over before it has an average; how long it has been so can be asked."""
    assert told("avg(job.retries, 5m) > 3", Kind.JOB) == [
        "1+20 E220 a job has no history: it is over before there is one | only held(condition, 10m) looks back at a job"
    ]
    assert told("held(job.elapsed > 5m, 10m)", Kind.JOB) == []


def test_what_grows_by_itself_has_no_history():
    """The average of an age says nothing; whether it was more than something does."""
    assert told("max(process.beat_age, 5m) > 3s", Kind.PROCESS) == [
        "5+16 E221 'process.beat_age' grows by itself: its history says nothing | ask how long something has been so: held(process.beat_age > 30s, 10m)"
    ]
    assert told("held(process.beat_age > 30s, 5m)", Kind.PROCESS) == []


def test_all_problems_of_calls_are_told_at_once():
    """Also those of several calls, and of their parts."""
    text = 'avg(queue.sze, 60d) > 5 and count(jobs) > 5 or queue("x").zz > 5 and held(queue.size, 5m)'
    assert [line.split()[1] for line in told(text)] == ["E203", "E219", "E222", "E203", "E211"]


@pytest.mark.parametrize(
    "text",
    [
        "count(job) > 5 or " * 60 + "true",
        "known(" * 60 + "true" + ")" * 60,
        "true or true and true == (" * 100 + "true" + ")" * 100,
        "f(" * 30_000,
        "count(job where " * 10_000,
    ],
    ids=["many", "nested", "deep", "open", "aggregates"],
)
def test_no_text_is_too_deep_or_too_much(text: str):
    """What no engine should keep and no stack can hold is a problem, and few."""
    assert 1 <= len(told(text)) <= 2


@pytest.mark.parametrize(
    ("before", "core", "after"),
    [
        ("true or true and true == known(", "process.quiet", ")"),
        ("default(true or true and true == known(", "process.beat_age > 1s", ") or true, true)"),
        ("true or true and true == (", "process.beat_age > 1s", ")"),
        ("true or true and true == held(true or true == (", "process.quiet", "), 5m)"),
    ],
)
def test_the_deepest_texts_that_are_allowed_still_work(before: str, core: str, after: str, row):
    """As far as a text can be read it can be run, whatever it is made of: the deepest that is allowed is looked for by halves."""
    allowed, too_deep = 0, 64
    while too_deep - allowed > 1:
        depth = (allowed + too_deep) // 2
        read, problems = read_condition(Text(before * depth + core + after * depth, "f"), Kind.PROCESS)
        if read is None:
            assert {problem.code for problem in problems} <= {"E316", "E225"}
            too_deep = depth
            continue
        allowed = depth
        read.holds(row(Kind.PROCESS), 0)
        read.deadline(row(Kind.PROCESS), 0)
    assert 1 <= allowed < 63
