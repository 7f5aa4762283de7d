"""The program as a whole: what it is made of, and how it must be started."""

import os
import socket
import subprocess
import sys

import pytest

from watchdog.inspect.program import main

LOADED = """
import sys
before = set(sys.modules)
import watchdog.inspect.program
for name in sorted(set(sys.modules) - before):
    print(name)
"""


def test_what_it_is_made_of():
    """Python's own library, its own folder and the reader of control groups: nothing else is loaded into what holds the right to read everything."""
    said = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout.split()
    foreign = {name for name in said if name.partition(".")[0] not in sys.stdlib_module_names}

    assert {name for name in foreign if not name.startswith("watchdog.inspect.")} == {
        "watchdog",
        "watchdog.inspect",
        "watchdog.host",
        "watchdog.host.cgroup",
    }


def test_settings_that_can_not_be_used(tmp_path, capsys):
    """It says why and ends with 2."""
    assert main(["--config", str(tmp_path / "missing.toml")]) == 2
    assert "missing.toml can't be read" in capsys.readouterr().err


@pytest.mark.needs("root")
def test_started_by_hand(tmp_path, capsys, monkeypatch):
    """Without its socket unit, with one for another process or with a wrong number of sockets it says who starts it, and ends with 2."""
    config = tmp_path / "inspect.toml"
    config.write_text('units = ["a.service"]\nallow = [0]\n')
    config.chmod(0o644)
    for pid, number in (("", ""), ("1", "1"), (str(os.getpid()), "2"), (str(os.getpid()), "0")):
        monkeypatch.setenv("LISTEN_PID", pid)
        monkeypatch.setenv("LISTEN_FDS", number)
        assert main(["--config", str(config)]) == 2
        assert "started by sidekiq-watchdog-inspect.socket" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_socket_that_does_not_listen(kind, monkeypatch):
    """It is not taken for the one that was to be handed over."""
    from watchdog.inspect import program

    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    with socket.socket(socket.AF_UNIX, kind) as one:
        monkeypatch.setattr(program, "_FIRST", os.dup(one.fileno()))
        assert program.handed_over() is None
