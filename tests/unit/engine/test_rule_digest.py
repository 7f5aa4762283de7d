"""What makes another rule of a rule, and what does not."""

import pytest

from tests.scenario.conversation import rules
from watchdog.engine.rule_digest import digest_of_rule

TEXT = """
rules:
  - rule: stuck-job
    summary: "it is stuck"
    severity: warning
    each: job
    where: job.queue == "push"
    when: job.elapsed > 20s
    for: 10s
    keep_firing_for: 1m
    then:
      - terminate_process: {process: job.process, grace: 10s}
    or_else:
      - terminate_process: {process: job.process, grace: 1s}
    verify: {when: job.elapsed < 1s, within: 5m}
    guards: {cooldown: 5m, hours: "22:00-06:00", zone: UTC}
    mode: ask
    notify: [ops]
"""


def digest(text: str) -> str:
    """Of the only rule in it."""
    return digest_of_rule(rules(text).rules[0])


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ('"it is stuck"', '"it is not well"'),
        ("severity: warning", "severity: critical"),
        ("[ops]", "[ops, chat]"),
        ("    each: job\n", "    each: job   # every one of them\n    description: why\n    labels: {team: night}\n"),
        ("job.elapsed > 20s", "(job.elapsed  >  20s)"),
        ("for: 10s\n    keep", "for: 10000ms\n    keep"),
    ],
)
def test_what_is_the_same_rule(part, instead):
    """Who is told and in which words is no matter of what it does, nor is how it is written."""
    assert part in TEXT
    assert digest(TEXT.replace(part, instead)) == digest(TEXT)


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ("stuck-job", "stuck-jobs"),
        ('"push"', '"pull"'),
        ("> 20s", "> 21s"),
        ("for: 10s\n    keep", "for: 11s\n    keep"),
        ("for: 1m", "for: 2m"),
        ("grace: 10s", "grace: 11s"),
        ("grace: 1s", "grace: 2s"),
        ("< 1s", "< 2s"),
        ("within: 5m", "within: 6m"),
        ("cooldown: 5m", "cooldown: 6m"),
        ('"22:00-06:00"', '"23:00-06:00"'),
        ("zone: UTC", "zone: local"),
        ("mode: ask", "mode: act"),
    ],
)
def test_what_is_another_rule(part, instead):
    """What it looks at, for how long, what it does, when that has helped, under which guards and how far."""
    assert part in TEXT
    assert digest(TEXT.replace(part, instead)) != digest(TEXT)
