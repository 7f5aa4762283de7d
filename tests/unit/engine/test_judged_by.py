"""By which readings a condition was judged, in the words of people."""

import pytest

from tests.scenario.conversation import Conversation, job, process, redis, rules
from watchdog.engine.judged_by import MOST, readings_of
from watchdog.model.kinds import Kind

ONE = "web1:10:abc"


@pytest.mark.parametrize(
    ("when", "seen"),
    [
        ("job.elapsed > 20s", ("job.elapsed = 29s",)),
        ('job.queue in ["push"] and not job.elapsed < 20s', ("job.queue = push", "job.elapsed = 29s")),
        ("job.elapsed > 20s or job.elapsed > 1h", ("job.elapsed = 29s",)),
        ("job.elapsed * 2 > 20s and job.retries == 0", ("job.elapsed = 29s", "job.retries = 0")),
        ('queue("push").size > 5 or job.elapsed > 20s', ('queue("push").size = ?', "job.elapsed = 29s")),
        ("count(job where job.elapsed > 1s) > 0 and job.elapsed > 20s", ("count(job where job.elapsed > 1s) = 1", "job.elapsed = 29s")),
        (" or ".join(f"job.elapsed > {number}s + job.elapsed" for number in range(3)), ("job.elapsed = 29s",)),
        ("true", ("true = yes",)),
    ],
)
def test_each_reading_is_named_once(when, seen):
    """With its value and unit, in the order of the condition; what can't be known is a question mark, what is written out is none."""
    talk = Conversation(rules(f"rules:\n  - rule: r\n    each: job\n    when: {when}\n    for: 1h\n"))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(redis(process(ONE, 30_000)), at=30_000)
    (rule,) = talk.rules.rules

    assert readings_of(rule, next(iter(talk.state.world.rows[Kind.JOB].values())), 30_000, talk.state.world) == seen
    assert readings_of(rule, None, 30_000, talk.state.world) == ()
    assert readings_of(None, None, 30_000, talk.state.world) == ()


def test_a_long_condition_names_the_first_ones():
    """A message is no printout."""
    when = " or ".join(f'queue("q{number}").size > 5' for number in range(MOST + 2))
    talk = Conversation(rules(f"rules:\n  - rule: r\n    each: job\n    when: {when}\n    for: 1h\n"))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    (rule,) = talk.rules.rules

    seen = readings_of(rule, next(iter(talk.state.world.rows[Kind.JOB].values())), 2_000, talk.state.world)

    assert seen == tuple(f'queue("q{number}").size = ?' for number in range(MOST))
