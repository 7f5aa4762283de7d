"""Tests of rules are played to the real engine, and say what is different in words."""

import pytest

from watchdog.engine.rules import RuleSet
from watchdog.model.verdicts import Mode
from watchdog.rulefile import rehearsal
from watchdog.rulefile.reached import Reached
from watchdog.rulefile.rehearsal import rehearse
from watchdog.rulefile.rules import read_rules
from watchdog.rulefile.tests import fields_of, read_tests

SLOW = "rules:\n  - rule: slow\n    each: job\n    when: job.elapsed > 10m\n    for: 20s\n    then: [{terminate_process: {process: job.process, grace: 30s}}]\n    guards: {cooldown: 5m}\n"
TWO = '    entities:\n      - {process: "w:1:a"}\n      - {process: "w:2:b"}\n      - {job: j1, process: "w:1:a"}\n'


def rules(text: str, **more: object) -> RuleSet:
    """The rules of a text in which nothing is wrong."""
    found, problems = read_rules([("r.yml", text)], Mode.ACT, None, **more)  # type: ignore[arg-type]
    assert [str(problem) for problem in problems if not problem.is_warning] == []
    return found


def play(rule_text: str, test_text: str, *, reached: Reached | None = None) -> list[str]:
    """What fails in the only test of a text, without the names of files."""
    file, problems = read_tests("t.yml", "tests:\n  - test: one\n" + test_text)
    assert [str(problem) for problem in problems] == []
    found = rules(rule_text, vocabulary=fields_of(file))
    reached = reached or Reached()
    reached.use(found.rules)
    return [str(failure) for failure in rehearse(file.tests[0], found, reached, vocabulary=fields_of(file)).failures]


def test_an_alert_that_comes_as_expected() -> None:
    """Nothing is said."""
    assert (
        play(SLOW, TWO + "    expect:\n      - {at: 10m20s, alerts: []}\n      - {at: 10m30s, alerts: [{rule: slow, entity: j1}]}\n") == []
    )


def test_what_is_done_has_its_consequences() -> None:
    """TERM is sent, the process ends a second later, its job is gone, and with it the alert."""
    assert (
        play(
            SLOW,
            TWO
            + "    expect:\n      - {at: 10m30s, alerts: [{rule: slow, entity: j1}], decisions: [{rule: slow, decision: ALLOW, process: 'w:1:a'}]}\n      - {at: 10m32s, alerts: []}\n",
        )
        == []
    )


def test_a_process_that_ignores_term_ends_with_kill() -> None:
    """After `grace`, and not before."""
    expect = "    exits: never\n    expect:\n      - {at: 10m59s, alerts: [{rule: slow, entity: j1}]}\n      - {at: 11m1s, alerts: []}\n"
    assert play(SLOW, TWO + expect) == []


@pytest.mark.parametrize("looks", ["booting", "other", "gone"])
def test_a_last_look_can_go_wrong(looks: str) -> None:
    """The guard denies whatever the look finds."""
    expect = f"    looks: {looks}\n    expect:\n      - {{at: 11m, alerts: [{{rule: slow, entity: j1}}], decisions: [{{rule: slow, decision: DENY, guard: last_look}}]}}\n"
    assert play(SLOW, TWO + expect) == []


def test_the_mode_of_a_test_is_a_ceiling() -> None:
    """The same rule in dry-run."""
    assert play(SLOW, "    mode: dry-run\n" + TWO + "    expect:\n      - {at: 11m, decisions: [{rule: slow, decision: DRY_RUN}]}\n") == []


