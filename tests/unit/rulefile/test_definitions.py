"""Names of a file: lists, thresholds and conditions, and what an operator sets otherwise for one rule."""

from pathlib import Path

import pytest

from watchdog.config.loading import rules_of
from watchdog.engine.rules import RuleSet
from watchdog.errors import Problem
from watchdog.lang.names import read_name
from watchdog.lang.text import Text
from watchdog.model.verdicts import Mode
from watchdog.rulefile.define import NAME
from watchdog.rulefile.rules import digest_of, read_rules
from watchdog.rulefile.settings import draft_settings

FILE = """\
define:
  fast: [push, pull]
  too_long: 10m
  stuck: job.elapsed > too_long
rules:
  - rule: slow
    each: job
    where: job.queue in fast
    when: stuck
  - rule: slow-again
    each: job
    when: stuck and job.retries > 0
    severity: critical
    mode: dry-run
    notify: [ops]
    guards: {cooldown: 5m, keep: 30%}
"""
CONFIG = "mode: ask\nredis: {url: redis://h}\nrules: [r.yml]\nstate: s\n"


def adjusted(adjust: str, text: str = FILE) -> tuple[RuleSet, tuple[Problem, ...]]:
    """The rules with what a config of mode ask changes about them."""
    draft, problems = draft_settings("c.yml", CONFIG + "adjust:\n" + adjust)
    rules, more = read_rules([("r.yml", text)], draft.mode, {"ops", "night"}, adjust=draft.adjust)
    return rules, (*problems, *more)


def said(adjust: str) -> list[str]:
    """Place, code and hint of what is wrong with an adjustment."""
    return [f"{problem.span} {problem.code} {problem.hint}" for problem in adjusted(adjust)[1]]


def test_names_stand_for_what_they_define() -> None:
    """A name in a condition is the same as what it stands for, in every rule of its file."""
    rules, problems = read_rules([("r.yml", FILE)], Mode.ACT, {"ops"})
    written, _ = read_rules(
        [("r.yml", FILE.replace("in fast", 'in ["push", "pull"]').replace("when: stuck", "when: job.elapsed > 10m"))], Mode.ACT, {"ops"}
    )
    assert problems == ()
    assert [rule.condition.fields for rule in rules.rules] == [rule.condition.fields for rule in written.rules]


def test_names_are_of_one_file() -> None:
    """Another file doesn't know them."""
    other = "rules:\n  - rule: other\n    each: job\n    when: stuck\n"
    assert [(str(problem.span), problem.code) for problem in read_rules([("r.yml", FILE), ("o.yml", other)], Mode.ACT, {"ops"})[1]] == [
        ("o.yml:4:11", "E201")
    ]


def test_an_adjustment_takes_the_place_of_the_rules_own() -> None:
    """Every key that can be adjusted; the rest stays as it was written, and so does every other rule."""
    rules, problems = adjusted(
        "  slow-again: {for: 1m, keep_firing_for: 2m, mode: ask, severity: info, notify: [night], guards: {keep: 60%}, define: {too_long: 20m}}\n"
    )
    assert problems == ()
    slow, again = rules.rules
    assert (again.hold, again.keep_firing, again.mode, again.severity, again.notify) == (60_000, 120_000, Mode.ASK, "info", ("night",))
    assert (again.guards["keep"], again.guards["cooldown"]) == (0.6, 300_000)
    assert (slow.hold, slow.mode) == (0, Mode.ACT)
    assert [spec.path for spec in again.condition.fields] == ["job.elapsed", "job.retries"]
    assert slow.condition != again.condition


def test_a_threshold_is_another_for_one_rule_alone() -> None:
    """The definition of the file stays for the others."""
    plain, _ = adjusted("  slow: {for: 0s}\n")
    rules, _ = adjusted("  slow-again: {define: {too_long: 20m}}\n")
    assert rules.by_name["slow"].condition == plain.by_name["slow"].condition
    assert rules.by_name["slow-again"].condition.tree != plain.by_name["slow-again"].condition.tree


def test_a_list_can_be_another() -> None:
    """It is a list again."""
    assert adjusted("  slow: {define: {fast: [ingress]}}\n")[1] == ()
    assert said("  slow: {define: {fast: ingress}}\n") == ["c.yml:6:25 E122 write it as [one, two], or one '- item' a line"]


