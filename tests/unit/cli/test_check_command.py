"""`check`, from its arguments to exit code and output."""

import json
import re
import socket

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
    rules.write_text(rules.read_text() + "    then: [{terminate_process: {process: job.process, grace: 5s}}]\n    for: 10s\n")
    answer = ask("check", "rules.yml")
    assert answer.code == 0
    assert [line[:22] for line in answer.out.splitlines()[:-1]] == ["rules.yml:5:13: W611 t", "rules.yml:5:62: W601 '"]
    assert answer.out.endswith("1 rule, 0 errors, 2 warnings\n")


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


def test_github_gets_one_annotation_for_each_problem(ask, tmp_path):
    """Errors and warnings as workflow commands, with place and code; the exit code is as ever."""
    careless = "  - rule: all-quiet\n    each: process\n    when: process.quiet\n    then: [{terminate_process: {process: process}}]\n    for: 10s\n"
    (tmp_path / "bad.yml").write_text(BAD + careless)
    answer = ask("check", "bad.yml", "--format", "github")
    assert answer.code == 2
    assert answer.out.splitlines() == [
        "::error file=bad.yml,line=4,col=5,endColumn=9,title=E120::unknown key 'wher' in a rule   hint: did you mean 'where'?",
        "::error file=bad.yml,line=5,col=11,endColumn=21,title=E203::unknown field 'job.elapsd'   hint: did you mean 'job.elapsed'?",
        (
            "::warning file=bad.yml,line=9,col=13,endColumn=30,title=W611::the rule acts and names no cooldown, so that of the guard table holds"
            "   hint: write 'guards: {cooldown: 15m}', or the time that a restart needs to show"
        ),
        "1 rule, 2 errors, 1 warning",
    ]


def test_the_line_is_shown_in_a_pipe_if_that_is_asked_for(ask, tmp_path):
    """`--context` shows in a log what a terminal shows."""
    (tmp_path / "bad.yml").write_text(BAD)
    answer = ask("check", "bad.yml", "--context")
    assert answer.code == 2
    assert answer.out.splitlines() == [
        "bad.yml:4:5: E120 unknown key 'wher' in a rule   hint: did you mean 'where'?",
        '     4 |     wher: job.queue == "push"',
        "       |     ^^^^",
        "bad.yml:5:11: E203 unknown field 'job.elapsd'   hint: did you mean 'job.elapsed'?",
        "     5 |     when: job.elapsd > 20s",
        "       |           ^^^^^^^^^^",
        "0 rules, 2 errors, 0 warnings",
    ]


def test_tests_and_manifests_are_checked_as_what_they_are(ask, config, tmp_path):
    """`check *.yml` names them too; they are no rule files, and what is wrong with them is said as well."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "rules.yml").write_text((tmp_path / "rules.yml").read_text())
    (folder / "rules.test.yml").write_text("tests:\n  - test: nobody\n    entities: []\n    expect: [{at: 1m, alerts: []}]\n")
    (folder / "pack.yml").write_text("pack: mine\nversion: 1.0\ndescription: x\n")
    files = ["mine/pack.yml", "mine/rules.test.yml", "mine/rules.yml"]
    assert ask("check", *files) == (0, "1 rule, 0 errors, 0 warnings\n", "")
    (folder / "rules.test.yml").write_text("tests:\n  - test: nobody\n")
    (folder / "pack.yml").write_text("pack: yours\nversion: 1.0\ndescription: x\n")
    answer = ask("check", *files)
    assert answer.code == 2
    assert [line[:30] for line in answer.out.splitlines()[:-1]] == [
        "mine/pack.yml:1:7: E420 the pa",
        "mine/rules.test.yml:2:5: E121 ",
        "mine/rules.test.yml:2:5: E121 ",
    ]


def test_declared_checks_are_named_and_tried_if_asked(ask, config):
    """By name and type; with `--try` each once, and the exit code says whether one failed."""
    with socket.socket() as server, socket.socket() as closed:
        server.bind(("127.0.0.1", 0))
        server.listen()
        closed.bind(("127.0.0.1", 0))
        there, nobody = server.getsockname()[1], closed.getsockname()[1]
        config.write_text(
            f'{config.read_text()}checks: {{one: {{type: tcp, address: "127.0.0.1:{there}"}}, two: {{type: tcp, address: "127.0.0.1:{nobody}"}}}}\n'
        )
        named, tried = ask("check", "-c", "config.yml"), ask("check", "-c", "config.yml", "--try")
        told = json.loads(ask("check", "-c", "config.yml", "--try", "--json").out)["checks"]

    assert named == (0, "check one (tcp): declared\ncheck two (tcp): declared\n1 rule, 0 errors, 0 warnings\n", "")
    assert tried.code == 1
    assert re.fullmatch(r"check one \(tcp\): ok, took \d+m?s", tried.out.splitlines()[0])
    assert re.fullmatch(
        rf"check two \(tcp\): FAILS, took \d+m?s: no connection to 127.0.0.1 port {nobody}: Connection refused", tried.out.splitlines()[1]
    )
    assert [(one["name"], one["ok"]) for one in told] == [("one", True), ("two", False)]
