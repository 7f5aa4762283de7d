"""Whatever is written, the readers of rule files and settings answer with values and problems, never with an exception."""

import string

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from watchdog.errors import Problem
from watchdog.model.verdicts import Mode
from watchdog.rulefile.nodes import Mapping, Node, Scalar, Sequence
from watchdog.rulefile.read_yaml import read_yaml
from watchdog.rulefile.rules import read_rules
from watchdog.rulefile.settings import read_settings

RULES = """\
define: {fast: [push, pull], long: 10m, stuck: job.elapsed > long}
rules:
  - rule: slow
    summary: "{{ job.class }} is 'slow'"
    each: job
    where: 'job.queue in ["push"]'
    when: >
      job.elapsed > 10m
      and job.queue == "x"
    for: 20s
    then:
      - terminate_process: {process: job.process, grace: 40s}
    guards: {cooldown: 5m, keep: 50%, alone: ask}
    notify: [ops]
    labels: {team: web}
    version: 1.2
    runbook: https://example.org/slow
    evidence: [log, proc]
    verify: {when: known(job.elapsed), within: 5m}
    or_else: [{terminate_process: {process: job.process}}]
  - rule: gone
    each: process
    on: ProcessVanished
    where: process.queues contains "push" and count(job where job.process == process.id) > 0
  - rule: held
    each: queue
    when: held(queue.size > 100, 5m) or avg(queue.latency, 10m) > default(queue("push").latency, 1m)
"""
CONFIG = """\
mode: act
redis: {url: redis://u:p@h:1/0, namespace: ""}
rules: [rules.yml, pack:mastodon]
state: state
receivers:
  ops: {type: webhook, url: http://h/x, secret: "${file:secret}"}
"""
PIECES = [
    *string.printable,
    "\ufeff",
    "\u2028",
    "\ud800",
    "é",
    "\U0001f600",
    "{{",
    "}}",
    "${",
    "- ",
    ": ",
    "\n  ",
    "\n\t",
    "&a ",
    "*a",
    "!t ",
    "|\n",
    ">\n",
    '"',
    "'",
    "[" * 60,
]
anything = st.text(alphabet=st.characters(), max_size=200) | st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def mutated(text: str) -> st.SearchStrategy[str]:
    """A good file with pieces of it replaced by something."""
    cut = st.tuples(st.integers(0, len(text)), st.integers(0, 12), st.lists(st.sampled_from(PIECES), max_size=3).map("".join))

    def apply(cuts: list[tuple[int, int, str]]) -> str:
        broken = text
        for start, length, piece in cuts:
            broken = broken[:start] + piece + broken[start + length :]
        return broken

    return st.lists(cut, min_size=1, max_size=3).map(apply)


def check(text: str, problems: tuple[Problem, ...]) -> None:
    """Every problem lies within the file, and can be shown."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    for problem in problems:
        assert 1 <= problem.span.line <= len(lines) + 1
        assert problem.span.column >= 1
        assert "\n" not in str(problem)


@given(text=mutated(RULES) | anything)
@settings(max_examples=100, deadline=None)
def test_any_rule_file_can_be_read(text: str) -> None:
    """Rules or problems, always the same ones; whatever can't be taken as a rule is said."""
    rules, problems = read_rules([("f.yml", text)], Mode.ACT, {"ops"})
    check(text, problems)
    assert problems or len(rules.rules) == text.count("- rule:") or not rules.rules
    assert read_rules([("f.yml", text)], Mode.ACT, {"ops"})[1] == problems


@given(text=mutated(CONFIG) | anything)
@settings(max_examples=100, deadline=None)
def test_any_config_can_be_read(text: str) -> None:
    """Settings, or at least one problem that is not a warning."""
    read, problems = read_settings("f.yml", text)
    check(text, problems)
    assert (read is None) == any(not problem.is_warning for problem in problems)


def scalars(node: Node | None) -> list[Scalar]:
    """All values of a tree."""
    match node:
        case Scalar():
            return [node]
        case Sequence():
            return [scalar for item in node.items for scalar in scalars(item)]
        case Mapping():
            return [scalar for entry in node.entries for scalar in (entry.key, *scalars(entry.value))]
        case _:
            return []


values = st.text(alphabet="ab \n\"'\\:#é\U0001f600{}[],&*", max_size=40)


@given(written=st.lists(values, min_size=1, max_size=4), style=st.sampled_from([None, "'", '"', "|", ">"]), width=st.integers(10, 80))
@settings(max_examples=100, deadline=None)
def test_values_and_their_places_survive_every_style(written: list[str], style: str | None, width: int) -> None:
    """What PyYAML writes in any style is read back, and each letter stands in the file where its mark says."""
    text = yaml.dump({"values": written}, default_style=style, width=width, allow_unicode=True)
    root, problems = read_yaml("f.yml", text)
    if any(problem.code == "E108" for problem in problems):  # where a style can't hold a value, PyYAML adds a tag
        return
    assert problems == ()
    found = [scalar for scalar in scalars(root) if scalar.text.value != "values"]
    assert [scalar.text.value for scalar in found] == written
    lines = text.split("\n")
    for scalar in found:
        for offset, letter in enumerate(scalar.text.value):
            if letter.isalpha():
                span = scalar.text.span(offset)
                source = lines[span.line - 1][span.column - 1 :]
                assert source[0] == letter or source[0] == "\\"
