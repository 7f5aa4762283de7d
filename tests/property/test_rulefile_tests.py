"""Whatever is written as a test of rules: it is read or refused, played to the end, and comes out the same each time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_rulefile_reading import anything, check, mutated
from watchdog.lang.text import Text
from watchdog.lang.units import show_quantity
from watchdog.model.kinds import Type
from watchdog.model.verdicts import Mode
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.pack import read_manifest
from watchdog.rulefile.reached import Reached
from watchdog.rulefile.rehearsal import rehearse
from watchdog.rulefile.rules import read_rules
from watchdog.rulefile.series import read_series
from watchdog.rulefile.settings import draft_settings
from watchdog.rulefile.tests import fields_of, read_tests

RULES = """\
define:
  fast: [push, pull]
  long: 1m
rules:
  - rule: slow
    each: job
    where: job.queue in fast
    when: job.elapsed > long
    for: 20s
    keep_firing_for: 10s
    then: [{terminate_process: {process: job.process, grace: 30s}}]
    guards: {cooldown: 1m}
  - rule: full
    each: queue
    when: avg(queue.size, 1m) > 10 and any(job where job.queue == queue.name and job.elapsed > 20s)
  - rule: gone
    each: process
    on: ProcessVanished
    keep_firing_for: 30s
  - rule: alone
    each: process
    when: held(process.busy == 0, 1m) or known(process.rss) and process.rss > 1GiB
"""
TESTS = """\
fields:
  - {field: process.cpu, type: ratio, source: host}
tests:
  - test: one
    every: 10s
    exits: 3s
    looks: healthy
    lost: [{source: redis, from: 30s, until: 1m}]
    entities:
      - {process: "w:1:a", queues: [push], busy: 0x5 1x3 _x2 0, cpu: 5%x3 +1%x3}
      - {job: j1, process: "w:1:a", queue: push, from: 10s, until: 2m}
      - {queue: push, size: 0x10 1x5 +3x20 _x2}
    expect:
      - {at: 1m, alerts: []}
      - {at: 2m, decisions: [{rule: slow, decision: ALLOW, process: "w:1:a"}]}
"""
PACK = "pack: mine\nversion: 1.0.0\ndescription: x\nrequires: 0.1.0\nmaturity: sandbox\n"
CONFIG = "mode: act\nredis: {url: redis://h}\nrules: [r.yml]\nstate: s\nadjust:\n  slow: {for: 1m, define: {long: 2m, fast: [a]}, guards: {keep: 10%}, disabled: false}\n"
seconds = st.integers(0, 18).map(lambda tens: f"{tens * 10}s")
moments = st.tuples(st.integers(0, 120), st.integers(1, 120)).map(lambda pair: (f"{pair[0]}s", f"{sum(pair)}s"))


@given(text=mutated(TESTS) | anything)
@settings(max_examples=100, deadline=None)
def test_any_file_of_tests_can_be_read(text: str) -> None:
    """Tests or problems; those that are read can be played."""
    file, problems = read_tests("t.yml", text)
    check(text, problems)
    rules, _ = read_rules([("r.yml", RULES)], Mode.ACT, None, vocabulary=fields_of(file))
    for test in file.tests:
        if sum(expectation.at for expectation in test.expectations) < 600_000:
            rehearse(test, rules, Reached(), vocabulary=fields_of(file))


@given(text=mutated(PACK) | anything)
@settings(max_examples=50, deadline=None)
def test_any_manifest_can_be_read(text: str) -> None:
    """A manifest, or at least one problem."""
    manifest, problems = read_manifest("pack.yml", text, folder="mine", program="0.1.0")
    check(text, problems)
    assert (manifest is None) == bool(problems)


@given(text=mutated(CONFIG) | anything, rules=st.just(RULES) | mutated(RULES))
@settings(max_examples=100, deadline=None)
def test_any_adjustment_can_be_read(text: str, rules: str) -> None:
    """Each problem lies in the file of which it speaks."""
    draft, problems = draft_settings("c.yml", text)
    check(text, problems)
    _, more = read_rules([("r.yml", rules)], draft.mode, None, adjust=draft.adjust)
    check(text, tuple(problem for problem in more if problem.span.file == "c.yml"))
    check(rules, tuple(problem for problem in more if problem.span.file == "r.yml"))
    assert {problem.span.file for problem in more} <= {"c.yml", "r.yml"}


@given(
    runs=st.lists(st.tuples(st.sampled_from(["value", "step", "gap"]), st.integers(0, 10**6), st.integers(0, 5)), min_size=1, max_size=6),
    type_=st.sampled_from([Type.COUNT, Type.DURATION, Type.SIZE]),
)
def test_a_series_is_what_was_written(runs: list[tuple[str, int, int]], type_: Type) -> None:
    """Written by a plain loop, read by the reader."""
    expected: list[int | None] = [0]
    words = [show_quantity(0, type_)]
    for what, number, times in runs:
        shown = show_quantity(number, type_)
        last = next(value for value in reversed(expected) if value is not None)
        match what:
            case "value":
                words.append(f"{shown}x{times}")
                expected += [number] * times
            case "step":
                words.append(f"+{shown}x{times}")
                expected += [last + number * (step + 1) for step in range(times)]
            case _:
                words.append(f"_x{times}")
                expected += [None] * times
    findings = Findings()
    series = read_series(Text(" ".join(words), "t.yml"), type_, findings)
    assert findings.in_order() == ()
    assert series is not None
    assert list(series.values) == expected


@given(
    jobs=st.lists(st.tuples(moments, st.sampled_from(["push", "pull", "mail"]), st.sampled_from(["w:1:a", "w:2:b"])), max_size=4),
    lost=st.lists(moments, max_size=1),
    looks=st.sampled_from(["healthy", "booting", "gone"]),
    exits=st.sampled_from(["0s", "3s", "never"]),
    every=st.sampled_from(["5s", "10s", "17s"]),
)
@settings(max_examples=40, deadline=None)
def test_the_same_test_comes_out_the_same(jobs: list, lost: list, looks: str, exits: str, every: str) -> None:
    """Any little story ends, and twice in the same way; what fails, fails at what was expected."""
    entities = "".join(
        f'      - {{job: j{number}, queue: {queue}, process: "{process}", from: {since}, until: {until}}}\n'
        for number, ((since, until), queue, process) in enumerate(jobs)
    )
    losses = ", ".join(f"{{source: redis, from: {since}, until: {until}}}" for since, until in lost)
    text = (
        f"tests:\n  - test: story\n    every: {every}\n    looks: {looks}\n    exits: {exits}\n    lost: [{losses}]\n"
        f'    entities:\n      - {{queue: push, size: 20x3 0x3 +5x9}}\n      - {{process: "w:3:c", queues: [push, pull, mail], until: 2m}}\n{entities}'
        "    expect:\n      - {at: 90s, alerts: []}\n      - {at: 4m, alerts: [], decisions: []}\n"
    )
    file, problems = read_tests("t.yml", text)
    assert [str(problem) for problem in problems] == []
    rules, _ = read_rules([("r.yml", RULES)], Mode.ACT, None)
    outcomes = [rehearse(file.tests[0], rules, Reached()) for _ in range(2)]
    assert outcomes[0] == outcomes[1]
    assert all("comes to its end" not in failure.expected for failure in outcomes[0].failures)
