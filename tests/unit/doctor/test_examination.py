"""All points together: none is left out, whatever is amiss, and one that rests on another says so."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.doctor.conftest import CONFIG, OWN, exam
from watchdog.doctor import examination, state
from watchdog.doctor.exam import settings_of
from watchdog.doctor.examination import AREAS, examine
from watchdog.doctor.found import Health
from watchdog.doctor.who import Running, agents_user, myself, running
from watchdog.model.points import BY_NAME, POINTS, Area
from watchdog.store.lock import StateLock

CHECKOUT = Path(__file__).parents[3]


async def test_every_point_is_told_although_nothing_is_there(look):
    """In the order of the table; what can't be looked at names what comes first."""
    points = await look()
    assert list(points) == [spec.name for spec in POINTS]
    assert list(AREAS) == list(Area)
    assert points["config"].health is Health.OK
    assert points["redis"].health is Health.FAIL
    assert points["redis-policy"].says == "redis first"
    assert points["sidekiq"].says == "redis first"
    assert points["log"].says == "sidekiq-here first"
    assert points["systemd"].health is Health.FAIL
    assert points["units-stop"].says == "systemd first"
    assert points["agent-unit"].health is Health.OK


async def test_only_what_was_asked_for(look):
    """And that is looked at as it would be with the others."""
    points = await look("state-folder", "redis")
    assert list(points) == ["state-folder", "redis"]
    assert points["redis"].health is Health.FAIL


async def test_what_nobody_asked_for_is_not_looked_at(look, monkeypatch):
    """But for what it rests on."""
    looked: list[Area] = []
    for area in Area:

        async def note(_: Any, area: Area = area) -> dict[str, Any]:
            looked.append(area)
            return {}

        monkeypatch.setitem(examination.AREAS, area, note)
    await look("units")
    assert looked == [Area.REDIS, Area.SIDEKIQ, Area.SYSTEMD]
    looked.clear()
    await look()
    assert looked == list(Area)


async def test_a_config_that_is_not_there(look, folder):
    """All that needs none is looked at."""
    (folder / "config.yml").unlink()
    points = await look()
    assert points["config"].health is Health.FAIL
    assert points["state-disk"].says == points["redis"].says == points["checks"].says == "config first"
    assert points["host-clock"].health in (Health.OK, Health.WARN)


async def test_a_mistake_in_a_rule_hides_nothing_else(look, folder):
    """The config itself is enough to look at Redis, the state folder and what is declared."""
    (folder / "rules.yml").write_text("rules:\n  - rule: a\n    each: jobs\n    when: job.elapsed > 1s\n")
    points = await look()
    assert (points["config"].health, points["rules"].says) == (Health.FAIL, "config first")
    assert points["redis"].says.startswith("nothing listens")
    assert points["state-folder"].health is Health.OK
    assert points["checks"].health is Health.WARN


async def test_no_secret_is_told(look, folder):
    """Neither that of Redis nor those of receivers, although both are not reached."""
    (folder / "config.yml").write_text(
        'mode: act\nredis: {url: "redis://me:hunter2@127.0.0.1:1/0"}\napp_redis: {url: "redis://me:hunter3@127.0.0.1:1/0"}\nrules: [rules.yml]\n'
        "state: state\nreceivers: {ops: {type: webhook, url: 'http://me:hunter4@127.0.0.1:1/hunter5'}}\n"
    )
    points = await look()
    assert points["receivers"].says.startswith("ops is not reached: no connection to 127.0.0.1 port 1")
    assert points["redis-application"].health is Health.FAIL
    assert "hunter" not in "".join(point.says + point.mend for point in points.values())


async def test_a_secret_that_only_the_unit_has(look, folder):
    """It is said how to look with it, and the rest is looked at without."""
    (folder / "config.yml").write_text(CONFIG.replace("redis://127.0.0.1:1/0", "${env:NO_SUCH_URL}"))
    points = await look()
    assert points["config"].health is Health.FAIL
    assert "systemd-run" in points["config"].mend
    assert points["redis"].says == points["redis-policy"].says == "config first"
    assert points["state-folder"].health is Health.OK


async def test_a_mistake_of_the_program_is_one_point(look, monkeypatch, caplog):
    """It passes for no health, and the others are looked at all the same."""

    async def broken(_: Any) -> dict[str, Any]:
        raise KeyError("a secret of somebody")

    monkeypatch.setitem(examination.AREAS, Area.STATE, broken)
    points = await look()
    assert (points["state-folder"].health, points["state-folder"].says) == (Health.FAIL, "internal error: KeyError")
    assert points["state-disk"].says == "state-folder first"
    assert points["redis"].health is Health.FAIL


