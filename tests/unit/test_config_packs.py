"""Packs and their tests, as the config loads them and as a person runs them."""

from pathlib import Path

import pytest

from watchdog.config import inspect, inspect_rules, load
from watchdog.config.rehearsing import run_tests
from watchdog.model.verdicts import Mode

RULE = "rules:\n  - rule: slow\n    each: job\n    when: job.elapsed > 10m\n"
PASSING = "tests:\n  - test: slow\n    entities: [{job: j1, elapsed: 9m}]\n    expect: [{at: 2m, alerts: [{rule: slow, entity: j1}]}]\n"
MANIFEST = "pack: mine\nversion: 1.0.0\ndescription: x\n"
CONFIG = "mode: %s\nredis: {url: redis://h}\nrules: [mine]\nstate: state\n"


class Pack:
    """A folder with a pack and a config that names it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mine"
        self.folder.mkdir()
        self.config = folder / "config.yml"
        self.write("pack.yml", MANIFEST)
        self.write("slow.yml", RULE)
        self.write("slow.test.yml", PASSING)

    def write(self, name: str, text: str) -> None:
        """Write a file of the pack."""
        (self.folder / name).write_text(text)

    def said(self, mode: str = "act") -> list[str]:
        """`FILE:LINE:COLUMN CODE` of every problem of a config in that mode."""
        self.config.write_text(CONFIG % mode)
        return [f"{problem.span} {problem.code}".removeprefix(f"{self.folder.parent}/") for problem in inspect(self.config)[1]]


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """A pack with one rule and a test that passes."""
    return Pack(tmp_path)


def test_a_pack_whose_tests_pass_may_act(pack: Pack) -> None:
    """Neither its manifest nor its tests are taken for rules."""
    assert pack.said() == []
    assert [path.name for path in load(pack.config).files] == ["slow.yml"]


def test_a_pack_whose_tests_fail_may_not_act(pack: Pack) -> None:
    """It is refused where the config names it, with the first difference; below act it is let in."""
    pack.write("slow.test.yml", PASSING.replace("elapsed: 9m", "elapsed: 5m"))
    assert pack.said() == ["config.yml:3:9 E511"]
    assert "expected slow firing on j1, found slow inactive" in inspect(pack.config)[1][0].message
    for mode in ("ask", "dry-run", "observe"):
        assert pack.said(mode) == []


def test_a_pack_whose_tests_cannot_be_read_may_not_act(pack: Pack) -> None:
    """What can't be run proves nothing."""
    pack.write("slow.test.yml", "tests: [")
    assert pack.said() == ["config.yml:3:9 E511"]


def test_a_pack_without_tests_is_warned_of(pack: Pack) -> None:
    """It may act."""
    (pack.folder / "slow.test.yml").unlink()
    assert pack.said() == ["config.yml:3:9 W621"]
    assert load(pack.config).rules.mode is Mode.ACT


def test_a_file_that_is_named_beside_its_pack_is_tested_with_it(pack: Pack) -> None:
    """It is read once, and belongs to the pack all the same."""
    pack.write("other.yml", RULE.replace("slow", "other").replace("10m", "20m") + "    severity: info\n    maturity: sandbox\n")
    pack.config.write_text((CONFIG % "act").replace("[mine]", "[mine/slow.yml, mine/other.yml, mine]"))
    assert [problem.code for problem in inspect(pack.config)[1]] == ["E422"]
    pack.write("other.yml", RULE.replace("slow", "other").replace("10m", "20m") + "    severity: info\n")
    assert inspect(pack.config)[1] == ()


def test_a_folder_without_manifest_is_no_pack(pack: Pack) -> None:
    """Nothing is asked of it but rules."""
    (pack.folder / "pack.yml").unlink()
    pack.write("slow.test.yml", "tests: [")
    assert pack.said() == []


def test_the_manifest_is_checked_wherever_it_lies(pack: Pack) -> None:
    """Its name is that of its folder, and its rules keep its promise."""
    pack.write("pack.yml", MANIFEST.replace("mine", "yours"))
    assert pack.said() == ["mine/pack.yml:1:7 E420"]
    pack.write("pack.yml", MANIFEST)
    pack.write("slow.yml", RULE + "    maturity: sandbox\n")
    assert pack.said() == ["mine/slow.yml:2:11 E422"]


def test_adjustments_do_not_touch_the_tests_of_a_pack(pack: Pack) -> None:
    """They prove the pack as it was written."""
    pack.config.write_text(CONFIG % "act" + "adjust: {slow: {for: 1h}}\n")
    assert inspect(pack.config)[1] == ()
    assert load(pack.config).rules.rules[0].hold == 3_600_000


@pytest.mark.parametrize("name", ["", "slow.yml", "slow.test.yml"])
def test_tests_are_found_by_folder_by_rule_file_and_by_name(pack: Pack, name: str) -> None:
    """Always with the rules beside them."""
    report = run_tests([pack.folder / name])
    assert report.passed
    assert [test.test.name for test in report.tests] == ["slow"]
    assert (report.rules, report.never_fired, report.seen, report.all_ways) == (1, (), 2, 2)


def test_tests_named_like_a_rule_file_are_about_that_file(pack: Pack) -> None:
    """Others are about all rules of the folder."""
    pack.write("other.yml", RULE.replace("slow", "other").replace("10m", "1m"))
    assert run_tests([pack.folder]).passed
    pack.write("all.test.yml", PASSING)
    failures = run_tests([pack.folder]).failures
    assert [failure.found for failure in failures] == ["other firing on j1"]


def test_what_is_missing_is_a_problem(pack: Pack) -> None:
    """No folder, no tests, a rule that is not there."""
    assert [problem.code for problem in run_tests([pack.folder / "nothing.yml"]).problems] == ["E436"]
    pack.write("quick.yml", RULE.replace("slow", "quick"))
    assert [problem.code for problem in run_tests([pack.folder / "quick.yml"]).problems] == ["E436"]
    pack.write("quick.test.yml", PASSING)
    assert [problem.code for problem in run_tests([pack.folder / "quick.yml"]).problems] == ["E431"]


def test_several_paths_are_one_report(pack: Pack) -> None:
    """Tests of one file twice are run twice; problems are told once."""
    report = run_tests([pack.folder, pack.folder / "slow.yml", pack.folder / "nothing", pack.folder / "nothing"])
    assert len(report.tests) == 2
    assert len(report.problems) == 1
    assert not report.passed


def test_checking_rules_checks_their_tests(pack: Pack) -> None:
    """What is wrong with a test is said beside what is wrong with rules; nothing is run."""
    pack.write("slow.test.yml", PASSING.replace("elapsed: 9m", "elapsed: 5m"))
    assert inspect_rules([pack.folder])[1] == ()
    pack.write("slow.test.yml", PASSING.replace("entities", "entites"))
    for path in (pack.folder, pack.folder / "slow.test.yml"):
        assert [(problem.span.line, problem.code) for problem in inspect_rules([path])[1]] == [(2, "E121"), (3, "E120")]
