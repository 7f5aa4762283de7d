"""Printing in its two forms."""

import io
import json
import sys

import pytest

from watchdog.cli.output import Plain, clean, count, output, say_json
from watchdog.cli.terminal import Terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ActivityPub::DeliveryWorker", "ActivityPub::DeliveryWorker"),
        ("Überweisung 支払い", "Überweisung 支払い"),
        ("\x1b[2J", r"\x1b[2J"),
        ("two\nlines\r\t", r"two\nlines\r\t"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("safe\u202egnp", r"safe\u202egnp"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("not UTF-8 \udcff", r"not UTF-8 \udcff"),
    ],
)
def test_text_from_strangers_is_made_harmless(text, shown):
    """What can be printed stays, letters of all scripts included; whatever a terminal would obey is written out."""
    assert clean(text) == shown


def test_plain_tables_can_be_cut_into_words():
    """Columns line up, an empty cell is a dash, and nothing trails."""
    stream = io.StringIO()
    Plain(stream).table(("name", "size", ""), [("push", "12", ("late", "bad")), (("a-long-name", "good"), "", "")])
    assert stream.getvalue().splitlines() == [
        "  name         size",
        "  push         12    late",
        "  a-long-name  -     -",
    ]


def test_a_plain_table_without_rows_is_its_headings():
    """Nothing to show is no error."""
    stream = io.StringIO()
    Plain(stream).table(("name", "size"), [])
    assert stream.getvalue() == "  name  size\n"


def test_json_holds_nothing_that_a_terminal_would_obey(capsys):
    """One line, which reads back as what it was."""
    value = {"name": "\x1b\x9b\u202e\n\udcff", "size": 3}
    say_json(value)
    line = capsys.readouterr().out
    assert line.isascii()
    assert line[:-1].isprintable()
    assert json.loads(line) == value


@pytest.mark.parametrize(("number", "said"), [(0, "0 rules"), (1, "1 rule"), (1002, "1,002 rules")])
def test_numbers_and_their_nouns_agree(number, said):
    """One rule, two rules."""
    assert count(number, "rule") == said


def test_a_pipe_gets_plain_lines_and_a_terminal_does_not(monkeypatch, window):
    """The form follows from where standard output leads."""
    assert isinstance(output(), Plain)
    monkeypatch.setattr(sys, "stdout", window)
    assert isinstance(output(), Terminal)


def test_a_terminal_shows_markup_as_it_is(window):
    """A job class in square brackets is text and not a colour; escape sequences are text, too."""
    terminal = Terminal(window)
    terminal.line(("[red]Worker[/red] :skull:", "bad"), " \x1b[2J")
    terminal.table(("class",), [(("[bold]Worker", "strong"),)])
    lines = window.getvalue().splitlines()
    assert lines[0] == r"[red]Worker[/red] :skull: \x1b[2J"
    assert any("[bold]Worker" in line for line in lines[1:])


def test_a_terminal_never_cuts_what_it_shows(window):
    """A line that is longer than the window stays one line; a long cell goes on below."""
    terminal = Terminal(window, width=20)
    terminal.line("x" * 50)
    terminal.table(("a", "b"), [("y" * 30, "z")])
    first, *rest = window.getvalue().splitlines()
    assert first == "x" * 50
    assert sum(line.count("y") for line in rest) == 30


def test_colours_are_for_those_who_want_them(window, monkeypatch):
    """A terminal gets colours, unless NO_COLOR is set."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    Terminal(window).line(("bad", "bad"))
    assert "31m" not in window.getvalue()
    monkeypatch.delenv("NO_COLOR")
    Terminal(window).line(("bad", "bad"))
    assert "31m" in window.getvalue()


ROW = ("web1/mastodon-sidekiq.service[push,pull]", ("4711", "bad"), "push, pull", "", "7 of 25")
HEADINGS = ("process", "pid", "queues", "longest job", "threads")


def test_a_wide_table_in_a_narrow_window_is_a_few_lines_a_row(window):
    """Every cell with its heading, nothing cut; an empty one is left out."""
    Terminal(window, width=45, force_terminal=False).table(HEADINGS, [ROW])
    assert [line.strip() for line in window.getvalue().splitlines()] == [
        "web1/mastodon-sidekiq.service[push,pull]",
        "pid 4711",
        "queues push, pull",
        "threads 7 of 25",
    ]


@pytest.mark.parametrize(
    ("width", "headings", "row"), [(45, ("a", "b"), ("1", "2")), (100, HEADINGS, ROW), (72, HEADINGS, ROW), (45, ("a",), ())]
)
def test_what_fits_is_a_table(window, width, headings, row):
    """And what does not, in a window in which its cells can wrap."""
    Terminal(window, width=width, force_terminal=False).table(headings, [row] if row else [])
    assert headings[0] in window.getvalue().splitlines()[0]
    assert all(len(line) <= width for line in window.getvalue().splitlines())
