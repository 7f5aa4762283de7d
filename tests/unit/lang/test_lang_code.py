"""What compiled code calculates, and how often."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from watchdog.lang.condition import Condition
from watchdog.lang.evaluate import evaluate
from watchdog.model.kinds import Kind

MakeRow = Callable[..., Any]
ReadCondition = Callable[..., Condition]

NOW = 1_000_000
HISTORY = "avg(process.rss, 5m)"


@pytest.mark.parametrize(
    ("text", "times"),
    [
        (f"{HISTORY} > 1GB and {HISTORY} < 9GB", 1),
        (f"{HISTORY} > 1GB and {HISTORY} < 9GB and {HISTORY} > 2GB or {HISTORY} > 3GB", 1),
        (f"process.quiet and {HISTORY} > 1GB or {HISTORY} < 9GB", 1),
        (f"(process.local and {HISTORY} < 1GB) or {HISTORY} < 9GB", 2),
        (f"{HISTORY} * 2 / {HISTORY} > 1 * 100%", 1),
        (f"({HISTORY} > 9GB) == ({HISTORY} > 9GB)", 1),
        (f"default({HISTORY}, 0) > 1GB and default({HISTORY}, 0) < 9GB", 1),
        (f"known({HISTORY}) and known({HISTORY})", 1),
    ],
)
def test_what_is_certain_to_have_been_calculated_is_not_calculated_again(
    text: str, times: int, condition: ReadCondition, row: MakeRow, kept
):
    """Behind `and` and `or` only as far as the first place has been passed: there it is calculated anew, and never missing."""
    asked: Counter[str] = Counter()

    class Counting(kept):  # type: ignore[misc]
        def over(self, series, entity, function, window, now):
            asked[series] += 1
            return super().over(series, entity, function, window, now)

    it = row(Kind.PROCESS, quiet=False, local=True)
    scope = Counting(over={("process: process.rss", "it", "avg", 300_000): 5_000_000_000})
    read = condition(text)
    truth = read.holds(it, NOW, scope)
    assert truth is not None
    assert asked == {"process: process.rss": times}
    assert truth is evaluate(read.tree, it, NOW, scope)


@pytest.mark.parametrize("quiet", [True, False])
@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "(process.quiet and process.uptime > 5s) or process.uptime > 10m",
        "(process.quiet or process.uptime > 5s) and process.uptime > 10m",
        "(process.quiet and (process.local or process.uptime > 5s) and process.uptime > 5s) or process.uptime > 10m",
        "process.quiet == (process.local and process.uptime > 5s) or process.uptime > 5s",
        "default(process.local and process.uptime > 5s, process.uptime > 5s) and process.uptime > 5s",
        "not (process.local and process.uptime * 2 > 5s) or process.uptime * 2 > 1h",
    ],
)
def test_what_may_have_been_passed_over_is_never_relied_on(text: str, quiet: bool, local: bool, condition: ReadCondition, row: MakeRow):
    """Whatever `and` and `or` skip, the truth is that of exact evaluation."""
    read = condition(text)
    it = row(Kind.PROCESS, quiet=quiet, local=local, booted_at=NOW - 60_000)
    assert read.holds(it, NOW) is evaluate(read.tree, it, NOW)


def test_equal_texts_of_different_meaning_are_kept_apart(condition: ReadCondition, row: MakeRow):
    """The rate of a count and of what is multiplied for it: the factor of a thousand does not leak."""
    it = row(Kind.PROCESS, busy=6, booted_at=NOW - 60_000)
    read = condition("process.busy / process.uptime == 0.1/s and process.busy * 1 == 6 and process.busy / process.uptime < 1/s")
    assert read.holds(it, NOW) is True
