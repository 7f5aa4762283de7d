"""What else a rule can say: for people, for later versions, and what it waits for."""

from collections.abc import Callable

import pytest

from watchdog.engine.rules import Rule
from watchdog.errors import Problem
from watchdog.model.changes import CHANGES
from watchdog.model.evidence import EVIDENCE
from watchdog.model.verdicts import Mode
from watchdog.rulefile.rules import read_rules

Read = Callable[[str], Rule]
RULE = "rules:\n  - rule: slow\n    each: job\n    when: job.elapsed > 10m\n"


def problems_of(more: str) -> list[str]:
    """Place, code and message of what is wrong with a rule with these further lines."""
    problems: tuple[Problem, ...] = read_rules([("r.yml", RULE + more)], Mode.ACT, {"ops"})[1]
    return [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems]


def test_what_a_rule_says_for_people(rule: Read) -> None:
    """Texts are kept as they were written."""
    full = rule("    description: why\n    runbook: https://example.org/slow\n    version: 1.10\n    labels: {team: web, oncall: yes}\n")
    assert (full.description, full.runbook, full.version) == ("why", "https://example.org/slow", "1.10")
    assert full.labels == {"team": "web", "oncall": "yes"}


def test_a_runbook_can_be_a_file(rule: Read) -> None:
    """Only what begins like a page must be one."""
    assert rule("    runbook: docs/stuck jobs.md\n").runbook == "docs/stuck jobs.md"
    assert problems_of("    runbook: https://exa mple.org\n") == ["5:14 E411"]


def test_a_runbook_can_be_text(rule: Read) -> None:
    """With a blank or several lines it says itself what to do; it keeps its lines, and is no longer than a screen."""
    text = "    runbook: |\n      1. See https://example.org/a b.\n      2. Wait {{ job.elapsed }}.\n"
    assert rule(text).runbook == "1. See https://example.org/a b.\n2. Wait {{ job.elapsed }}."
    assert problems_of(f"    runbook: look {'x' * 1_995}\n") == []
    assert problems_of(f"    runbook: look {'x' * 1_996}\n") == ["5:14 E411"]


def test_labels_are_few_and_short() -> None:
    """They go with every message."""
    many = ", ".join(f"l{number}: x" for number in range(21))
    assert problems_of(f"    labels: {{{many}}}\n") == ["5:13 E410"]
    assert problems_of(f"    labels: {{a: {'x' * 101}}}\n") == ["5:17 E410"]
    assert problems_of("    labels: {A: x}\n") == ["5:14 E410"]


def test_what_stands_around_the_steps(rule: Read) -> None:
    """Evidence, proof and way out are there for the engine, and nothing is to be said against them."""
    more = (
        f"    evidence: [{', '.join(spec.name for spec in EVIDENCE)}]\n    verify: {{when: job.elapsed < 1m, within: 5m}}\n"
        "    for: 1m\n    then: [{terminate_process: {process: job.process}}]\n    or_else: [{terminate_process: {process: job.process, grace: 1m}}]\n"
        "    guards: {cooldown: 15m}\n"
    )
    full = rule(more)
    assert full.evidence == tuple(spec.name for spec in EVIDENCE)
    assert full.verify is not None
    assert full.verify.within == 300_000
    assert [step.arguments for step in full.or_else] == [
        {"grace": 60_000, "rescue": "proven", "stuck_jobs.strikes": 2, "stuck_jobs.then": "quarantine", "unique_locks": "report"}
    ]
    assert problems_of(more) == []


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_rule_can_wait_for_every_change(change: object) -> None:
    """The condition is then always true, or that under `where`."""
    name, kind = change.name, change.kind  # type: ignore[attr-defined]
    rules, problems = read_rules([("r.yml", f"rules:\n  - rule: one\n    each: {kind}\n    on: {name}\n")], Mode.ACT, None)
    assert problems == ()
    assert (rules.rules[0].on, rules.rules[0].condition.text) == (name, "true")
    assert [rule.name for rule in rules.by_change[name]] == ["one"]
    assert rules.by_kind[kind] == ()


def test_where_says_which_changes_count() -> None:
    """It is the whole condition of such a rule."""
    text = "rules:\n  - rule: gone\n    each: process\n    on: ProcessVanished\n    where: process.busy > 0\n"
    rules, problems = read_rules([("r.yml", text)], Mode.ACT, None)
    assert problems == ()
    assert rules.rules[0].condition.text == "process.busy > 0"


def test_a_rule_begins_in_one_way() -> None:
    """A change of the right kind, or a condition."""
    assert problems_of("    on: JobStarted\n") == ["5:9 E408"]
    assert problems_of("    on: QueueGrew\n") == ["5:9 E409", "5:9 E408"] or problems_of("    on: QueueGrew\n") == ["5:9 E408", "5:9 E409"]
    assert problems_of("    on: QueueGrw\n") == ["5:9 E124", "5:9 E408"]


def test_evidence_is_all_that_can_be_had_unless_said_otherwise(rule: Read) -> None:
    """A list of names, each once; an empty one is none."""
    assert rule("").evidence == tuple(spec.name for spec in EVIDENCE)
    assert rule("    evidence: [log, proc, log]\n").evidence == ("log", "proc")
    assert rule("    evidence: []\n").evidence == ()
