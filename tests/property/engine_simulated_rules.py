"""The rules that a simulated server is under: for jobs that never end, processes that fall silent, and such as were killed."""

from tests.scenario.conversation import rules
from watchdog.engine.rules import RuleSet
from watchdog.model.verdicts import Mode

JOB_RULE = """
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    for: {hold}
    then: [{{terminate_process: {{process: job.process, grace: {grace}, unique_locks: release}}}}]
    guards: {{cooldown: {cooldown}, keep: {keep}, deploy: 20s}}
    notify: [ops, chat]
"""
SILENT_RULE = """
  - rule: silent
    each: process
    when: process.beat_age > 30s
    keep_firing_for: 5s
    evidence: [proc]
    then: [{terminate_process: {process: process, grace: 8s, unique_locks: release}}]
    guards: {cooldown: 100s, keep: 0%, deploy: 20s}
    notify: [pager, ops]
"""
CRASH_RULE = """
  - rule: crashed
    each: process
    on: ProcessCrashed
    then: [{put_back_jobs: {process: process, unique_locks: release}}]
    notify: [ops]
"""
WAYS = """
    or_else: [{terminate_process: {process: job.process, grace: 5s}}, {ensure_unit: {unit: job.process, start_within: 20s}}]
    verify: {when: count(process where process.host == job.host and process.beat_age < 15s) > 1, within: 40s}
"""
TEXTS = (
    "rules:" + JOB_RULE.format(hold="0s", grace="10s", cooldown="60s", keep="0%"),
    "rules:" + JOB_RULE.format(hold="5s", grace="20s", cooldown="120s", keep="0%") + SILENT_RULE + CRASH_RULE,
    "rules: []",
    "rules:" + SILENT_RULE + JOB_RULE.format(hold="0s", grace="10s", cooldown="30s", keep="50%"),
    "rules:" + JOB_RULE.format(hold="0s", grace="10s", cooldown="60s", keep="0%, baseline: allow") + WAYS + CRASH_RULE,
)
COOLDOWNS: tuple[dict[str, int], ...] = (
    {"stuck-job": 60_000},
    {"stuck-job": 120_000, "silent": 100_000},
    {},
    {"silent": 100_000, "stuck-job": 30_000},
    {"stuck-job": 60_000},
)
SETS: dict[Mode, tuple[RuleSet, ...]] = {mode: tuple(rules(text, mode) for text in TEXTS) for mode in Mode}