def test_what_became_of_an_incident() -> None:
    """Steps, way out and proof are played like everything else: the queue empties after the process has ended."""
    proven = SLOW.replace("    guards", '    verify: {when: queue("push").size < 5, within: 2m}\n    guards')
    entities = TWO + "      - {queue: push, size: 50x65 1}\n"
    expect = (
        "    expect:\n      - {at: 10m30s, incidents: []}\n      - {at: 10m40s, incidents: [{rule: slow, outcome: open}]}\n"
        "      - {at: 11m, incidents: [{rule: slow, outcome: verified}]}\n"
    )
    assert play(proven, entities + expect.replace("10m30s", "10m20s")) == []
    assert play(
        proven, TWO + "      - {queue: push, size: 50}\n    expect:\n      - {at: 13m, incidents: [{rule: slow, outcome: verified}]}\n"
    ) == [
        't.yml:9:38: after 13m: expected slow verified, found slow unverified (+121.0 s: no proof that it helped within 120 s: queue("push").size < 5)'
    ]
    assert play(SLOW, TWO + "    expect:\n      - {at: 13m, incidents: []}\n") == [
        "t.yml:8:14: after 13m: nothing expected, found slow ended (+1.0 s: it ended after SIGTERM; 1 in flight: 1 given back by Sidekiq, or finished in its last seconds; for 1 s so far nobody has served in its place)"
    ]


def test_every_kind_of_difference_is_said() -> None:
    """What did not come, what came unexpectedly, what is still pending and for how long, what was decided otherwise."""
    expect = (
        "    expect:\n      - {at: 10m15s, alerts: [{rule: slow, entity: j1}]}\n"
        "      - {at: 10m30s, alerts: [], decisions: []}\n"
        "      - {at: 10m31s, decisions: [{rule: slow, decision: DENY, guard: coverage}]}\n"
    )
    assert play(SLOW, TWO + expect) == [
        "t.yml:8:38: after 10m15s: expected slow firing on j1, found slow pending on j1 (15s to go)",
        "t.yml:9:14: after 10m30s: nothing expected, found slow firing on j1",
        "t.yml:9:14: after 10m30s: nothing expected, found slow ALLOW on w:1:a",
        "t.yml:10:41: after 10m31s: expected slow DENY by coverage, found slow ALLOW on w:1:a",
    ]


def test_a_source_is_lost_for_a_while() -> None:
    """What rests on it is not known meanwhile: the alert comes when it is back."""
    rule = "rules:\n  - rule: full\n    each: queue\n    when: queue.size > 100\n    for: 1m\n"
    lost = "    lost: [{source: redis, from: 30s, until: 5m}]\n"
    expect = "    expect:\n      - {at: 4m, alerts: []}\n      - {at: 5m20s, alerts: []}\n      - {at: 5m30s, alerts: [{rule: full, entity: push}]}\n"
    assert play(rule, lost + "    entities:\n      - {queue: push, size: 101}\n" + expect) == []


def test_gaps_are_missing_readings() -> None:
    """A rule on them is neither true nor false."""
    rule = "rules:\n  - rule: full\n    each: queue\n    when: queue.size > 100\n"
    expect = "    expect:\n      - {at: 0s, alerts: [{rule: full, entity: push}]}\n      - {at: 30s, alerts: [{rule: full, entity: push}]}\n      - {at: 50s, alerts: []}\n"
    assert play(rule, "    entities:\n      - {queue: push, size: 101x2 _x3 7}\n" + expect) == []


def test_a_rule_that_waits_for_a_change() -> None:
    """It fires when the entity leaves."""
    rule = "rules:\n  - rule: gone\n    each: process\n    on: ProcessVanished\n    keep_firing_for: 1m\n"
    expect = "    expect:\n      - {at: 50s, alerts: []}\n      - {at: 1m30s, alerts: [{rule: gone, entity: 'w:1:a'}]}\n      - {at: 3m, alerts: []}\n"
    assert play(rule, "    entities:\n      - {process: 'w:1:a', until: 1m}\n" + expect) == []