def test_a_folder_that_is_wanting(folder):
    """What is there instead, and what is not there yet."""
    (folder / "state").write_text("")
    assert "is no folder" in state.folder_of(folder / "state", os.geteuid(), "agent").says
    assert state.folder_of(folder / "later", os.geteuid(), "agent").health is Health.OK
    (folder / "its").mkdir()
    wrong = state.folder_of(folder / "its", os.geteuid() + 1, "agent")
    assert (wrong.health, wrong.mend) == (Health.FAIL, f"chown -R agent {folder / 'its'}")


async def test_only_a_start_makes_the_folder(folder):
    """Looking changes nothing."""
    one = exam(folder, settings=settings_of(folder / "config.yml"))
    before = sorted(folder.rglob("*"))
    await examine(one)
    assert sorted(folder.rglob("*")) == before


def test_as_whom_it_is_looked(tmp_path):
    """The agent that runs, then its unit, then the owner of the folder; and whoever asks where nothing is known."""
    agent = Running(7, 4000, 4001, (4002,), 1 << 5)
    seen = agents_user(agent, OWN, tmp_path)
    assert (seen.uid, seen.gid, seen.groups, seen.name, seen.may_signal) == (4000, 4001, (4002,), "uid 4000", True)
    by_unit = agents_user(
        None, {**OWN, "User": "nobody", "AmbientCapabilities": 1 << 5, "SupplementaryGroups": ["daemon", "no such"]}, None
    )
    assert (by_unit.name, by_unit.known_by, by_unit.may_signal) == ("nobody", "User= of its unit", True)
    assert 1 in by_unit.groups
    assert agents_user(None, {**OWN, "User": ""}, None).uid == 0
    assert agents_user(None, {**OWN, "User": "", "DynamicUser": True}, None).known_by != "its unit, which names no user"
    assert not agents_user(None, {**OWN, "User": "nobody"}, None).may_signal
    assert myself().uid == os.geteuid()


def test_the_agent_that_runs(tmp_path):
    """Its rights are those that the kernel shows of whoever holds the lock."""
    assert running(tmp_path) is None
    assert running(None) is None
    lock = StateLock.take(tmp_path)
    try:
        found = running(tmp_path)
        assert found is not None
        assert (found.pid, found.uid) == (os.getpid(), os.geteuid())
    finally:
        lock.release()


AS_NOBODY = """\
import os, pwd
from watchdog.doctor.who import Who, as_user
nobody = Who(uid=65534, gid=65534, groups=(65534, 1), name="nobody", known_by="this test")
def work():
    assert os.getresuid() == os.getresgid() == (65534,) * 3
    assert set(os.getgroups()) == {65534, 1}
    {work}
    return b"closed" if not os.access("/root", os.R_OK) else b"open"
said = as_user(nobody, work)
assert os.geteuid() == 0
print(said.decode())
"""


def as_nobody(work: str) -> subprocess.CompletedProcess[str]:
    """Run that in a child of a process that has no threads, as the command has none."""
    script = AS_NOBODY.replace("{work}", work)
    return subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, check=False, capture_output=True, text=True)


@pytest.mark.timeout(60)
@pytest.mark.needs("setuid")
def test_root_looks_as_the_agent():
    """In a child that has no right but that user's; root stays what it was."""
    done = as_nobody("")
    assert (done.stdout, done.stderr, done.returncode) == ("closed\n", "", 0)


@pytest.mark.timeout(60)
@pytest.mark.needs("setuid")
def test_a_child_that_fails():
    """It is no health: its traceback is there, and who asked is told."""
    done = as_nobody("bytes(-1)")
    assert "ValueError: negative count" in done.stderr
    assert "ChildFailedError: what was to be looked at as nobody could not be: the child ended with 1" in done.stderr
    assert done.stdout == ""


async def test_what_is_declared_is_tried(look, folder):
    """A check that succeeds, and a receiver that takes connections, without a word being sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        (folder / "config.yml").write_text(
            CONFIG
            + f"checks: {{there: {{type: tcp, address: '127.0.0.1:{port}'}}}}\nreceivers: {{ops: {{type: webhook, url: 'http://127.0.0.1:{port}/x'}}}}\n"
        )
        points = await look()
        listener.settimeout(0)
        for _ in range(2):
            connection, _ = listener.accept()
            assert connection.recv(1) == b""
            connection.close()
    assert points["checks"].says == "1 check succeeded: there"
    assert points["receivers"].says == "1 receiver reached: ops"


async def test_commands_of_somebody_else_are_not_read(look, folder):
    """What others than root could write tells nothing; nor does a file with a mistake in it."""
    assert (await look("commands"))["commands"].health is Health.SKIPPED
    (folder / "commands.toml").write_text("[commands.x]\nargv = 7\n")
    (folder / "commands.toml").chmod(0o666)
    found = (await look("commands"))["commands"]
    assert (found.health, found.mend.endswith("install, as root")) == (Health.FAIL, True)


def test_each_name_can_be_asked_for():
    """Names are words with dashes, and each begins with what it is part of."""
    assert all(name.replace("-", "").isalpha() and name.islower() for name in BY_NAME)
