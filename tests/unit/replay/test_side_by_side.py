"""A trace that is played in stretches gives what it gives in one, whatever is missing from it; where it can't be divided it is not."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, WALL
from tests.unit.replay.apart import told_by
from tests.unit.replay.story import HOUR, TWENTY, Story
from watchdog.model.events import EffectDone, RulesLoaded
from watchdog.replay.side_by_side import divided
from watchdog.store.trace.reading import Hole, segments


def compared(*folders: Path) -> list[dict[str, Any]]:
    """What each gives when it is played in one process and in three."""
    return told_by("side_by_side", *folders)


def laid(story: Story, folder: Path, *, anew: Any, until: int | None = None) -> Path:
    """The trace of that story, and beside it what is to be compared."""
    story.recorded(folder, anew=anew)
    (folder / "rows").write_bytes(msgspec.json.encode(story.rows()))
    (folder / "until").write_bytes(msgspec.json.encode(until))
    return folder


def acted() -> Story:
    """It fires after half a minute, is looked at and acted upon, goes on, and is done."""
    told = Story(TWENTY)
    told.beats(30)
    (look,) = told.open
    told.hear(EffectDone(look, HEALTHY))
    told.beats(60)
    told.finish()
    told.beats(30)
    return told


@pytest.mark.parametrize("every", [1, 2, 3])
@pytest.mark.parametrize("until", [None, WALL + 45_000])
def test_what_comes_out_is_what_one_process_gives(tmp_path, every, until):
    """Firings, decisions, incidents, rows beside those that were written, and what was covered: with a new file after each event, and after some."""
    story = acted()
    (found,) = compared(laid(story, tmp_path, anew=range(every, len(story.log), every), until=until))

    assert found["used"]
    assert found["one"] == found["several"]
    *_, account, incidents, checked, _ = found["one"]
    assert account["firings"]
    assert incidents
    assert checked["equal"] >= 5


def test_an_agent_that_was_killed_and_other_rules_in_between(tmp_path):
    """What begins anew in the middle of a stretch, and between two, begins anew; what other rules decided is missing from both."""
    killed = acted()
    killed.crash()
    killed.everything()
    killed.beats(60)
    others = Story(TWENTY)
    others.beats(40)
    others.rules = HOUR
    others.hear(RulesLoaded(HOUR.digest, HOUR.mode))
    others.beats(40)
    others.rules = TWENTY
    others.hear(RulesLoaded(TWENTY.digest, TWENTY.mode))
    others.beats(40)
    folders = [
        laid(story, tmp_path / f"{name}{every}", anew=range(every, len(story.log), every))
        for name, story in (("killed", killed), ("others", others))
        for every in (1, 2, 4)
    ]

    all_found = compared(*folders)
    assert [found["used"] for found in all_found].count(True) > 2
    for folder, found in zip(folders, all_found, strict=True):
        one, several = (msgspec.json.encode(found[name]).decode().replace(str(folder), "") for name in ("one", "several"))
        assert one == several, folder.name


def test_damage_anywhere(tmp_path):
    """A file that is cut off, damaged or gone: it is missing from both, with the same words and from the same moments."""
    story = acted()
    anew = range(3, len(story.log), 3)
    folders = []
    for number in range(1, len(anew) + 2):
        for way in ("cut", "damaged", "gone"):
            folder = laid(story, tmp_path / f"{number}{way}", anew=anew)
            file = folder / "trace" / f"{number:08}.trace"
            whole = file.read_bytes()
            match way:
                case "cut":
                    file.write_bytes(whole[:-20])
                case "damaged":
                    middle = len(whole) // 2
                    file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 0x55]) + whole[middle + 1 :])
                case "gone":
                    file.unlink()
            folders.append(folder)

    for folder, found in zip(folders, compared(*folders), strict=True):
        one, several = (msgspec.json.encode(found[name]).decode().replace(str(folder), "") for name in ("one", "several"))
        assert one == several, folder.name


def test_stretches_begin_where_nothing_is_missing(tmp_path):
    """They are of about the same size and in order, none begins behind a hole or with an agent's start, and none is too short."""
    story = acted()
    story.crash()
    story.everything()
    story.beats(90)
    found = tuple(segments(laid(story, tmp_path, anew=range(1, len(story.log)))))
    holes = [*found[:5], Hole("something is missing", tmp_path), *found[5:]]

    for files in (found, holes):
        for most in (1, 2, 3, 8):
            stretches = divided(files, most)
            assert [one for stretch in stretches for one in stretch] == list(files)
            assert len(stretches) <= most
            assert all(len(stretch) >= 4 for stretch in stretches)
            for stretch in stretches[1:]:
                assert stretch[0].header.cause != "start"
                assert not isinstance(files[list(files).index(stretch[0]) - 1], Hole)
    assert len(divided(found, 3)) == 3
    assert len(divided(found[:7], 3)) == 1
