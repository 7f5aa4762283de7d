"""The danger linter: what it warns of, where, and what it leaves alone."""

from textwrap import indent

import pytest

from watchdog.model.verdicts import Mode
from watchdog.rulefile.lint_codes import LINT_CODES
from watchdog.rulefile.rules import read_rules

SAFE = """\
- rule: safe
  each: job
  when: job.elapsed > 10m
  for: 20s
  then:
    - terminate_process: {process: job.process}
  guards: {cooldown: 15m}
"""
PROCESS = SAFE.replace("each: job", "each: process").replace("job.process", "process")


def said(*rules: str, define: str = "") -> list[str]:
    """Line, column and code of every problem of a file with these rules; the first begins on line 2."""
    text = f"{define}rules:\n" + indent("".join(rules), "  ")
    problems = read_rules([("rules.yml", text)], Mode.ACT, None)[1]
    return [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems]


def telling(name: str, condition: str, each: str = "job", more: str = "") -> str:
    """A rule that does nothing but tell."""
    return f"- rule: {name}\n  each: {each}\n  when: {condition}\n{more}"


def test_a_careful_rule_is_left_alone():
    """With `for`, a cooldown and the usual guards there is nothing to say."""
    assert said(SAFE) == []


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        ("  for: 20s\n", "", "6:9 W610"),
        ("for: 20s", "for: 0s", "7:9 W610"),
        ("  guards: {cooldown: 15m}\n", "", "7:9 W611"),
        ("{cooldown: 15m}", "{keep: 50%}", "7:9 W611"),
        ("cooldown: 15m", "cooldown: 0s", "8:24 W611"),
        ("15m}", "15m, keep: 0%}", "8:35 W612"),
        ("  for:", "  maturity: sandbox\n  for:", "5:15 W613"),
        ("job.process}", "job.process, grace: 29s}", "7:58 W601"),
    ],
)
def test_a_careless_action_is_warned_of_at_its_place(old, new, warning):
    """Each warning stands where the mistake is, or where the action is if something is missing; it comes alone."""
    assert said(SAFE.replace(old, new)) == [warning]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("job.process}", "job.process, grace: 30s}"),
        ("15m}", "15m, keep: 1%}"),
        ("  for:", "  maturity: sandbox\n  mode: dry-run\n  for:"),
        ("  for:", "  maturity: incubating\n  for:"),
        ("  then:\n    - terminate_process: {process: job.process}\n  guards: {cooldown: 15m}\n", ""),
    ],
)
def test_what_is_just_careful_enough_is_left_alone(old, new):
    """The limits themselves are fine; a rule that only tells needs no caution."""
    assert said(SAFE.replace(old, new)) == []


@pytest.mark.parametrize(
    "condition", ["held(process.quiet, 5m)", "avg(process.rss, 5m) > 2GiB", "not (process.quiet or changes(process.busy, 5m) > 3)"]
)
def test_a_condition_over_time_needs_no_for(condition):
    """History is what keeps one odd reading from ending a process."""
    rule = PROCESS.replace("job.elapsed > 10m", condition)
    assert said(rule.replace("  for: 20s\n", "")) == []


def test_a_rule_with_an_error_is_not_linted():
    """What is wrong comes first; the warnings follow when the rule can be read."""
    assert said(SAFE.replace("  for: 20s\n", "").replace("elapsed", "elapsd")) == ["4:11 E203"]


def test_every_step_is_looked_at():
    """The second grace of a rule is as dangerous as its first."""
    steps = "    - terminate_process: {process: job.process, grace: 5s}\n"
    assert said(SAFE.replace("  guards", steps + steps + "  guards")) == ["8:58 W601", "9:58 W601"]


# rules that another one covers


@pytest.mark.parametrize(
    ("covered", "covering"),
    [
        ("job.elapsed > 20m", "job.elapsed > 10m"),
        ("job.elapsed > 10m", "job.elapsed >= 10m"),
        ("job.elapsed >= 11m", "10m < job.elapsed"),
        ("job.elapsed > 601s", "job.elapsed > 10m"),
        ("job.retries == 7", "job.retries > 3"),
        ("job.retries < 3", "job.retries <= 3"),
        ("job.retries < 3", "job.retries != 3"),
        ('job.queue == "push" and job.elapsed > 10m', "job.elapsed > 10m"),
        ('job.elapsed > 30m and job.queue == "push"', 'job.queue in ["push", "pull"] and job.elapsed > 10m'),
        ('job.queue in ["push"]', 'job.queue in ["pull", "push"]'),
        ('job.queue in ["push"]', 'job.queue != "pull"'),
    ],
)
def test_a_rule_that_another_always_covers_adds_nothing(covered, covering):
    """Whichever of the two stands first, the narrower one is named."""
    assert said(telling("wide", covering), telling("narrow", covered)) == ["5:11 W614"]
    assert said(telling("narrow", covered), telling("wide", covering)) == ["2:11 W614"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("job.elapsed > 20m", "job.retries > 10"),
        ("job.elapsed > 20m", "job.elapsed < 10m"),
        ("job.elapsed > 20m and job.retries > 1", "job.elapsed > 10m and job.retries > 2"),
        ('job.queue == "push"', 'job.queue == "pull"'),
        ('job.queue in ["push", "x"]', 'job.queue in ["push", "y"]'),
        ('job.queue != "push"', 'job.queue != "pull"'),
        ("job.retries >= 3", "job.retries != 3 and job.elapsed > 1m"),
        ("job.elapsed > 20m or job.retries > 20", "job.elapsed > 10m"),
    ],
)
def test_rules_that_only_overlap_are_left_alone(one, other):
    """Neither follows from the other, or it can't be told from their parts."""
    assert said(telling("one", one), telling("other", other)) == []


