"""How the demo is shown."""

import io
import re

import pytest
from rich.console import Console

from watchdog.demo.picture import Picture, WorkerView
from watchdog.demo.screen import LiveScreen, PlainScreen, opened
from watchdog.demo.telling import Line, Tone

PICTURE = Picture(
    {"push": 42, "pull": 0},
    (
        WorkerView("push-1", ("push",), 5, pid=77, busy=5, held=3, held_s=12),
        WorkerView("push-2", ("push", "pull"), 5, pid=78),
        WorkerView("pull-1", ("pull",), 5),
        WorkerView("pull-2", ("pull",), 5, pid=80, busy=1),
    ),
)


def shown(*, terminal: bool) -> str:
    """Everything that a console was given in the course of a short story."""
    output = io.StringIO()
    with opened(Console(file=output, force_terminal=terminal, width=120, height=40)) as screen:
        assert isinstance(screen, LiveScreen if terminal else PlainScreen)
        screen.chapter("a job wedges its worker")
        screen.keep("the page is open at http://127.0.0.1:7655", "log in with [token]")
        screen.say(Line("guard [blind] says no", Tone.WARNING))
        screen.show(PICTURE, 3)
    return output.getvalue()


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_both_screens_tell_the_same(terminal):
    """Chapter, line, queues, workers and alerts are to be seen on either; square brackets are text."""
    text = shown(terminal=terminal)
    for what in (
        "a job wedges its worker",
        "guard [blind] says no",
        "the page is open at http://127.0.0.1:7655",
        "log in with [token]",
        "3 of 5 threads held for 12 s",
        "starting",
        "not running",
        "working",
        "42",
    ):
        assert what in text
    assert re.search(r"alerts firing: 3|alerts: .*3 firing", text)


def test_what_is_kept_does_not_scroll_away():
    """However much is said after it: an address, and how to get in."""
    output = io.StringIO()
    with opened(Console(file=output, force_terminal=True, width=120, height=40)) as screen:
        screen.keep("the page is open at http://127.0.0.1:7655")
        for number in range(50):
            screen.say(Line(f"line {number}"))
        output.truncate(0)
        screen.show(PICTURE, 0)
        assert "http://127.0.0.1:7655" in output.getvalue()
        assert "line 3 " not in output.getvalue()


def test_without_a_terminal_there_are_plain_lines():
    """What goes into a file or a pipe holds no control sequences, and each line has its time."""
    text = shown(terminal=False)
    assert "\x1b" not in text
    assert re.search(r"^ +0\.\d s  guard \[blind\] says no$", text, re.MULTILINE)


def test_plain_lines_sum_up_only_now_and_then():
    """The state of things is a line every few seconds, not at each glance."""
    output = io.StringIO()
    screen = PlainScreen(Console(file=output))
    for _ in range(50):
        screen.show(PICTURE, 0)
    assert output.getvalue().count("waiting:") == 1