def test_a_rule_can_be_switched_off() -> None:
    """It is checked all the same, and its name stays taken."""
    rules, problems = adjusted("  slow: {disabled: true}\n")
    assert (problems, [rule.name for rule in rules.rules]) == ((), ["slow-again"])
    assert said("  slow: {disabled: true, for: 5}\n") == ["c.yml:6:31 E217 a number needs a unit here: 5s"]
    assert [rule.name for rule in adjusted("  slow: {disabled: false}\n")[0].rules] == ["slow", "slow-again"]


def test_what_is_wrong_with_an_adjustment_is_said_in_the_config() -> None:
    """Unknown rules, keys, names and receivers, wrong values, and a mode above the ceiling: each at its place, with what was meant."""
    assert said("  slw: {for: 1m}\n") == ["c.yml:6:3 E508 did you mean 'slow'?"]
    assert said("  slow: {fo: 1m}\n")[0].startswith("c.yml:6:10 E120 did you mean 'for'?")
    assert said("  slow: {mode: act}\n") == ["c.yml:6:16 E509 at most ask, or raise the config's own mode"]
    assert said("  slow: {notify: [day]}\n") == ["c.yml:6:19 E407 one of: night, ops"]
    assert said("  slow: {define: {too_lng: 20m}}\n") == ["c.yml:6:19 E510 did you mean 'too_long'?"]
    assert said("  slow: {define: {too_long: 20}}\n") == ["c.yml:6:29 E217 a number needs a unit here: 20s"]
    assert said("  slow: {define: {stuck: job.elapsd > 1m}}\n")[0].startswith("c.yml:6:26 E203 did you mean")


def test_an_adjustment_may_raise_a_rule_up_to_the_config() -> None:
    """A rule that ships in dry-run is armed in this way."""
    rules, problems = adjusted("  slow-again: {mode: ask}\n")
    assert problems == ()
    assert rules.by_name["slow-again"].mode is Mode.ASK


def test_no_stranger_is_named_where_files_could_not_be_read() -> None:
    """The rule may stand in what was not read."""
    assert [problem.code for problem in adjusted("  other: {for: 1m}\n", FILE + "  - rule: [\n")[1]] == ["E101"]


def test_adjustments_change_the_digest() -> None:
    """Other rules are in force, and the audit must show it."""
    plain = adjusted("  {}\n")[0].digest
    assert plain == digest_of([("r.yml", FILE)])
    assert len({plain, adjusted("  slow: {for: 1m}\n")[0].digest, adjusted("  slow: {for: 2m}\n")[0].digest}) == 3


@pytest.mark.parametrize("name", ["a", "_x1", "Long_queues", "x" * 64, "1a", "a-b", "a b", "", "x" * 65, "é"])
def test_the_form_of_a_name_is_that_of_the_language(name: str) -> None:
    """The pattern here and the reader there agree."""
    assert (NAME.fullmatch(name) is not None) == (read_name(Text(name, "r.yml"))[0] is not None)


def test_the_digest_is_of_what_is_said_and_not_of_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks from another folder, or has copied config and trace to another machine, is not told that other rules decided then; nor is he for a comment in the config."""
    said = (
        "redis: {url: redis://127.0.0.1:6379/0}\nrules: [r.yml]\nstate: state\nadjust: {slow: {for: 2m}}\nask: {people: {ada: [ada]}}\n"
        "receivers: {ops: {type: email, host: localhost, tls: none, from: a@example.org, to: [b@example.org]}}\nroutes: [{notify: [ops], match: {labels: {file: x}}}]\n"
    )
    for folder, text in (("here", said), ("there", f"# a comment\n{said}"), ("other", said.replace("file: x", "file: y"))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config.yml").write_text(text)
        (tmp_path / folder / "r.yml").write_text(FILE)
    monkeypatch.chdir(tmp_path / "here")
    digests = []
    for path in ("config.yml", "../there/config.yml", tmp_path / "there" / "config.yml", "../other/config.yml"):
        rules, _, problems = rules_of(Path(path))
        assert rules is not None, problems
        digests.append(rules.digest)

    assert digests[0] == digests[1] == digests[2] != digests[3]
