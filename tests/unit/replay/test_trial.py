"""Other rules in a world that was recorded: when they fire, what they would have done, and what stands in their way."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, WALL, host, redis, rules
from tests.unit.replay.story import ONE, STUCK, TWENTY, Story
from watchdog.engine.rules import RuleSet
from watchdog.model.events import Delta, EffectDone, Gap, Paused, Resumed, RulesLoaded, SourceBack, SourceLost, Stopping
from watchdog.model.kinds import Kind, Source
from watchdog.model.told import OperatorArmed, OperatorSilenced
from watchdog.model.verdicts import Mode
from watchdog.replay.report import Report, tried

NOTHING = rules("rules: []", Mode.OBSERVE)


def played(story: Story, ruleset: RuleSet, folder, **more) -> Report:
    """What these rules make of the story."""
    return tried(story.recorded(folder), ruleset, **{"since": None, "until": None, **more})


def decisions(report: Report) -> list[tuple[float, str, str]]:
    """Seconds since the beginning, what was decided, and by which guard."""
    return [((one.at - WALL) / 1000, one.decision, one.guard) for one in report.account.decisions]


def firings(report: Report) -> list[tuple[float, float | None]]:
    """From when to when alerts fired, in seconds since the beginning."""
    return [((one.fired - WALL) / 1000, None if one.resolved is None else (one.resolved - WALL) / 1000) for one in report.account.firings]


def test_it_fires_when_it_would_have_fired_and_would_have_done_it(tmp_path):
    """The agent had other rules; these see the job grow old with the beats of its process, in dry-run, and the world goes on as it went."""
    story = Story(NOTHING)
    story.beats(60)
    story.finish()

    report = played(story, TWENTY, tmp_path)

    assert firings(report) == [(30, 60)]
    assert decisions(report) == [(30, "DRY_RUN", "")]
    assert [(one.rule, one.target, one.outcome) for one in report.account.recoveries] == [("stuck-job", "web1/one.service", "would")]
    assert report.account.rules["stuck-job"].firings == 1
    assert report.covered.missing == ()
    assert report.covered.ms == 60_000


def test_between_two_readings_it_is_judged_at_its_own_times(tmp_path):
    """Rules that the agent did not have were due at times at which it made no turn: what waits for time alone fires to the second."""
    story = Story(NOTHING)
    story.beats(20)
    story.hear(redis(), at=60_000)
    mute = rules("rules: [{rule: mute, each: process, when: process.beat_age > 7s, for: 2s}]")

    report = played(story, mute, tmp_path)

    assert firings(report) == [(9.001, 10), (9.001, 10), (19.001, 20), (19.001, 20), (29.001, None), (29.001, None)]


def test_what_falls_due_after_the_last_event_is_not_guessed(tmp_path):
    """Nobody knows what came after the end of the trace."""
    story = Story(NOTHING)
    story.beats(20)

    assert firings(played(story, rules("rules: [{rule: mute, each: process, when: process.beat_age > 1h}]"), tmp_path)) == []


def test_a_pause_of_then_keeps_them_from_acting(tmp_path):
    """What people said of the agent stays in force: denied by `paused` until it was lifted."""
    story = Story(NOTHING)
    story.hear(Paused("ada", "maintenance"))
    story.beats(50)
    story.hear(Resumed("ada"))
    story.beats(10)

    report = played(story, TWENTY, tmp_path)

    assert decisions(report) == [(30, "DENY", "paused"), (50, "DRY_RUN", "")]
    assert report.account.rules["stuck-job"].denied == {"paused": 1}


def test_a_pause_from_before_is_known_in_the_middle_of_a_run(tmp_path):
    """Where the trace begins with a checkpoint, the pause that stood then stands."""
    story = Story(NOTHING)
    story.hear(Paused("ada", "maintenance"))
    folder = tmp_path / "all"
    story.beats(50)
    story.recorded(folder, anew={5})
    first, second = sorted((folder / "trace").iterdir())
    first.unlink()

    report = tried(folder, TWENTY, since=None, until=None)

    assert second.exists()
    assert decisions(report) == [(30, "DENY", "paused")]


def test_a_deployment_of_then_is_one(tmp_path):
    """Signs of a deployment in the trace count: it is denied, and said of the firing."""
    story = Story(NOTHING)
    story.beats(20)
    story.hear(host(Delta(Kind.HOST, "web1", {"deploying": True, "deploy_command": "rails db:migrate"})))
    story.beats(20)

    report = played(story, rules(STUCK.format(elapsed="20s").replace("cooldown: 1m", "cooldown: 1m, deploy: 20s")), tmp_path)

    assert decisions(report) == [(30, "DENY", "deploy")]
    assert [one.deploying for one in report.account.firings] == [True]
    assert report.account.rules["stuck-job"].deploying == 1


def test_a_blind_source_is_blind_to_them(tmp_path):
    """While Redis could not be read, nothing was known: the job is no older for it, and nothing is decided."""
    story = Story(NOTHING)
    story.beats(10)
    story.hear(SourceLost(Source.REDIS, "refused", "connection refused"))
    story.wait(100_000)
    story.everything()
    story.hear(SourceBack(Source.REDIS))

    report = played(story, rules("rules: [{rule: mute, each: process, when: process.beat_age > 30s}]"), tmp_path)

    assert firings(report) == []


def test_a_gap_is_no_time_that_passed(tmp_path):
    """The agent was held for a minute: nothing fires in it, since nobody looked."""
    story = Story(NOTHING)
    story.beats(10)
    story.at += 60_000
    story.hear(Gap(10_000, 60_000))
    story.everything()

    assert firings(played(story, rules("rules: [{rule: mute, each: process, when: process.beat_age > 30s}]"), tmp_path)) == []


def test_a_restart_is_one_for_them_too(tmp_path):
    """What they had found and spent outlives it, as it would have: one firing, one that would have been done, whether it stops in good order or is killed."""
    for name, orderly in (("stopped", True), ("killed", False)):
        story = Story(NOTHING)
        story.beats(40)
        if orderly:
            story.hear(Stopping("asked to end"))
        story.crash()
        story.everything()
        story.beats(20)
        story.finish()

        report = played(story, TWENTY, tmp_path / name)

        assert (firings(report), decisions(report)) == ([(30, 60)], [(30, "DRY_RUN", "")]), name


def test_a_hole_counts_as_no_coverage(tmp_path):
    """A file in the middle is lost: what would have held through it is unknown, the picture is that of the next file, and the hole is named."""
    story = Story(NOTHING)
    story.beats(400)
    numbers = {number: number for number in (12, 30)}
    folder = story.recorded(tmp_path, anew=numbers)
    held = rules("rules: [{rule: long, each: job, when: 'held(job.elapsed > 10s, 5m)'}]")
    whole = tried(folder, held, since=None, until=None)
    files = sorted((folder / "trace").iterdir())
    assert len(files) == 3
    files[1].unlink()

    report = tried(folder, held, since=None, until=None)

    assert [fired for fired, _ in firings(whole)] == [320]
    assert firings(report) == []
    assert [lack.reason for lack in report.covered.missing] == ["18 events were not recorded"]
    assert report.covered.missing[0].until == WALL + 260_000


def test_a_reload_of_then_is_heard_and_changes_nothing_of_the_rules(tmp_path):
    """These rules stay those that are tried, in dry-run, whatever was loaded meanwhile."""
    story = Story(NOTHING)
    story.beats(20)
    story.rules = rules(STUCK.format(elapsed="1h"))
    story.hear(RulesLoaded(story.rules.digest, story.rules.mode))
    story.beats(20)

    assert decisions(played(story, TWENTY, tmp_path)) == [(30, "DRY_RUN", "")]


@pytest.mark.parametrize(("mode", "said"), [(Mode.OBSERVE, []), (None, [(30, "DRY_RUN", "")])])
def test_how_far_a_person_let_a_rule_go_counts(tmp_path, mode, said):
    """A rule of that name that somebody had disarmed stays disarmed; one whose arming was taken back does not."""
    story = Story(rules(STUCK.format(elapsed="1h")))
    asked: dict[str, Any] = {"by": "ada", "reason": "x", "asked": WALL, "rule": "stuck-job"}
    story.hear(OperatorArmed(id="1", mode=Mode.OBSERVE, **asked))
    if mode is None:
        story.hear(OperatorArmed(id="2", mode=None, **asked))
    story.beats(40)

    assert decisions(played(story, TWENTY, tmp_path)) == said


def test_what_the_old_rules_did_is_none_of_theirs(tmp_path):
    """Signals, answers and the end of the process stand in the readings; the rules that are tried ask for nothing that would change the world, and none of it is theirs."""
    story = Story(TWENTY)
    story.hear(OperatorSilenced(id="s", by="ada", reason="x", asked=WALL, until=WALL + 3_600_000, rule="other"))
    story.beats(30)
    (look,) = story.open
    story.hear(EffectDone(look, HEALTHY))
    story.beats(10)
    assert [row.decision for row in story.rows() if row.kind == "decision"] == ["ALLOW"]

    report = played(story, rules(STUCK.format(elapsed="25s").replace("stuck-job", "other-job")), tmp_path)

    assert set(report.account.rules) == {"other-job"}
    assert decisions(report) == [(30, "DRY_RUN", "")]


def test_two_sets_are_laid_beside_each_other(tmp_path):
    """Earlier by how much, and what only one of them has; both play the same trace at once."""
    story = Story(NOTHING)
    story.beats(80)
    story.finish()
    twice = rules(STUCK.format(elapsed="20s") + "  - {rule: mute, each: process, when: process.beat_age > 7s}\n")

    report = played(story, twice, tmp_path, other=("those", rules(STUCK.format(elapsed="40s"))))

    assert report.differences is not None
    found = [(one.what.value, one.of, one.by) for one in report.differences.found if one.rule == "stuck-job"]
    assert found == [("earlier", "firing", 20_000)]
    # Decided 20 s apart, which is about the same thing.
    assert report.differences.same == 1
    assert {one.what.value for one in report.differences.found if one.rule == "mute"} == {"only here"}
    assert ONE in {one.on for one in report.differences.found}
