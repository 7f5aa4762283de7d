"""Rule files become rules with every default filled in."""

from collections.abc import Callable
from typing import Any

import pytest

from watchdog.engine.rules import Rule
from watchdog.errors import Span
from watchdog.model.guards import GUARDS, VETO
from watchdog.model.hours import Hours
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.parameters import Allowance
from watchdog.model.rows import ROW_TYPES
from watchdog.model.verdicts import Mode
from watchdog.rulefile.findings import LIMIT
from watchdog.rulefile.rules import digest_of, read_rules

RULE = "rules:\n  - rule: slow\n    each: job\n    when: job.elapsed > 10m\n"
ISSUE = """\
rules:
  - rule: stuck-job
    each: job
    where: job.queue in ["push", "pull"]
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""

Read = Callable[[str], Rule]
DEFAULTS = {
    "settle": 3,
    "baseline": "ask",
    "max_unhealthy": 0.5,
    "deploy": 1_800_000,
    "veto": VETO,
    "keep": 0.5,
    "alone": "when_half_held",
    "cooldown": 900_000,
    "cooldown_max": 14_400_000,
    "target_budget": Allowance(6, 86_400_000),
    "host_budget": Allowance(6, 3_600_000),
    "culprits": 3,
    "min_success": 0.5,
    "trials": 4,
    "protected": (),
    "budget": Allowance(3, 3_600_000),
    "flaps": Allowance(6, 3_600_000),
    "hours": Hours(0, 1_440),
    "zone": "local",
    "surge": "deny",
    "idle": 0.5,
    "answer_within": 3_600_000,
    "approvals": 1,
}
"""Every setting of every guard, in the engine's units."""


def test_the_smallest_rule_gets_every_default(rule: Read) -> None:
    """Severity warning, mode act, stable, no time to hold, no step, nobody told, and every guard at its table's default."""
    least = rule("")
    assert (least.name, least.each, least.severity, least.mode, least.maturity) == ("slow", Kind.JOB, Severity.WARNING, Mode.ACT, "stable")
    assert (least.hold, least.keep_firing, least.steps, least.notify, least.where, least.summary) == (0, 0, (), (), None, None)
    assert least.guards == DEFAULTS
    assert least.span == Span("rules.yml", 2, 11, 4)


def test_a_rule_has_every_setting_of_the_guard_table(rule: Read) -> None:
    """The engine finds each setting by name without asking whether it is there."""
    assert set(rule("    guards: {cooldown: 1m}\n").guards) == {setting.name for guard in GUARDS for setting in guard.settings}


def test_a_rule_of_every_key(rule: Read) -> None:
    """Everything that can be written arrives in the engine's units."""
    full = rule(
        '    where: job.queue == "push"\n    for: 20s\n    keep_firing_for: 1m\n    severity: critical\n    mode: ask\n    maturity: sandbox\n'
        "    then: [{terminate_process: {process: job.process, grace: 40s}}, {terminate_process: {process: job.process}}]\n"
        "    guards: {cooldown: 5m, keep: 25%, alone: ask, veto: [Big, 'Big::*']}\n    notify: [night, ops, night]\n"
        '    summary: "{{ job.class }} is slow"\n    description: why\n    runbook: https://example.org/slow\n'
    )
    assert (full.hold, full.keep_firing, full.severity, full.mode, full.maturity) == (
        20_000,
        60_000,
        Severity.CRITICAL,
        Mode.ASK,
        "sandbox",
    )
    assert full.guards == {**DEFAULTS, "cooldown": 300_000, "keep": 0.25, "alone": "ask", "veto": ("Big", "Big::*")}
    assert full.notify == ("night", "ops")
    back = {"rescue": "proven", "stuck_jobs.strikes": 2, "stuck_jobs.then": "quarantine", "unique_locks": "report"}
    assert [(step.action, step.target.text, step.arguments) for step in full.steps] == [
        ("terminate_process", "job.process", {"grace": 40_000, **back}),
        ("terminate_process", "job.process", {"grace": 30_000, **back}),
    ]
    assert full.where is not None
    assert full.summary is not None


def test_where_and_when_are_one_condition(rule: Read) -> None:
    """The condition holds where both do."""
    both = rule('    where: job.queue == "push"\n').condition
    row: Any = ROW_TYPES[Kind.JOB]("run")
    row.home = ROW_TYPES[Kind.PROCESS]("web:1:a")
    row.home.confirmed_at, row.started_at, row.queue = 700_000, 0, "push"
    assert both.holds(row, 700_000) is True
    row.queue = "pull"
    assert both.holds(row, 700_000) is False


def test_the_rule_of_the_manual_loads_with_warnings() -> None:
    """A stuck job, ended at once with ten seconds of grace, whatever is left: a rule, and a word about each of the three."""
    rules, problems = read_rules([("rules.yml", ISSUE)], Mode.DRY_RUN, {"ops"})
    assert [(str(problem.span), problem.code) for problem in problems] == [
        ("rules.yml:7:9", "W610"),
        ("rules.yml:7:58", "W601"),
        ("rules.yml:8:34", "W612"),
    ]
    assert [rule.name for rule in rules.rules] == ["stuck-job"]
    assert rules.rules[0].guards == {**DEFAULTS, "cooldown": 300_000, "keep": 0.0}
    assert rules.mode is Mode.DRY_RUN
    assert rules.rules[0].mode is Mode.ACT


