"""`check`, from its arguments to exit code and output."""

import json

import pytest

BAD = """\
rules:
  - rule: stuck-job
    each: job
    wher: job.queue == "push"
    when: job.elapsd > 20s
"""


def test_a_config_without_a_fault_is_fine(ask, config):
    """`check --config` reads the config and its rules, says how many, and ends with 0."""
    answer = ask("check", "--config", str(config))
    assert answer == (0, "1 rule, 0 errors, 0 warnings\n", "")


def test_all_problems_of_config_and_rules_are_said_at_once(ask, config):
    """One run shows every problem of every file with place, code and hint, and ends with 2."""
    config.write_text(config.read_text() + "recievers: {}\n")
    (config.parent / "rules.yml").write_text(BAD)
    answer = ask("check", "--config", "config.yml")
    assert answer.code == 2
    assert answer.out.splitlines() == [
        "config.yml:5:1: E120 unknown key 'recievers' in the config   hint: did you mean 'receivers'?",
        "rules.yml:4:5: E120 unknown key 'wher' in a rule   hint: did you mean 'where'?",
        "rules.yml:5:11: E203 unknown field 'job.elapsd'   hint: did you mean 'job.elapsed'?",
        "0 rules, 3 errors, 0 warnings",
    ]


def test_rule_files_can_be_checked_without_a_config(ask, config, tmp_path):
    """Files and folders are named directly; the names of receivers, which only a config knows, are not asked for."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.yml").write_text((tmp_path / "rules.yml").read_text().replace("stuck-job", "other") + "    notify: [nobody]\n")
    assert ask("check", "rules.yml", "more") == (0, "2 rules, 0 errors, 0 warnings\n", "")


def test_rule_files_beside_a_config_are_checked_too(ask, config, tmp_path):
    """With files and --config both are checked; a file that the config names as well counts once."""
    (tmp_path / "more.yml").write_text(BAD.replace("stuck-job", "other"))
    answer = ask("check", "rules.yml", "more.yml", "--config", "config.yml")
    assert answer.code == 2
    assert answer.out.splitlines()[-1] == "1 rule, 2 errors, 0 warnings"


@pytest.mark.parametrize("pack", ["pack:sidekiq", "pack:mastodon"])
def test_the_packs_are_fine(ask, pack):
    """The rules that come with the program are found by name and have no fault."""
    answer = ask("check", pack)
    assert answer.code == 0
    assert answer.out.endswith(", 0 errors, 0 warnings\n")
    assert not answer.out.startswith("0 rules")


def test_warnings_alone_stop_nothing(ask, config):
    """A warning is shown, and the exit code is 0."""
    rules = config.parent / "rules.yml"
    rules.write_text(rules.read_text() + "    then: [{terminate_process: {process: job.process, grace: 5s}}]\n")
    answer = ask("check", "rules.yml")
    assert answer.code == 0
    assert "rules.yml:5:62: W601" in answer.out
    assert answer.out.endswith("1 rule, 0 errors, 1 warning\n")


@pytest.mark.parametrize("how", [["--json"], ["--format", "json"]])
def test_problems_as_json_are_one_object_on_one_line(ask, tmp_path, how):
    """A program gets the counts and each problem by its parts."""
    (tmp_path / "bad.yml").write_text(BAD)
    answer = ask("check", "bad.yml", *how)
    assert answer.code == 2
    assert answer.out.count("\n") == 1
    said = json.loads(answer.out)
    assert (said["ok"], said["rules"], said["errors"], said["warnings"]) == (False, 0, 2, 0)
    assert said["problems"][1] == {
        "file": "bad.yml", "line": 5, "column": 11, "width": 10, "code": "E203", "warning": False,
        "message": "unknown field 'job.elapsd'", "hint": "did you mean 'job.elapsed'?",
    }  # fmt: skip


def test_a_file_that_is_not_there_is_a_problem(ask):
    """A name that leads nowhere ends with 2, and the file is named."""
    answer = ask("check", "nowhere.yml")
    assert answer.code == 2
    assert answer.out.startswith("nowhere.yml:1:1: E113 ")