WELL = """rules:
  - {rule: late, each: schedule, when: schedule.overdue or schedule.late > 1m or schedule.pushed_age > 2 * schedule.period or schedule.pushes > 1}
  - {rule: off, each: schedule, when: not schedule.enabled or not schedule.served}
  - {rule: failing, each: job_class, when: "increase(job_class.failed, 1m) > 5"}
  - {rule: deaf, each: queue, when: queue.threads == 0 or queue.paused}
  - {rule: behind, each: sidekiq, when: sidekiq.next_retry_overdue > 1m or sidekiq.schedule_overdue > 1m or sidekiq.stale > 0 or not sidekiq.reaper}
  - {rule: unsafe, each: redis, when: 'not redis.save_ok or not redis.append_ok or redis.loading or redis.policy like "allkeys-*" or redis.evicted > 0'}
  - {rule: old, each: process, when: process.outdated or process.embedded or process.beat_age > 3 * process.beat_every}
"""
ALL_KINDS = (
    "    entities:\n      - {schedule: trends}\n      - {schedule: vacuum}\n      - {job_class: Push}\n      - {queue: push}\n"
    '      - {sidekiq: sidekiq}\n      - {redis: redis}\n      - {process: "w:1:a"}\n'
)


def test_of_what_is_not_written_all_is_well() -> None:
    """Every kind of entity has readings by itself, for as long as the test lasts, and no rule about them fires."""
    assert play(WELL, ALL_KINDS + "    expect:\n      - {at: 5s, alerts: []}\n      - {at: 20m, alerts: []}\n") == []


def test_what_is_written_goes_over_it() -> None:
    """A schedule that is not pushed any more grows late; a queue that nobody listens to; a class that fails."""
    entities = (
        "    entities:\n      - {schedule: trends, late: 2m, pushed_age: 6m}\n      - {schedule: vacuum, overdue: true, enabled: false}\n"
        "      - {job_class: Push, failed: 0x30 +10x30}\n      - {queue: push, threads: 0}\n      - {redis: redis, policy: allkeys-lru}\n"
    )
    expect = (
        "    expect:\n      - at: 10m\n        alerts:\n          - {rule: late, entity: trends}\n          - {rule: late, entity: vacuum}\n"
        "          - {rule: off, entity: vacuum}\n          - {rule: failing, entity: Push}\n          - {rule: deaf, entity: push}\n"
        "          - {rule: unsafe, entity: redis}\n"
    )
    assert play(WELL, entities + expect) == []


def test_fields_that_no_source_delivers_work_as_others_do() -> None:
    """Also in a history, for a kind that has no fields at all yet."""
    rule = "rules:\n  - rule: cut-off\n    each: domain\n    when: increase(domain.failures, 5m) > 10\n"
    file, problems = read_tests(
        "t.yml",
        "fields: [{field: domain.failures, type: count}]\ntests:\n  - test: one\n    entities: [{domain: a.example, failures: 0x60 +2x60}]\n"
        "    expect:\n      - {at: 9m, alerts: []}\n      - {at: 15m, alerts: [{rule: cut-off, entity: a.example}]}\n",
    )
    assert problems == ()
    found = rules(rule, vocabulary=fields_of(file))
    assert rehearse(file.tests[0], found, Reached(), vocabulary=fields_of(file)).failures == ()


def test_coverage_names_what_no_test_has_seen() -> None:
    """Each operand of `and` and `or`, once true and once false; the rules that never fired."""
    rule = 'rules:\n  - rule: full\n    each: queue\n    when: queue.size > 100 and (queue.name == "push" or not queue.latency > 1m)\n  - rule: never\n    each: queue\n    when: queue.size > 1000\n'
    reached = Reached()
    entities = "    entities:\n      - {queue: push, size: 101x2 5}\n"
    assert play(rule, entities + "    expect: [{at: 1m, alerts: []}]\n", reached=reached) == []
    assert reached.never_fired() == ("never",)
    assert [(branch.rule, branch.text, branch.never) for branch in reached.branches()] == [
        ("full", 'queue.name == "push"', ("false",)),
        ("full", "queue.latency > 1m", ("true",)),
        ("never", "queue.size > 1000", ("true",)),
    ]
    assert reached.counts() == (5, 8)


