"""What conditions say of rows, and that what can't be known stays unknown."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from watchdog.lang.condition import Condition, both, read_condition
from watchdog.lang.evaluate import evaluate
from watchdog.lang.text import Text
from watchdog.model.fields import FIELDS
from watchdog.model.kinds import Kind, Source

MakeRow = Callable[..., Any]
ReadCondition = Callable[..., Condition]

NOW = 1_000_000
READINGS = {
    "tag": "live", "queues": ("push", "pull"), "threads": 10, "busy": 5, "quiet": False, "local": True,
    "confirmed_at": NOW - 30_000, "booted_at": NOW - 3_600_000, "rss": 2_000_000_000, "rtt": 3, "unit": "mastodon-sidekiq@1\n.service",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("process.busy == 5", True),
        ("process.busy != 5", False),
        ("process.busy < 5 or process.busy <= 5", True),
        ("process.busy > 4 and process.busy >= 6", False),
        ('process.tag == "live"', True),
        ('process.tag != "live"', False),
        ('process.tag in ["live", "staging"]', True),
        ('process.tag not in ["live", "staging"]', False),
        ('"push" in process.queues', True),
        ('"mail" not in process.queues', True),
        ("process.tag in process.queues", False),
        ('process.unit like "mastodon-sidekiq*"', True),
        ('process.unit like "mastodon-sidekiq"', False),
        ('process.unit not like "*@[0-9]?.service"', False),
        ('process.tag like "L*"', False),
        ('process.tag like "l[!a-h]?e"', True),
        ('process.tag like ""', False),
        ("process.local", True),
        ("not process.local", False),
        ("process.quiet == false", True),
        ("process.quiet == (process.busy > 5)", True),
        ("process.quiet in [true]", False),
        ("not process.busy > 5", True),
        ("process.quiet or process.local and process.quiet", False),
        ("(process.quiet or process.local) and process.local", True),
        ("not process.quiet and process.local", True),
        ("process.busy in [4, 5]", True),
        ("process.beat_age == 30s", True),
        ("process.beat_age in [29s, 30s]", True),
        ("process.uptime >= 1h", True),
        ("process.rss > 1.8GiB", True),
        ("process.rss > 2GB", False),
        ("process.busy / process.threads == 50%", True),
        ("process.busy > 40% * process.threads", True),
        ("process.busy > process.threads / 2", False),
        ("process.busy * 2 == process.threads", True),
        ("process.threads - process.busy - 3 == 2", True),
        ("process.threads - (process.busy - 3) == 8", True),
        ("-process.busy < 0", True),
        ("process.busy > -5", True),
        ("process.beat_age + 5s < process.uptime - 50m", True),
        ("process.beat_age / process.uptime < 1%", True),
        ("process.busy / process.beat_age > 9/m", True),
        ("process.rss / process.uptime > 555kB/s", True),
        ("10/m * process.beat_age == process.busy", True),
        ("process.busy / (10/m) == 30s", True),
        ("process.rtt > 0 and process.rss > 0 and process.busy / process.threads > 0", True),
        ("process.busy - 0 == 5 and 0 + process.rtt == 3ms", True),
        ("true", True),
        # what can't be known
        ('process.host == "web1"', None),
        ('process.host != "web1"', None),
        ('process.host in ["web1"]', None),
        ('process.host like "*"', None),
        ("process.alive", None),
        ("not process.alive", None),
        ("process.alive == process.alive", None),
        ("process.pid > 5", None),
        ("process.pid * 0 == 0", None),
        ("-process.pid < 0", None),
        ("process.local and process.alive", None),
        ("process.quiet and process.alive", False),
        ("process.alive and process.quiet", False),
        ("process.alive or process.local", True),
        ("process.local or process.alive", True),
        ("process.alive or process.quiet", None),
        ("not (process.alive and process.quiet)", True),
        ("(process.alive and process.quiet) == false", True),
        ("process.busy / 0 > 1", None),
        ("process.busy / (process.rtt / 1ms - 300%) > 5", None),
        ("process.busy / (process.threads - 10) > 5%", None),
        ("process.busy / (process.threads - 10) > 5% or process.local", True),
    ],
)
def test_a_condition_says_what_it_says(text: str, truth: bool | None, condition: ReadCondition, row: MakeRow):
    """Compiled code and exact evaluation both give the truth, and None where a reading is missing and matters."""
    read, it = condition(text), row(Kind.PROCESS, **READINGS)
    assert read.holds(it, NOW) is truth
    assert evaluate(read.tree, it, NOW) is truth


@pytest.mark.parametrize("spec", [spec for spec in FIELDS if not spec.internal and spec.example], ids=lambda spec: spec.path)
def test_the_example_of_every_field_is_a_condition(spec, condition: ReadCondition, row: MakeRow):
    """What the reference shows can be copied into a rule; with nothing read it is unknown."""
    read = condition(spec.example, spec.kind)
    assert spec.stands_for or spec in read.fields
    empty = row(spec.kind)
    assert read.holds(empty, 0) is (None if spec.name != "id" else evaluate(read.tree, empty, 0))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_unknown(number: float, condition: ReadCondition, row: MakeRow, monkeypatch: pytest.MonkeyPatch):
    """Not a number is neither more, nor less, nor different; infinity is no measurement."""
    it = row(Kind.PROCESS, busy=1)
    for text in ("process.busy * 50% > 1", "not process.busy * 50% > 1", "process.busy * 50% in [1, 2]", "1 / (process.busy * 50%) == 0%"):
        it.busy = number
        assert condition(text).holds(it, 0) is None, text


def test_a_number_too_big_for_floats_is_unknown(condition: ReadCondition, row: MakeRow):
    """A reading of four hundred digits breaks nothing."""
    it = row(Kind.PROCESS, busy=10**400, threads=1)
    assert condition("process.busy / process.threads > 5%").holds(it, 0) is None
    assert condition("process.busy * 50% > 5").holds(it, 0) is None
    assert condition("process.busy > 5").holds(it, 0) is True


def test_something_unknown_is_not_known_to_be_missing_from_an_empty_list(condition: ReadCondition, row: MakeRow):
    """Python says at once that nothing is in an empty list; a missing reading is unknown all the same."""
    it = row(Kind.PROCESS, queues=())
    assert condition("process.tag in process.queues").holds(it, 0) is None
    assert condition("process.tag not in process.queues").holds(it, 0) is None
    assert condition('"push" in process.queues').holds(it, 0) is False


def test_a_job_is_timed_by_the_beats_of_its_process(condition: ReadCondition, row: MakeRow):
    """What no beat has confirmed is not counted; without a process nothing is known."""
    read = condition("job.elapsed > 20s", Kind.JOB)
    process = row(Kind.PROCESS)
    job = row(Kind.JOB, started_at=1_000)
    assert read.holds(job, 10**9) is None
    job.home = process
    assert read.holds(job, 10**9) is None
    process.confirmed_at = 21_000
    assert read.holds(job, 10**9) is False
    process.confirmed_at = 21_001
    assert read.holds(job, 0) is True


def test_a_condition_knows_what_it_rests_on(condition: ReadCondition):
    """The blind guard asks for the sources, the engine for the fields."""
    read = condition('process.unit like "x" and process.beat_age > 1m and process.beat_age < 2m and process.busy > 1')
    assert [spec.path for spec in read.fields] == ["process.beat_age", "process.busy", "process.unit"]
    assert read.sources == (Source.HOST, Source.REDIS)
    assert condition("true").sources == ()


def test_the_canonical_text_names_a_condition(condition: ReadCondition):
    """However it was laid out, the same condition is equal; that of another kind is not."""
    one = condition('  process.tag   in ["a","b"]\n and ((process.uptime>60s))')
    other = condition('process.tag in ["a", "b"] and process.uptime > 1m')
    assert one.text == 'process.tag in ["a", "b"] and process.uptime > 1m'
    assert one == other
    assert hash(one) == hash(other)
    assert one != condition("process.quiet")
    assert condition("true", Kind.JOB) != condition("true", Kind.QUEUE)
    assert one != one.text
    assert repr(one) == f"<Condition each process: {one.text}>"


def test_a_condition_can_not_be_changed(condition: ReadCondition):
    """Rules in force stay what was checked."""
    with pytest.raises(AttributeError):
        condition("process.quiet").text = "true"  # type: ignore[misc]


def test_two_conditions_become_one(condition: ReadCondition, row: MakeRow):
    """`where` and `when` of a rule are one condition, in parentheses where they need them."""
    where, when = condition("process.quiet or process.local"), condition("process.busy > 3 and process.busy < 9")
    joined = both(where, when)
    assert joined.text == "(process.quiet or process.local) and process.busy > 3 and process.busy < 9"
    assert joined == condition(joined.text)
    assert joined.holds(row(Kind.PROCESS, **READINGS), 0) is True
    assert both(None, when) is when
    with pytest.raises(ValueError, match="one condition is about a process, the other about a job"):
        both(where, condition("job.retries > 3", Kind.JOB))


def test_a_text_with_problems_is_no_condition():
    """Nothing half understood is ever run."""
    for text in ("process.busy > 3 %", "process.bizy > 3", "process.busy >"):
        found, problems = read_condition(Text(text, "f"), Kind.PROCESS)
        assert found is None
        assert problems
