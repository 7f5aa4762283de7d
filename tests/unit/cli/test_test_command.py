"""`test`, from its arguments to exit code and output."""

import json

import pytest

TEST = """\
tests:
  - test: a job of half a minute
    entities: [{job: j1}]
    expect: [{at: 30s, alerts: [{rule: stuck-job, entity: j1}]}]
"""


@pytest.fixture
def tested(config):
    """A rule file with a test beside it that passes."""
    (config.parent / "rules.test.yml").write_text(TEST)
    return config.parent


def test_tests_that_pass_are_counted(ask, tested):
    """The summary says how many passed and what of the conditions was seen; the code is 0."""
    assert ask("test", "rules.test.yml") == (
        0,
        "not shown stuck-job: that it resolves, a look-alike in which it keeps still\n1 test passed, 0 failed; 1 rule, 2 of 2 ways of their conditions seen\n",
        "",
    )


def test_a_difference_is_shown_at_its_place(ask, tested):
    """What was expected, what was found and why, one below the other; what no test reached; the code is 1."""
    (tested / "rules.test.yml").write_text(TEST.replace("30s", "10s"))
    answer = ask("test", ".")
    assert answer.code == 1
    assert answer.out.splitlines() == [
        "FAILED rules.test.yml:2:11: a job of half a minute",
        "  rules.test.yml:4:40: after 10s",
        "    expected  stuck-job firing on j1",
        "    found     stuck-job inactive",
        "    for       false (-10s): job.elapsed > 20s",
        "                job.elapsed = 10s",
        "not reached stuck-job: no test makes it fire",
        "not reached stuck-job: never true: job.elapsed > 20s",
        "not shown stuck-job: that it fires, that it resolves, a look-alike in which it keeps still",
        "0 tests passed, 1 failed; 1 rule, 1 of 2 ways of their conditions seen",
    ]


def test_a_rule_of_which_everything_is_shown(ask, tested):
    """One test in which it fires and is over, one in which it keeps still: a line says so."""
    more = """\
  - test: it is over with its job
    entities: [{job: j1, until: 40s}]
    expect: [{at: 30s, alerts: [{rule: stuck-job, entity: j1}]}, {at: 40s, alerts: []}]
  - test: a job that ends in time
    look_alike: [stuck-job]
    entities: [{job: j1, until: 20s}]
    expect: [{at: 1m, alerts: []}]
"""
    (tested / "rules.test.yml").write_text(TEST + more)
    answer = ask("test", "rules.test.yml")
    assert (answer.code, answer.out.splitlines()[0]) == (0, "coverage: 1 rule, each fires, resolves and has a look-alike")


def test_a_file_that_cannot_be_used_is_a_mistake(ask, tested):
    """Its problems are shown as `check` shows them; the code is 2, whatever passed."""
    (tested / "other.test.yml").write_text(TEST.replace("entities", "entites"))
    answer = ask("test", ".")
    assert answer.code == 2
    assert "other.test.yml:3:5: E120 unknown key 'entites' in a test   hint: did you mean 'entities'?" in answer.out
    assert answer.out.endswith("1 test passed, 0 failed; 1 rule, 2 of 2 ways of their conditions seen\n")


def test_a_rule_file_without_tests_is_said(ask, config):
    """Nothing was proved, so it is not fine."""
    answer = ask("test", "rules.yml")
    assert answer.code == 2
    assert "E436" in answer.out


def test_json_holds_everything(ask, tested):
    """One object with tests, failures, coverage and problems."""
    (tested / "rules.test.yml").write_text(TEST.replace("30s", "10s"))
    answer = ask("test", "rules.yml", "--json")
    said = json.loads(answer.out)
    assert (answer.code, said["ok"], said["problems"]) == (1, False, [])
    assert [(test["test"], test["line"], test["ok"]) for test in said["tests"]] == [("a job of half a minute", 2, False)]
    assert said["tests"][0]["failures"] == [
        {
            "file": "rules.test.yml",
            "line": 4,
            "column": 40,
            "at_ms": 10_000,
            "expected": "stuck-job firing on j1",
            "found": "stuck-job inactive",
        }
    ]
    assert said["coverage"] == {
        "rules": 1,
        "never_fired": ["stuck-job"],
        "not_shown": [{"rule": "stuck-job", "missing": ["fires", "resolves", "look_alike"]}],
        "seen": 1,
        "of": 2,
        "branches": [{"rule": "stuck-job", "text": "job.elapsed > 20s", "never": ["true"]}],
    }


def test_packs_are_named_as_in_the_config(ask):
    """The tests of a pack that comes with the program."""
    answer = ask("test", "pack:sidekiq")
    assert answer.code == 0
    assert ", 0 failed; " in answer.out
