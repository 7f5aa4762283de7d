"""Files of a new config: whole or not at all, and never in place of another."""

import grp
import os
import stat

import pytest

from watchdog.survey import writing
from watchdog.survey.writing import NotWrittenError, write_all

FILES = {"redis.url": "redis://:p@h/0\n", "config.yml": "mode: dry-run\n"}


def contents(folder):
    """Name → text of all that lies there."""
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_written_for_root_and_the_agent_alone(tmp_path):
    """The files can be read by owner and group, and by nobody else, whatever the umask is; nothing else is left behind."""
    before = os.umask(0)
    try:
        write_all(tmp_path / "a" / "b", FILES)
    finally:
        os.umask(before)
    folder = tmp_path / "a" / "b"
    assert contents(folder) == FILES
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o640}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_given_to_the_group_of_the_agent(tmp_path, monkeypatch):
    """Root gives them to the agent's group where there is one; where there is none that is known."""
    monkeypatch.setattr(writing, "GROUP", "daemon")
    write_all(tmp_path / "new", FILES)
    assert {path.stat().st_gid for path in (tmp_path / "new", *(tmp_path / "new").iterdir())} == {grp.getgrnam("daemon").gr_gid}
    assert not writing.lacks_group()

    monkeypatch.setattr(writing, "GROUP", "no-such-group-at-all")
    assert writing.lacks_group()


def test_a_folder_that_was_there_stays_as_it_was(tmp_path):
    """Rights of a folder that somebody has made are his."""
    tmp_path.chmod(0o711)
    write_all(tmp_path, FILES)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o711


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_overwritten(name, tmp_path):
    """Where one of the names is taken by something else nothing is written at all."""
    (tmp_path / name).write_text("mine")
    with pytest.raises(NotWrittenError, match=f"{name} is there already"):
        write_all(tmp_path, FILES)
    assert contents(tmp_path) == {name: "mine"}


def test_a_dangling_link_is_taken(tmp_path):
    """A link to nowhere is somebody's, too: nothing is written through it."""
    (tmp_path / "config.yml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotWrittenError):
        write_all(tmp_path, FILES)
    assert not (tmp_path / "elsewhere").exists()


def test_what_was_cut_off_can_be_begun_again(tmp_path):
    """A secret that was written before something went wrong is no obstacle, if it is the very same."""
    (tmp_path / "redis.url").write_text(FILES["redis.url"])
    write_all(tmp_path, FILES)
    assert contents(tmp_path) == FILES


def test_somebody_who_writes_at_the_same_moment(tmp_path, monkeypatch):
    """Whoever makes the file between the look and the write keeps it."""
    link = os.link

    def first(source, target):
        target.write_text("theirs")
        link(source, target)

    monkeypatch.setattr("watchdog.survey.writing.os.link", first)
    with pytest.raises(NotWrittenError, match="just been made by somebody else"):
        write_all(tmp_path, {"config.yml": "x"})
    assert contents(tmp_path) == {"config.yml": "theirs"}


def test_a_folder_that_can_not_be_written(tmp_path):
    """What the system says is said, and how to see the config all the same."""
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWrittenError, match="can't be written: not a directory; --print shows the config"):
        write_all(tmp_path / "file", FILES)