def test_a_test_that_would_take_for_ever_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of seconds over weeks gives the engine more to do than a test may ask for."""
    monkeypatch.setattr(rehearsal, "_MOST_TURNS", 1_000)
    rule = "rules:\n  - rule: full\n    each: queue\n    when: avg(queue.size, 1m) > 10\n"
    expect = "    every: 1d\n    expect:\n      - {at: 20d, alerts: []}\n"
    failures = play(rule, "    entities:\n      - {queue: push, size: 0 +1x20}\n" + expect)
    assert len(failures) == 1
    assert "expected a test that comes to its end, found more than 1,000 turns" in failures[0]


def test_a_difference_is_explained_part_by_part() -> None:
    """What each part of the condition was, how far from being otherwise, and what was read; of one that is not there just that."""
    rule = 'rules:\n  - rule: full\n    each: queue\n    when: queue.size > 100 and not queue.name == "pull"\n'
    expect = (
        "    expect:\n      - {at: 10s, alerts: [{rule: full, entity: push}]}\n      - {at: 1m, alerts: [{rule: full, entity: push}]}\n"
    )
    file, _ = read_tests("t.yml", "tests:\n  - test: one\n    entities: [{queue: push, size: 90, until: 30s}]\n" + expect)
    reached = Reached()
    first, second = rehearse(file.tests[0], rules(rule), reached).failures
    assert first.because == (
        'false: queue.size > 100 and not queue.name == "pull"',
        "  false (-10): queue.size > 100",
        "    queue.size = 90",
        '  true: not queue.name == "pull"',
        '    false: queue.name == "pull"',
        "      queue.name = push",
    )
    assert second.because == ("push is not there at that moment",)


CRASHED = "rules:\n  - {rule: crashed, each: process, on: ProcessCrashed, then: [{put_back_jobs: {process: process}}]}\n"


@pytest.mark.parametrize(
    ("crash", "mode", "decisions", "incidents"),
    [
        ("clean_stop: false", "act", "{rule: crashed, decision: ALLOW, process: 'w:1:a'}", "{rule: crashed, outcome: ended}"),
        ("clean_stop: false", "dry-run", "{rule: crashed, decision: DRY_RUN}", "{rule: crashed, outcome: would}"),
        ("clean_stop: false, local: false", "act", "{rule: crashed, decision: DENY, guard: last_look}", ""),
        ("threads: 5", "act", "", ""),
    ],
)
def test_the_end_of_a_process(crash, mode, decisions, incidents) -> None:
    """A process that crashes in a test is dead for the rule that waits for it, and what it ran is put back; one that stops in good order crashes not."""
    test = (
        f"    mode: {mode}\n    entities:\n      - {{process: 'w:1:a', until: 1m, {crash}}}\n      - {{job: j1, process: 'w:1:a', until: 1m}}\n"
        f"    expect:\n      - {{at: 2m, decisions: [{decisions}], incidents: [{incidents}]}}\n"
    )
    assert play(CRASHED, test) == []


DOWN = "rules:\n  - rule: down\n    each: unit\n    when: unit.failed\n    for: 20s\n    then: [{start_unit: {unit: unit}}]\n    guards: {cooldown: 5m}\n"


@pytest.mark.parametrize(
    ("readings", "decision"),
    [
        ("state: failed, result: signal", "{rule: down, decision: ALLOW}"),
        ("state: failed, result: start-limit-hit", "{rule: down, decision: DENY, guard: last_look}"),
        ("state: failed, result: signal, file_state: disabled", "{rule: down, decision: DENY, guard: last_look}"),
    ],
)
def test_a_unit_is_looked_at_as_the_test_has_it(readings: str, decision: str) -> None:
    """What the test says of it is what systemd says, in the picture and when it is asked at once."""
    text = (
        f"    entities:\n      - {{unit: a.service, failed: true, {readings}}}\n    expect:\n      - {{at: 2m, decisions: [{decision}]}}\n"
    )
    assert play(DOWN, text) == []
