"""The file called `pause`: whatever it is, and whoever put it there."""

import os

import pytest

from watchdog.daemon.pause_file import BY, PauseFile
from watchdog.model.events import Paused, Resumed


@pytest.fixture
def said():
    """What was emitted."""
    return []


@pytest.fixture
def pause(tmp_path, said):
    """The look of an agent that was not paused by the file before."""
    return PauseFile(tmp_path, said.append, said=None)


def test_it_comes_changes_and_goes(tmp_path, pause, said):
    """Each of these is said once, however often it is looked at; the first line is the reason."""
    for content in (None, "deploy\nuntil noon\n", "deploy\nuntil one\n", "  migration  ", None):
        if content is None:
            (tmp_path / "pause").unlink(missing_ok=True)
        else:
            (tmp_path / "pause").write_text(content)
        for _ in range(3):
            pause.look()
    assert said == [Paused(BY, "deploy"), Paused(BY, "migration"), Resumed(BY)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no reason given"),
        (b"\n \n", "no reason given"),
        (b"\xff\xfe\x00deploy", "\ufffd\ufffd\x00deploy"),
        ("x" * 10_000, "x" * 200),
        ("\n\n  after empty lines \nmore", "after empty lines"),
        ("schöne Grüße", "schöne Grüße"),
    ],
)
def test_every_content_is_a_pause(tmp_path, pause, said, content, reason):
    """Empty, binary, long: it is there, and that is what counts."""
    (tmp_path / "pause").write_bytes(content if isinstance(content, bytes) else content.encode())
    pause.look()
    assert said == [Paused(BY, reason)]


def test_a_directory_is_a_pause(tmp_path, pause, said):
    """`mkdir pause` was meant so."""
    (tmp_path / "pause").mkdir()
    pause.look()
    assert said == [Paused(BY, "no reason could be read (Is a directory)")]


def test_a_pipe_is_a_pause_and_is_not_waited_for(tmp_path, pause, said):
    """A pipe of that name must not keep the agent waiting for somebody to write into it."""
    os.mkfifo(tmp_path / "pause")
    pause.look()
    assert said == [Paused(BY, "no reason given")]


def test_a_huge_file_is_not_read(tmp_path, pause, said):
    """Of a log that somebody redirected into it only the beginning is looked at."""
    with (tmp_path / "pause").open("wb") as file:
        file.write(b"reason\n")
        file.truncate(1 << 40)
    pause.look()
    assert said == [Paused(BY, "reason")]


def test_a_file_that_cannot_be_read_is_a_pause(tmp_path, pause, said, monkeypatch):
    """Whoever put it there wanted a pause, even if we may not read why."""

    def refused(*_arguments, **_named):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "pause").write_text("deploy")
    monkeypatch.setattr("watchdog.daemon.pause_file.os.open", refused)
    pause.look()
    assert said == [Paused(BY, "no reason could be read (Permission denied)")]


@pytest.fixture
def settling(tmp_path, said):
    """One that has looked before there was a file, and whose moments pass when the test says so."""
    moments = []
    one = PauseFile(tmp_path, said.append, said=None, later=lambda _, call: moments.append(call))
    one.look()
    return one, moments


def test_a_reason_that_is_written_a_moment_later_is_said_once(tmp_path, settling, said):
    """`echo reason > pause` makes the file first: that is one pause, with its reason, however often it is looked at in between."""
    pause, moments = settling
    (tmp_path / "pause").touch()
    pause.look()
    pause.look()
    assert said == []
    (tmp_path / "pause").write_text("deploy")
    pause.look()
    for settled in moments:
        settled()
    assert said == [Paused(BY, "deploy")]


def test_a_file_that_stays_empty_is_a_pause(tmp_path, settling, said):
    """`touch pause`, or a disk that was full: said after a moment, and once."""
    pause, moments = settling
    (tmp_path / "pause").touch()
    pause.look()
    (settled,) = moments
    settled()
    pause.look()
    assert said == [Paused(BY, "no reason given")]
    assert len(moments) == 1


def test_a_file_that_was_gone_again_was_none(tmp_path, settling, said):
    """Made and removed within that moment."""
    pause, moments = settling
    (tmp_path / "pause").touch()
    pause.look()
    (tmp_path / "pause").unlink()
    moments[0]()
    assert said == []


def test_a_reason_that_is_written_anew_is_no_pause_without_one(tmp_path, settling, said):
    """Between emptying and writing the old reason counts."""
    pause, moments = settling
    for content in ("deploy", "", "migration"):
        (tmp_path / "pause").write_text(content)
        pause.look()
    moments[0]()
    assert said == [Paused(BY, "deploy"), Paused(BY, "migration")]


def test_its_pause_survives_a_restart(tmp_path, said):
    """An agent that begins under the very pause that it remembers has nothing to say; one whose file went meanwhile says so."""
    (tmp_path / "pause").write_text("deploy")
    PauseFile(tmp_path, said.append, said="deploy").look()
    assert said == []
    PauseFile(tmp_path, said.append, said="another reason").look()
    assert said == [Paused(BY, "deploy")]
    (tmp_path / "pause").unlink()
    PauseFile(tmp_path, said.append, said="deploy").look()
    assert said[1:] == [Resumed(BY)]


def test_its_absence_lifts_nobody_elses_pause(pause, said):
    """Where the file has not paused, that it is not there means nothing."""
    pause.look()
    assert said == []
