"""An examination of a host that is not there, and what it is made of."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from watchdog.doctor.beginning import examined
from watchdog.doctor.exam import Exam, Places, Unit
from watchdog.doctor.found import Point
from watchdog.doctor.server import Server
from watchdog.doctor.who import Who
from watchdog.host.proc import ProcessFacts
from watchdog.sidekiq.decode import Beat, Info
from watchdog.sidekiq.reading import Reading

NOW = 1_795_000_000_000
CONFIG = 'mode: act\nredis: {url: "redis://127.0.0.1:1/0"}\nrules: [rules.yml]\nstate: state\n'
RULES = "rules:\n  - rule: stuck-job\n    each: job\n    when: job.elapsed > 20s\n"


def who(**changes: Any) -> Who:
    """The user who runs the tests, taken for the agent's."""
    return Who(**{"uid": os.geteuid(), "gid": os.getegid(), "groups": (), "name": "agent", "known_by": "User= of its unit", **changes})


def exam(folder: Path, **changes: Any) -> Exam:
    """One of which nothing is known but the path of its config."""
    given = {"path": folder / "config.yml", "who": who(), "settings": None, "loaded": None, "problems": (), "places": Places()}
    return Exam(**{**given, **changes})


def server(**changes: Any) -> Server:
    """A Redis with which all is well."""
    slots = {"version": "7.0.15", "role": "master", "policy": "noeviction", "memory": 1_000_000, "maxmemory": 0}
    given = {"where": "127.0.0.1:6379", "info": {"role": "master"}, "slots": slots | changes.pop("slots", {}), "ahead": 3, "unwritten": []}
    return Server(**{**given, **changes})


def reading(host: str = "web1", pid: int = 4711, *, ahead: int = 0, ttl: int = 55_000, **info: Any) -> Reading:
    """A process as Redis shows it at `NOW`; `ahead` is how far the clock of its host is."""
    at = NOW - (60_000 - ttl) + ahead
    return Reading(
        identity=f"{host}:{pid}:a1b2",
        at=NOW,
        ttl=ttl,
        member=True,
        info=Info(host=host, pid=pid, **{"version": "7.3.2", "tag": "app", "queues": ("push",), **info}),
        beat=Beat(at=at, written=b""),
        work=(),
        held=0,
    )


def facts(pid: int = 4711, **changes: Any) -> ProcessFacts:
    """A local process with Sidekiq's title."""
    given = {"pid": pid, "start_ticks": 5, "state": "S", "comm": "ruby", "cmdline": "sidekiq 7.3.2 app [0 of 5 busy]"}
    return ProcessFacts(**{**given, "unit": "mastodon-sidekiq.service", **changes})


def unit(name: str = "mastodon-sidekiq.service", *, sidekiq_timeout: int | None = 25_000, **readings: Any) -> Unit:
    """A unit with which all is well."""
    given = {"load_state": "loaded", "reload_needed": False, "failed": False, "stop_timeout": 60_000, "restart_policy": "always"}
    return Unit(name=name, readings={**given, **readings}, sidekiq_timeout=sidekiq_timeout)


OWN = {
    "LoadState": "loaded", "Type": "notify", "WatchdogUSec": 60_000_000, "Restart": "always", "NeedDaemonReload": False, "UnitFileState": "enabled",
    "DropInPaths": [], "User": "sidekiq-watchdog",
}  # fmt: skip
"""The agent's unit as it should be."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A config with a rule, both without a fault, for a Redis that is not there."""
    (tmp_path / "config.yml").write_text(CONFIG)
    (tmp_path / "rules.yml").write_text(RULES)
    return tmp_path


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with nobody in it but the first process."""
    (tmp_path / "proc" / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("5f9a7d3e-0000-4000-8000-000000000001\n")
    return tmp_path / "proc"


@pytest.fixture
def look(folder: Path, proc: Path) -> Callable[..., Any]:
    """Gives all points of that config by name, on a host with an empty /proc and nobody at its bus."""

    async def run(*only: str, **changes: Any) -> dict[str, Point]:
        places = Places(proc=proc, bus=folder / "bus", inspect=folder / "inspect.sock", commands=folder / "commands.toml")
        given = {"own_unit": OWN, "agent": None, "places": places, **changes}
        _, points = await examined(folder / "config.yml", who(), only=only, **given)
        return {point.name: point for point in points}

    return run
