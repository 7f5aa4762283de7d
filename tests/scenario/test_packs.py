"""The packs that come with the program do what they promise, and so do the rules that it was asked for."""

import re
from pathlib import Path

import pytest

from watchdog.cli.app import command as program
from watchdog.cli.view import SECTIONS
from watchdog.config import inspect
from watchdog.config.checking import inspect_files
from watchdog.config.packs import pack_names
from watchdog.config.rehearsing import run_tests

OURS = Path(__file__).parents[1] / "packs"
PACKS = [
    *(Path(f"pack:{name}") for name in pack_names()),
    OURS / "card",
    OURS / "edits",
    OURS / "guards",
    OURS / "host",
    OURS / "recovery",
    OURS / "units",
]


@pytest.mark.parametrize("pack", PACKS, ids=lambda path: path.name)
def test_the_tests_of_a_pack_pass_and_reach_everything(pack: Path) -> None:
    """Every rule fires in a test, and every part of every condition was seen true and false."""
    report = run_tests([pack])
    assert [str(problem) for problem in report.problems] == []
    assert [str(failure) for failure in report.failures] == []
    assert (report.never_fired, report.branches) == ((), ())
    assert report.rules >= 1


@pytest.mark.parametrize("name", pack_names())
def test_of_each_rule_everything_is_shown(name: str) -> None:
    """That it fires, that it is over again, and that it keeps still in a situation that only looks like it."""
    assert [(one.rule, *one.missing) for one in run_tests([Path(f"pack:{name}")]).unshown] == []


@pytest.mark.parametrize("name", pack_names())
def test_a_pack_of_the_program_may_act(name: str, tmp_path: Path) -> None:
    """Nothing is to be said of it; that its tests pass is shown here once, and not at each start."""
    (tmp_path / "config.yml").write_text(f"mode: act\nredis: {{url: redis://h}}\nrules: [pack:{name}]\nstate: state\n")
    assert inspect(tmp_path / "config.yml")[1] == ()


@pytest.mark.parametrize("name", pack_names())
def test_what_to_do_names_commands_that_there_are(name: str) -> None:
    """Whoever is awake at night types them as they stand: each command of the program exists, and so does each part of `status`."""
    rules, problems = inspect_files([Path(f"pack:{name}")])
    assert [str(problem) for problem in problems] == []
    known = program().commands
    for rule in rules.rules:
        for command, word in re.findall(r"sidekiq-watchdog ([a-z][a-z-]*)(?: ([a-z]+))?", rule.runbook):
            assert command in known, (rule.name, command)
            assert command != "status" or not word or word in SECTIONS, (rule.name, command, word)
