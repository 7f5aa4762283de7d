"""Files of rule tests become tests with every default filled in."""

from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Decision, Mode
from watchdog.rulefile.testfile import RuleTest
from watchdog.rulefile.tests import EVERY, fields_of, read_tests, strangers_in

LEAST = "tests:\n  - test: least\n    entities: []\n    expect: [{at: 1m, alerts: []}]\n"


def read(text: str) -> RuleTest:
    """The only test of a file in which nothing is wrong."""
    file, problems = read_tests("t.test.yml", text)
    assert [str(problem) for problem in problems] == []
    (test,) = file.tests
    return test


def test_the_smallest_test_gets_every_default() -> None:
    """Mode act, ten seconds, healthy looks, a process that ends a second after TERM, no source lost."""
    test = read(LEAST)
    assert (test.name, test.mode, test.every, test.looks, test.exits, test.lost) == ("least", Mode.ACT, EVERY, "healthy", 1000, ())
    assert test.actors == ()


def test_a_test_of_every_key() -> None:
    """Everything arrives in the engine's units."""
    test = read(
        "every: 1m\ntests:\n  - test: all\n    mode: dry-run\n    every: 5s\n    looks: other\n    exits: never\n"
        "    lost: [{source: redis, from: 1m, until: 2m}, {source: host}]\n"
        "    entities:\n      - {queue: push, from: 10s, until: 1m, size: 1x2 +1, latency: 5s}\n"
        '      - {process: "w:1:a", queues: [push, pull]}\n'
        "    expect:\n      - at: 1m\n        alerts: [{rule: r, entity: push}, {rule: r, entity: push, state: inactive}]\n"
        '        decisions: [{rule: r, decision: DENY, guard: blind, process: "w:1:a"}]\n      - {at: 2m, decisions: []}\n'
    )
    assert (test.mode, test.every, test.looks, test.exits) == (Mode.DRY_RUN, 5_000, "other", None)
    assert [(one.source, one.since, one.until) for one in test.lost] == [(Source.REDIS, 60_000, 120_000), (Source.HOST, 0, None)]
    push, process = test.actors
    assert (push.kind, push.id, push.since, push.until, push.constants) == (Kind.QUEUE, "push", 10_000, 60_000, {"latency": 5_000})
    assert push.series["size"].values == (1, 1, 2)
    assert process.constants == {"queues": ("push", "pull")}
    first, second = test.expectations
    assert [(one.rule, one.entity, one.state) for one in first.alerts or ()] == [("r", "push", "firing"), ("r", "push", "inactive")]
    assert [(one.decision, one.guard, one.process) for one in first.decisions or ()] == [(Decision.DENY, "blind", "w:1:a")]
    assert (second.alerts, second.decisions) == (None, ())


def test_the_process_of_a_job_is_there_by_itself() -> None:
    """One for each name that jobs give, with their queues, and none where it stands there already."""
    entities = 'entities: [{job: a, queue: push}, {job: b}, {job: c, process: "w:1:x"}, {job: d, process: "w:2:y"}, {process: "w:2:y"}]'
    test = read(LEAST.replace("entities: []", entities))
    processes = {actor.id: actor.constants for actor in test.actors if actor.kind is Kind.PROCESS}
    assert processes == {"w:2:y": {}, "test:1:process": {"queues": ("push", "default")}, "w:1:x": {"queues": ("default",)}}


def test_fields_that_no_source_delivers_are_of_this_file_alone() -> None:
    """They widen its vocabulary; one that has been built since is no error, and nothing of it changes."""
    file, problems = read_tests(
        "t.test.yml", "fields:\n  - {field: domain.size, type: count}\n  - {field: queue.size, type: count}\n" + LEAST
    )
    assert problems == ()
    assert [field.path for field in file.fields] == ["domain.size"]
    assert fields_of(file).field(Kind.DOMAIN, "size") is not None
    assert fields_of(read_tests("t.test.yml", LEAST)[0]).field(Kind.DOMAIN, "size") is None


def test_rules_that_are_not_there_are_named() -> None:
    """At the place where the test expects something of them."""
    file, _ = read_tests("t.test.yml", LEAST.replace("alerts: []", "decisions: [{rule: slwo, decision: ALLOW}]"))
    assert [(str(problem.span), problem.code, problem.hint) for problem in strangers_in(file, ["slow"])] == [
        ("t.test.yml:4:42", "E431", "did you mean 'slow'?")
    ]


def test_a_broken_test_is_left_out_and_its_neighbour_is_read() -> None:
    """All problems of a file are found at once."""
    file, problems = read_tests("t.test.yml", LEAST + LEAST.removeprefix("tests:\n").replace("1m", "one minute"))
    assert [test.name for test in file.tests] == ["least"]
    assert len(problems) >= 1