@pytest.mark.parametrize(
    "more", ["  severity: critical\n", "  for: 1s\n", "  notify: [night]\n", "  mode: observe\n", "  labels: {team: web}\n"]
)
def test_a_rule_that_says_or_does_something_else_is_not_covered(more):
    """A warning after ten minutes and something worse after twenty are the usual pair."""
    wide, narrow = telling("wide", "job.elapsed > 10m", more=more), telling("narrow", "job.elapsed > 20m")
    assert said(wide, narrow) == []


def test_of_two_equal_rules_the_second_is_named():
    """Not both: one of them is needed."""
    assert said(telling("one", "job.elapsed > 10m"), telling("two", "job.elapsed > 10m")) == ["5:11 W614"]


def test_a_rule_of_another_file_can_cover_one():
    """The warning stands in the file of the rule that adds nothing, and names the other's place."""
    files = [(f"{name}.yml", f"rules:\n  - {telling(name, when)[2:]}".replace("\n  each", "\n    each").replace("\n  when", "\n    when"))
             for name, when in (("narrow", "job.elapsed > 20m"), ("wide", "job.elapsed > 10m"))]  # fmt: skip
    (problem,) = read_rules(files, Mode.ACT, None)[1]
    assert str(problem.span) == "narrow.yml:2:11"
    assert "wide.yml:2:11" in problem.message


def test_thousands_of_rules_are_compared_in_bounded_time():
    """Not every one with every other; the test's own time limit is the proof."""
    rules = [telling(f"r{number}", f"job.elapsed > {number}m and job.retries == {number}") for number in range(300)]
    assert said(*rules) == []


# conditions


@pytest.mark.parametrize(
    ("condition", "column"),
    [
        ("avg(process.rss, 2d) > 2GiB", 11),
        ("process.quiet and held(process.local, 25h)", 29),
        ("process.rss > 2 * min(process.rss, 7d)", 29),
    ],
)
def test_a_window_that_no_history_fills_is_warned_of(condition, column):
    """At the function, wherever in the condition it stands."""
    assert said(telling("long", condition, "process")) == [f"4:{column} W615"]


def test_a_window_of_a_day_is_fine():
    """Up to there histories reach."""
    assert said(telling("long", "avg(process.rss, 24h) > 2GiB", "process")) == []


def test_a_window_in_a_definition_is_found_there():
    """The place is that of what was written, not of the name that stands for it."""
    define = "define:\n  big: avg(process.rss, 7d) > 2GiB\n"
    assert said(telling("long", "big and process.local", "process"), define=define) == ["2:8 W615"]


@pytest.mark.parametrize(
    ("condition", "column"),
    [
        ("all(process where process.quiet)", 11),
        ("queue.size > 0 and all(job where job.queue == queue.name and job.elapsed > 1m)", 30),
        ("not (queue.size > 0 and not all(process where process.quiet))", 39),
        ("count(process) >= 0 and all(process where process.quiet)", 35),
        ("count(process) > 0 or all(process where process.quiet)", 33),
        ("count(job) > 0 and all(process where process.quiet)", 30),
    ],
)
def test_all_of_what_may_be_nothing_is_warned_of(condition, column):
    """At the call, unless something beside it says that there is at least one."""
    assert said(telling("every", condition, "queue")) == [f"4:{column} W616"]


@pytest.mark.parametrize(
    "condition",
    [
        "count(process) > 0 and all(process where process.quiet)",
        "all(process where process.quiet) and 1 <= count(process where process.local)",
        "any(process where process.local) and (queue.size > 5 and all(process where process.quiet))",
        "all(process where process.quiet) and share(process where process.local) > 10%",
        "not all(process where process.quiet)",
        "all(redis where redis.memory > 1GiB)",
        "count(job where job.queue == queue.name) > 0 and all(job where job.queue == queue.name and job.elapsed > 1m)",
    ],
)
def test_all_beside_a_count_is_fine(condition):
    """Also where its falsehood is what is asked for, and for what there always is."""
    assert said(telling("every", condition, "queue")) == []


def test_where_and_when_are_looked_at_together():
    """What `where` asks for holds in `when`, too."""
    rule = telling("every", "all(process where process.quiet)", "queue", "  where: count(process) > 0\n")
    assert said(rule) == []


@pytest.mark.parametrize("spec", LINT_CODES, ids=lambda spec: spec.code)
def test_every_warning_has_a_hint(spec):
    """Each says what to write instead, on its example."""
    problems = read_rules([("rules.yml", spec.example)], Mode.ACT, None)[1]
    assert [problem.code for problem in problems] == [spec.code]
    assert all(problem.hint and problem.is_warning for problem in problems)
