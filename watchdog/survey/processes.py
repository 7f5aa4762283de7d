"""Sidekiq processes of this host by their titles, whoever runs them: those of a service, of a container, and those that somebody started by hand."""

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from watchdog.host.cgroup import paths
from watchdog.host.files import open_directory, read
from watchdog.host.match import title_mismatch
from watchdog.host.proc import read_process
from watchdog.survey.environment import Environment, of_process

_TITLE: Final = re.compile(r"sidekiq (?P<version>\S+) (?P<rest>.*)", re.DOTALL)
_CONTAINER: Final = re.compile(r"(?:^|/)(?:docker[-/]|libpod|crio|cri-containerd|kubepods|lxc\.payload)")


_MOST_SHOWN: Final = 8


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """
    One that runs.

    `folder` and `environment` are None where this user may not see them; `container` says whether it runs in one, by its control groups; `unit` is empty where systemd did not start it.
    """

    pid: int
    version: str
    uid: int
    unit: str
    container: bool
    folder: str | None
    environment: Environment | None


def pids(of: Sequence[int]) -> str:
    """A few of them, for people."""
    return ", ".join(map(str, of[:_MOST_SHOWN])) + (" and more" if len(of) > _MOST_SHOWN else "")


def processes(proc: Path) -> tuple[Process, ...]:
    """All that can be seen, by pid."""
    with contextlib.suppress(OSError):
        pids = sorted(int(name) for name in os.listdir(proc) if name.isdecimal())  # noqa: PTH208  (names are wanted)
        return tuple(one for pid in pids if (one := _process(pid, proc)) is not None)
    return ()


def _process(pid: int, proc: Path) -> Process | None:
    facts = read_process(pid, proc)
    if facts is None or facts.state == "Z" or title_mismatch(facts.cmdline, version="", tag=None):
        return None
    title = _TITLE.fullmatch(facts.cmdline)
    return Process(
        pid=pid,
        version=title["version"] if title else "",
        uid=facts.uid,
        unit=facts.unit,
        container=_is_contained(pid, proc),
        folder=_folder(pid, proc),
        environment=_environment(pid, proc),
    )


def _is_contained(pid: int, proc: Path) -> bool:
    """By the names of its control groups: docker, podman, Kubernetes, LXC."""
    with contextlib.suppress(OSError):
        listing = (proc / str(pid) / "cgroup").read_text("utf-8", "replace")
        return any(_CONTAINER.search(path) for path in paths(listing).values())
    return False


def _folder(pid: int, proc: Path) -> str | None:
    with contextlib.suppress(OSError):
        return str((proc / str(pid) / "cwd").readlink())
    return None


def _environment(pid: int, proc: Path) -> Environment | None:
    try:
        directory = open_directory(str(proc / str(pid)))
    except OSError:
        return None
    try:
        return of_process(read("environ", directory).split(b"\0"), pid)
    except OSError:
        return None
    finally:
        os.close(directory)
