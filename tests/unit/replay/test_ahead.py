"""Rules are tried with the help of processes that look ahead: what comes out is the same, and whatever becomes of them does no harm."""

import os
import select
import sys
from pathlib import Path
from subprocess import PIPE, Popen

from tests.scenario.conversation import HEALTHY
from tests.unit.replay.apart import told_by
from tests.unit.replay.story import HOUR, TWENTY, Story
from watchdog.model.events import Delta, EffectDone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.replay import lookout
from watchdog.replay.lookout import Lookout
from watchdog.store.trace.reading import segments

HARNESS = (sys.executable, "-m", "tests.unit.replay.ahead")


class Finished(Story):
    """One whose job does not come again once it is done."""

    is_over = False

    def _whole(self) -> list:
        return super()._whole()[: 2 if self.is_over else 3]


def story() -> Finished:
    """It fires, is acted upon, and then it is quiet for long."""
    told = Finished(TWENTY)
    told.beats(30)
    (look,) = told.open
    told.hear(EffectDone(look, HEALTHY))
    told.beats(60)
    told.finish()
    told.is_over = True
    told.beats(600)
    return told


def laid(folder: Path, every: int) -> Path:
    """Its trace, with a new file after so many turns."""
    told = story()
    return told.recorded(folder, anew=range(every, len(told.log), every))


def test_what_is_told_is_the_same_and_much_of_it_was_not_played(tmp_path):
    """Rules of which nothing comes, those that fired and those beside each other; the answers are waited for here, so that it is known that there are some."""
    for found in told_by("ahead", *(laid(tmp_path / str(every), every) for every in (2, 5)), ""):
        assert found["one"] == found["several"]
        nothing, fired, both = found["passed"]
        assert nothing
        assert fired
        assert both
        assert found["one"][1][1][0]["firings"]


def test_lookouts_that_are_killed(tmp_path):
    """Whoever plays does it all himself then, and says nothing of it."""
    (found,) = told_by("ahead", laid(tmp_path, 5), "--kill-lookouts")

    assert found["one"] == found["several"]
    assert found["passed"] == [0, 0, 0]


def test_nobody_stays_behind(tmp_path):
    """Where whoever began them is killed they end by themselves."""
    harness = Popen([*HARNESS, str(laid(tmp_path, 5)), "--die"], stdout=PIPE, text=True)
    assert harness.stdout is not None
    watched = [os.pidfd_open(int(pid)) for pid in harness.stdout.readline().split()]
    harness.wait(60)
    harness.stdout.close()

    assert len(watched) == 2
    for one in watched:
        ready, _, _ = select.select([one], [], [], 60)
        assert ready
        os.close(one)


def test_no_more_is_kept_than_fits(tmp_path, monkeypatch):
    """Where nobody asks for long, the shortest of what was found out is given up; each that is left can be gone over."""
    monkeypatch.setattr(lookout, "LEAST", 0)
    told = story()
    for _ in range(3):
        told.is_over = False
        told.beats(40)
        told.is_over = True
        told.finish()
        told.beats(60)
    found = tuple(segments(told.recorded(tmp_path, anew=range(2, len(told.log), 2))))
    everything, some = (Lookout(found, 1, len(found), [TWENTY]) for _ in range(2))
    while everything.play_one():
        pass
    all_of_it = everything.tell()
    assert len(all_of_it) > 3
    monkeypatch.setattr(lookout, "MOST", max(quiet.size for quiet in all_of_it) * 2)
    while some.play_one():
        pass
    kept = some.tell()

    assert 0 < len(kept) < len(all_of_it)
    assert max(quiet.end - quiet.first for quiet in kept) == max(quiet.end - quiet.first for quiet in all_of_it)
    assert {(quiet.first, quiet.end) for quiet in kept} <= {(quiet.first, quiet.end) for quiet in all_of_it}


def test_a_file_in_which_something_is_noted_is_no_quiet_one(tmp_path, monkeypatch):
    """Nobody was told of it and nothing was asked for, but whoever passes over it would not remember it: a unit that was started once more."""
    monkeypatch.setattr(lookout, "LEAST", 0)
    told = Finished(HOUR)
    told.finish()
    told.is_over = True
    told.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, "one.service", {"restarts": 0}),), complete=True))
    told.beats(200)
    told.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, "one.service", {"restarts": 1}),)))
    noted = told.at
    told.beats(200)
    found = tuple(segments(told.recorded(tmp_path, anew=range(2, len(told.log), 4))))
    begins = [file.header.at for file in found]
    ahead = Lookout(found, 2, len(found), [HOUR])
    while ahead.play_one():
        pass
    before, after = ahead.tell()

    assert after.first - before.end == 1
    assert begins[before.end] <= noted <= begins[after.first]
