"""`top` where it can't draw: a sentence, and nothing that is loaded in vain."""

import sys

import pytest

from watchdog.cli.top import command


def test_it_needs_a_terminal(ask, config):
    """It says what to use instead."""
    answer = ask("top", "-c", "config.yml")
    assert (answer.code, answer.out) == (2, "")
    assert "none that it can draw on; `status` says the same in lines" in answer.err


@pytest.mark.parametrize("term", ["", "dumb"])
def test_it_needs_one_that_it_can_draw_on(ask, config, monkeypatch, term):
    """A terminal without control is none."""
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("TERM", term)
    answer = ask("top", "-c", "config.yml")
    assert answer.code == 2
    assert "can draw on" in answer.err


def test_without_textual(ask, config, monkeypatch):
    """It says how to install it, and ends before anything is drawn."""
    monkeypatch.setattr(command, "can_draw", lambda: True)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    answer = ask("top", "-c", "config.yml")
    assert (answer.code, answer.out) == (2, "")
    assert "pip install 'sidekiq-watchdog[top]'" in answer.err


@pytest.mark.needs("textual")
def test_a_config_that_can_not_be_read(ask, monkeypatch):
    """That is said as everywhere, and not in a screen."""
    monkeypatch.setattr(command, "can_draw", lambda: True)
    answer = ask("top", "-c", "nowhere.yml")
    assert (answer.code, answer.out) == (2, "")
    assert "nowhere.yml can't be read" in answer.err
