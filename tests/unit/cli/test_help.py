"""The list of commands, as somebody sees it who types `--help` for the first time."""

import pytest


@pytest.mark.parametrize("of", [(), ("quarantine",)])
def test_what_each_command_does_fits_its_line(ask, monkeypatch, of):
    """On a terminal of 80 columns every command has a whole sentence."""
    monkeypatch.setenv("COLUMNS", "80")
    answer = ask(*of, "--help")
    assert answer.code == 0
    commands = answer.out.partition("Commands:\n")[2].splitlines()
    assert len(commands) >= 5
    assert [line for line in commands if not line.endswith(".") or line.endswith("...")] == []
