"""Processes of Sidekiq by their titles, with or without a service."""

import os

import pytest

from tests.unit.survey.layouts import ETC, live, unit
from watchdog.host.boot import host_name
from watchdog.sidekiq.decode import Info
from watchdog.survey.config_text import config_text
from watchdog.survey.judging import judge
from watchdog.survey.looking import Beating, Seen
from watchdog.survey.processes import processes
from watchdog.survey.survey import survey

TITLE = "sidekiq 7.3.2 live [0 of 5 busy]"
UNIT = "0::/system.slice/mastodon-sidekiq.service\n"
USERS = "0::/user.slice/user-0.slice/session-1.scope\n"
DOCKER = "0::/system.slice/docker-0123456789abcdef.scope\n"


@pytest.fixture
def run(tmp_path):
    """Puts a process into a /proc of the test's own."""
    proc = tmp_path / "proc"
    proc.mkdir()

    def write(pid, *, title=TITLE, cgroup=UNIT, environ=b"", cwd="/home/mastodon/live"):
        folder = proc / str(pid)
        folder.mkdir()
        (folder / "stat").write_text(f"{pid} (ruby) S 1 1 1 0 -1 4194560 0 0 0 0 5 5 0 0 20 0 7 0 5000 900 800\n")
        (folder / "status").write_text(f"Tgid:\t{pid}\nTracerPid:\t0\nUid:\t991\t991\t991\t991\nSigCgt:\t0000000100084002\n")
        (folder / "cmdline").write_text(title)
        (folder / "cgroup").write_text(cgroup)
        (folder / "cwd").symlink_to(cwd)
        if environ is not None:
            (folder / "environ").write_bytes(environ)
        return proc

    return write


def beats(*hosts_and_pids):
    """A Redis in which these beat."""
    told = (Beating(f"{host}:{pid}:abc", Info(host=host, pid=pid, queues=("default",), version="7.3.2")) for host, pid in hosts_and_pids)
    return Seen("8.0.2", "master", "", tuple(told), queues=("default",))


def named(found, name):
    """The texts of the remarks of that name."""
    return [one.text for one in judge(found, "config.yml") if one.name == name]


def test_who_is_one_of_them(run):
    """The title tells, and nothing else: no shell, no editor, no file of that name."""
    run(10)
    run(11, title="vim sidekiq 7.3.2 live [0 of 5 busy]")
    run(12, title="bundle exec sidekiq")
    proc = run(13, cgroup=DOCKER)
    assert [(one.pid, one.version, one.unit, one.container) for one in processes(proc)] == [
        (10, "7.3.2", "mastodon-sidekiq.service", False),
        (13, "7.3.2", "", True),
    ]
    assert processes(proc / "nothing") == ()


async def test_a_process_without_a_service(run, plant, shown):
    """Its environment and the files in its folder say which Redis it uses; that nobody starts it again is said."""
    proc = run(20, cgroup=USERS, environ=b"REDIS_URL=redis://10.1.1.1/2\0LANG=C\0", cwd="/srv/app")
    found = await survey(root=plant({}), proc=proc)
    assert not found.nothing
    assert shown.asked[0].url == "redis://10.1.1.1/2"
    assert named(found, "by-hand") == ["no service of systemd has 1 of the Sidekiq processes here: pid 20"]
    assert "# the environment of the process 20: REDIS_URL" in config_text(found, state="state").config


async def test_an_environment_that_is_hidden(run, plant, shown):
    """Another user's environment can't be read: that is said, and what to do."""
    proc = run(20, cgroup=USERS, environ=None)
    found = await survey(root=plant({}), proc=proc)
    assert named(found, "hidden-process") == ["the environment of 1 of the Sidekiq processes is not shown to this user: pid 20"]


async def test_processes_in_containers(run, plant, shown):
    """They are counted, and what can't be done for them is said."""
    run(30, cgroup=DOCKER)
    proc = run(31, cgroup=DOCKER, environ=b"REDIS_HOST=redis\0LOCAL_DOMAIN=example.com\0")
    found = await survey(root=plant({}), proc=proc)
    assert len(named(found, "contained")) == 1
    assert named(found, "by-hand") == []


async def test_who_does_not_beat(run, plant, shown):
    """A process that runs here and is not in that Redis uses another one, or still boots."""
    run(40)
    proc = run(41)
    shown.seen = beats((host_name(), 40))
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live()}), proc=proc)
    assert named(found, "not-beating") == ["redis://10.0.0.5:6379/0 shows no beat of 1 of the Sidekiq processes here: pid 41"]


@pytest.mark.parametrize(
    ("identities", "expected"),
    [
        ((("dyno.1", 40), ("dyno.1", 41)), "dyno.1"),
        ((("dyno.1", 40),), None),
        ((("dyno.1", 40), (os.uname().nodename, 41)), None),
        ((("elsewhere", 99),), None),
    ],
)
async def test_another_name_of_this_host(identities, expected, run, plant, shown):
    """Where all processes of this machine beat under another name, that is the name; a single one that does is a coincidence."""
    run(40)
    proc = run(41)
    shown.seen = beats(*identities)
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live()}), proc=proc)
    assert found.host == expected
    assert (f"\nhost: {expected}\n" in config_text(found, state="state").config) is (expected is not None)
