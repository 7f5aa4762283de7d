"""The turns of then, made again: what came out, row by row beside what was written, and the state at any moment in between."""

import pytest

from tests.scenario.conversation import HEALTHY, WALL, rules
from tests.unit.replay.story import HOUR, ONE, STUCK, TWENTY, Story
from watchdog.engine.advance import advance
from watchdog.engine.why import why
from watchdog.model.events import EffectDone, RulesLoaded, TimeReached
from watchdog.model.records import AuditRow
from watchdog.replay import exact
from watchdog.replay.books import Books
from watchdog.replay.checking import Check
from watchdog.replay.exact import Exact
from watchdog.replay.moment import at
from watchdog.replay.players import AsItWas
from watchdog.replay.replaying import NoTraceError, play
from watchdog.replay.report import as_it_was


@pytest.fixture
def story():
    """It fires after 30 s, is looked at and acted upon, and goes on for half a minute."""
    told = Story(TWENTY)
    told.beats(30)
    (look,) = told.open
    told.hear(EffectDone(look, HEALTHY))
    told.beats(30)
    return told


def checked(story, folder, written, **more):
    """What comes of laying these rows beside those that the trace gives."""
    check = Check(iter(written))
    play(story.recorded(folder, **more), (AsItWas(TWENTY, Books(TWENTY, since=0, until=None, check=check)),))
    return check.checked()


def test_each_row_comes_out_again(story, tmp_path):
    """All that the agent wrote, in its order, and the numbers of what it did."""
    report = as_it_was(story.recorded(tmp_path), TWENTY, since=None, until=None, database=None)
    found = checked(story, tmp_path / "again", story.rows())

    assert (found.equal, found.different, found.uncovered) == (len(story.rows()), 0, 0)
    assert [(one.decision, one.at - WALL) for one in report.account.decisions] == [("ALLOW", 30_000)]
    assert [one.outcome for one in report.account.recoveries] == ["open"]
    assert report.exact
    assert not report.differs


def test_a_row_that_was_changed_is_found(story, tmp_path):
    """One that says something else, one that is too many, and one that is not there: each is named, and the others are equal."""
    rows = story.rows()
    place = next(number for number, row in enumerate(rows) if row.kind == "decision")
    changed = [*rows[:place], AuditRow("decision", rows[place].wall, rule="stuck-job", decision="DENY"), *rows[place + 1 :]]
    more = [*rows[:place], AuditRow("agent", rows[place].wall, outcome="never"), *rows[place:]]
    less = [*rows[:place], *rows[place + 1 :]]

    for number, written in enumerate((changed, more, less)):
        found = checked(story, tmp_path / str(number), written)
        assert (found.different, found.uncovered) == (1, 0), written
        assert found.equal == len(rows) - (written is not more)
        assert len(found.unlike) == 1


def test_what_the_trace_does_not_cover_is_no_difference(story, tmp_path):
    """Rows from before its first event, and from after its last, are counted apart."""
    before, after = AuditRow("agent", WALL - 5, outcome="before"), AuditRow("agent", WALL + 10**6, outcome="after")

    found = checked(story, tmp_path, [before, *story.rows(), after])

    assert (found.equal, found.different, found.uncovered) == (len(story.rows()), 0, 2)


def test_it_goes_no_further_than_the_rules_are_known(tmp_path):
    """Where other rules were loaded nothing is played, and that is said; where the known ones are in force again, it goes on."""
    story = Story(TWENTY)
    story.beats(10)
    story.rules = HOUR
    story.hear(RulesLoaded(HOUR.digest, HOUR.mode))
    story.beats(40)
    story.rules = TWENTY
    story.hear(RulesLoaded(TWENTY.digest, TWENTY.mode))
    story.beats(20)

    report = as_it_was(story.recorded(tmp_path), TWENTY, since=None, until=None, database=None)

    assert [one.reason for one in report.covered.missing] == [f"other rules were in force then (digest {HOUR.digest[:12]})"]
    assert [one.fired - WALL for one in report.account.firings] == []
    assert report.account.before == frozenset()
    assert report.covered.ms == 30_000


def test_hours_of_nothing_cost_nothing(tmp_path, monkeypatch):
    """A turn at which nothing was due is not made: it changed nothing."""
    story = Story(TWENTY)
    for _ in range(50):
        story.hear(TimeReached(), at=story.at + 5_000)
    made = []

    def counted(*given):
        made.append(given)
        return advance(*given)

    monkeypatch.setattr(exact, "advance", counted)
    play(story.recorded(tmp_path), (Exact((TWENTY,), lambda *_: None),))

    assert len(made) < 10


@pytest.mark.parametrize("anew", [(), (9,), (9, 12)])
def test_the_state_at_a_moment_is_that_of_then(story, tmp_path, anew):
    """From whichever checkpoint: before it fired, and after; the account of `why` is that which it would have given."""
    folder = story.recorded(tmp_path, anew=anew)

    before, after = at(folder, WALL + 25_000, TWENTY), at(folder, WALL + 45_000, TWENTY)

    assert before.exact
    assert after.exact
    entity = story.stuck.id
    told = why(before.rules, before.state, "stuck-job", entity, before.at)
    assert (told["truth"], told["alert"], told["mode"]) == ("false", None, "act")
    told = why(after.rules, after.state, "stuck-job", entity, after.at)
    assert (told["truth"], told["alert"]["since_ms"]) == ("true", 15_000)
    assert told["incident"] is not None


def test_under_other_rules_the_state_at_a_moment_is_that_of_a_trial(story, tmp_path):
    """It is said that they did not decide then, and what they would have: in dry-run."""
    moment = at(story.recorded(tmp_path), WALL + 45_000, rules(STUCK.format(elapsed="25s")))

    assert not moment.exact
    told = why(moment.rules, moment.state, "stuck-job", story.stuck.id, moment.at)
    assert (told["truth"], told["mode"], told["alert"]["since_ms"]) == ("true", "dry-run", 15_000)


@pytest.mark.parametrize("wall", [WALL - 1, WALL + 10**7])
def test_of_a_moment_that_nobody_recorded_nothing_is_told(story, tmp_path, wall):
    """Before the first event, and long after the last."""
    with pytest.raises(NoTraceError, match="nothing was recorded"):
        at(story.recorded(tmp_path), wall, TWENTY)


def test_an_empty_folder_and_a_damaged_file_are_told_apart(story, tmp_path):
    """Nothing there, or nothing that can be read: one clear sentence each."""
    with pytest.raises(NoTraceError, match="nothing was recorded"):
        play(tmp_path, (Exact((TWENTY,), lambda *_: None),))
    folder = story.recorded(tmp_path / "b")
    (file,) = (folder / "trace").iterdir()
    file.write_bytes(b"sidekiq-watchdog trace {}\nrubbish")
    with pytest.raises(NoTraceError, match=r"can be played: 00000001.trace: its format is None"):
        play(folder, (Exact((TWENTY,), lambda *_: None),))
    assert ONE


def test_damage_anywhere_never_raises(story, tmp_path):
    """Bytes all over a file are flipped, and it is cut off everywhere: it is played as far as it goes, or said that nothing can be; never anything else."""
    folder = story.recorded(tmp_path, anew=(9,))
    files = sorted((folder / "trace").iterdir())
    for file in files:
        whole = file.read_bytes()
        for place in range(0, len(whole), 197):
            for damaged in (whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :], whole[:place]):
                file.write_bytes(damaged)
                try:
                    as_it_was(folder, TWENTY, since=None, until=None, database=None)
                except NoTraceError:
                    continue
        file.write_bytes(whole)
