"""`doctor`, from a config to exit code and output."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from watchdog.cli.doctor_view import show_points
from watchdog.cli.output import Plain
from watchdog.cli.terminal import Terminal
from watchdog.doctor.found import Health, Point
from watchdog.model.points import POINTS

NOBODY = 'mode: dry-run\nredis: {url: "redis://127.0.0.1:1/0"}\nrules: [rules.yml]\nstate: state\n'
SHOWN = """\
config
  ok    config         fine
  warn  rules          few
                       mend: write more

Redis
  FAIL  redis          gone
                       mend: start it
  -     2 points       redis first

as agent: 1 ok, 1 warning, 1 to be mended, 2 not looked at
"""
IN_SHORT = """\
config
  warn  rules  few
               mend: write more
Redis
  FAIL  redis  gone
               mend: start it
host    ok
log     -   sidekiq-here first

as agent: 2 ok, 1 warning, 1 to be mended, 4 not looked at; --all shows each
"""
CHECKOUT = Path(__file__).parents[3]
SOME = [
    Point("config", "config", Health.OK, "fine"),
    Point("rules", "config", Health.WARN, "few", "write more"),
    Point("redis", "Redis", Health.FAIL, "gone", "start it"),
    Point("redis-version", "Redis", Health.SKIPPED, "redis first"),
    Point("redis-role", "Redis", Health.SKIPPED, "redis first"),
]


@pytest.fixture(autouse=True)
def no_bus(monkeypatch, tmp_path):
    """Whatever systemd this machine has is not asked."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")


def test_what_has_to_be_mended_is_a_finding(ask, config):
    """It ends with 1, and each point that is not well has a line on how to mend it."""
    config.write_text(NOBODY)
    answer = ask("doctor", "-c", "config.yml")
    assert (answer.code, answer.err) == (1, "")
    lines = answer.out.splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("  FAIL  redis ")]
    assert lines[place].endswith("nothing listens at 127.0.0.1:1: the connection was refused")
    assert lines[place + 1].strip() == "mend: correct redis: in config.yml, or start Redis"
    assert not any(line.startswith("  ok") for line in lines)
    assert not (config.parent / "state").exists()


def test_for_programs(ask, config):
    """One object with every point, and why it matters."""
    config.write_text(NOBODY)
    answer = ask("doctor", "-c", "config.yml", "--json")
    told = json.loads(answer.out)
    assert (answer.code, told["ok"], told["problems"]) == (1, False, [])
    assert [point["name"] for point in told["points"]] == [spec.name for spec in POINTS]
    assert all(point["why"] for point in told["points"])
    assert sum(point["health"] == "fail" for point in told["points"]) == told["counts"]["fail"]


def test_warnings_alone_are_fine(ask, config):
    """Only of what was asked for, and 0 if nothing of that has to be mended."""
    config.write_text(NOBODY)
    answer = ask("doctor", "-c", "config.yml", "--only", "rules", "--only", "agent")
    assert answer.code == 0
    assert answer.out.splitlines()[-1].endswith("1 ok, 1 warning, 0 to be mended, 0 not looked at")


def test_a_name_that_nothing_has(ask, config):
    """The command line is wrong, and the names are told."""
    answer = ask("doctor", "-c", "config.yml", "--only", "weather")
    assert answer.code == 2
    assert "nothing that is looked at is called 'weather'" in answer.err
    assert "redis-policy" in answer.err


@pytest.mark.parametrize("text", [None, "mode: [\n", "mode: act\n"])
def test_a_config_that_cant_be_read(ask, config, text):
    """It ends with 2 and shows why, and what needs no config is looked at all the same."""
    if text is None:
        config.unlink()
    else:
        config.write_text(text)
    answer = ask("doctor", "-c", "config.yml")
    assert answer.code == 2
    assert "config.yml:1:1" in answer.err or "config.yml:2:1" in answer.err or "config.yml:1:7" in answer.err
    assert "\nhost" in answer.out
    told = json.loads(ask("doctor", "-c", "config.yml", "--json").out)
    assert (told["ok"], bool(told["problems"])) == (False, True)


def test_points_in_a_pipe():
    """Areas, aligned names, what mends; points that wait for the same one are one line."""
    stream = io.StringIO()
    show_points(Plain(stream), SOME, user="agent", every=True)
    assert stream.getvalue() == SHOWN


def test_what_is_not_well_alone():
    """Of an area in which nothing is amiss there is one line; points that are well or wait for others are only counted."""
    stream = io.StringIO()
    more = [
        Point("host-clock", "host", Health.OK, "right"),
        Point("log", "log", Health.SKIPPED, "sidekiq-here first"),
        Point("log-level", "log", Health.SKIPPED, "sidekiq-here first"),
    ]
    show_points(Plain(stream), [*SOME, *more], user="agent", every=False)
    assert stream.getvalue() == IN_SHORT


def test_all_of_them(ask, config):
    """With `--all` those that are well are shown, too."""
    config.write_text(NOBODY)
    lines = ask("doctor", "-c", "config.yml", "--all").out.splitlines()
    assert any(line.startswith("  ok    config ") for line in lines)
    assert sum(" points " in line for line in lines) >= 3


def test_points_on_a_terminal():
    """The same words in colours."""
    stream = io.StringIO()
    show_points(Terminal(stream, width=200, force_terminal=True), SOME, user="agent", every=True)
    assert "\x1b[1;31mFAIL" in stream.getvalue()
    assert "start it" in stream.getvalue()


@pytest.mark.timeout(60)
@pytest.mark.needs("setuid")
def test_root_looks_as_the_owner_of_the_state_folder(config):
    """Whatever root may read: a config that is closed to the agent is one that can't be read."""
    (config.parent / "state").mkdir()
    os.chown(config.parent / "state", 65534, 65534)
    config.write_text(NOBODY)
    config.chmod(0o600)
    script = "from watchdog.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "doctor", "--json", "-c", config], cwd=CHECKOUT, check=False, capture_output=True, text=True
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["user"], told["problems"][0]["code"]) == (2, "nobody", "E113")