def test_rules_stand_in_the_order_of_their_files() -> None:
    """Files in the order given, rules in the order written."""
    one = RULE + RULE.removeprefix("rules:\n").replace("slow", "b").replace("10m", "20m") + "    severity: critical\n"
    two = RULE.replace("slow", "a").replace("elapsed > 10m", "retries > 3")
    rules, problems = read_rules([("1.yml", one), ("2.yml", two)], Mode.ACT, set())
    assert problems == ()
    assert [rule.name for rule in rules.rules] == ["slow", "b", "a"]


def test_a_name_used_in_two_files_names_both_places() -> None:
    """The second place is reported, the first one is named in it."""
    rules, problems = read_rules([("1.yml", RULE), ("2.yml", RULE)], Mode.ACT, set())
    assert [(str(problem.span), problem.code) for problem in problems] == [("2.yml:2:11", "E402")]
    assert "1.yml:2:11" in problems[0].message
    assert len(rules.rules) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        "    guards: {keep: 200%}\n",
        "    notify: [nobody]\n",
        "    severity: bad\n",
        "    for: 5\n",
        "    summary: '{{ x'\n",
        "    zzz: 1\n",
    ],
)
def test_a_rule_with_anything_wrong_is_left_out(wrong: str) -> None:
    """No half-read rule can reach the engine, and its neighbour is read."""
    other = RULE.removeprefix("rules:\n").replace("slow", "fine")
    rules, problems = read_rules([("rules.yml", RULE + wrong + other)], Mode.ACT, {"ops"})
    assert len(problems) == 1
    assert [rule.name for rule in rules.rules] == ["fine"]


def test_receivers_that_are_not_known_are_not_checked() -> None:
    """Without a config any name may stand under `notify`."""
    assert read_rules([("rules.yml", RULE + "    notify: [anybody]\n")], Mode.ACT, None)[1] == ()


def test_the_digest_tells_files_apart() -> None:
    """Another text, another name, another order, another cut between name and text: another digest."""
    sets = [[("a", "b")], [("a", "c")], [("c", "b")], [("ab", "")], [("a", "b"), ("c", "d")], [("c", "d"), ("a", "b")], []]
    assert len({digest_of(files) for files in sets}) == len(sets)
    assert read_rules([("a", RULE)], Mode.ACT, set())[0].digest == digest_of([("a", RULE)])


def test_a_broken_file_of_thousands_of_errors_ends() -> None:
    """Problems of one file are bounded."""
    text = "rules:\n" + "  - {rule: X, whenn: 1}\n" * 4_000
    assert len(read_rules([("rules.yml", text)], Mode.ACT, set())[1]) == LIMIT


def test_no_crowd_of_warnings_hides_an_error() -> None:
    """Behind more warnings than anybody reads, an error is still found."""
    short = "  - {rule: r%d, each: job, when: job.elapsed > 1m, then: [{terminate_process: {process: job.process, grace: 1s}}]}\n"
    text = "rules:\n" + "".join(short % number for number in range(LIMIT + 10)) + "  - {rule: last}\n"
    problems = read_rules([("rules.yml", text)], Mode.ACT, set())[1]
    codes = [problem.code for problem in problems]
    assert sum(code.startswith("W") for code in codes) == LIMIT
    assert codes[-2:] == ["E121", "E121"]


def test_what_stands_before_broken_yaml_is_checked() -> None:
    """A syntax error far below hides neither errors above it nor invents missing keys."""
    text = RULE + "    severity: bad\n  - rule: other\n    when: a: b\n"
    problems = read_rules([("rules.yml", text)], Mode.ACT, set())[1]
    assert [(problem.span.line, problem.code) for problem in problems] == [(5, "E124"), (7, "E101")]


def test_settings_of_a_parameter_become_arguments_of_their_own(rule: Read) -> None:
    """Written or not, each is there under `parameter.setting`."""
    step = "    then: [{recover_process: {process: job.process%s}}]\n"
    least, most = rule(step % "").steps[0], rule(step % ", stuck_jobs: {strikes: 3}").steps[0]

    assert least.arguments == {
        "drain": 150_000, "extend": 1_800_000, "grace": 30_000, "stuck_after": 600_000, "rescue": "proven", "stuck_jobs.strikes": 2, "stuck_jobs.then": "quarantine",
        "unique_locks": "report",
    }  # fmt: skip
    assert most.arguments == {**least.arguments, "stuck_jobs.strikes": 3}


def test_what_all_rules_share_is_said_once() -> None:
    """The config's budgets hold for a rule that has none of its own; and they are part of the digest."""
    text = RULE + "    guards: {host_budget: 2/1h}\n"
    shares = {"host_budget": Allowance(9, 3_600_000), "target_budget": Allowance(4, 3_600_000)}
    without, _ = read_rules([("r.yml", text)], Mode.ACT, None)
    with_them, problems = read_rules([("r.yml", text)], Mode.ACT, None, shares=shares)

    assert problems == ()
    assert with_them.rules[0].guards == {**without.rules[0].guards, "target_budget": Allowance(4, 3_600_000)}
    assert with_them.rules[0].guards["host_budget"] == Allowance(2, 3_600_000)
    assert with_them.digest != without.digest


def test_what_no_rule_touches_is_in_every_rule() -> None:
    """The config's list comes before the rule's own, which nothing takes away from it; and it is part of the digest."""
    text = RULE + "    guards: {protected: [mine]}\n"
    own, _ = read_rules([("r.yml", text)], Mode.ACT, None)
    both, problems = read_rules([("r.yml", text)], Mode.ACT, None, protected=("scheduler*",))

    assert problems == ()
    assert own.rules[0].guards["protected"] == ("mine",)
    assert both.rules[0].guards["protected"] == ("scheduler*", "mine")
    assert own.digest != both.digest
