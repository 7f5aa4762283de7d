"""
The memory of a control group: what its processes use together, what they may use, and how often the kernel killed one for it.

Reads version 1 and 2 (cgroups(7)). A limit of a group around it counts too: the kernel heeds the narrowest.
"""

from pathlib import Path
from typing import Final

import msgspec

from watchdog.host.cgroup import paths
from watchdog.host.files import number, read

_NONE: Final = 2**62  # version 1 writes "no limit" as the greatest number of pages


class GroupMemory(msgspec.Struct, frozen=True):
    """Bytes in use, file cache included; the limit, 0 where there is none; processes killed. None is what can't be read."""

    used: int | None = None
    limit: int | None = None
    kills: int | None = None


UNKNOWN: Final = GroupMemory()


def read_group(listing: str, cgroups: Path) -> GroupMemory:
    """The group of a process with that /proc/PID/cgroup; `cgroups` is where groups are mounted. Never raises."""
    found = paths(listing)
    old, unified = found.get("memory"), found.get("")
    if old is not None:
        return _read(
            cgroups / "memory", old, used="memory.usage_in_bytes", limit="memory.limit_in_bytes", kills=("memory.oom_control", b"oom_kill")
        )
    if unified is not None:
        return _read(cgroups, unified, used="memory.current", limit="memory.max", kills=("memory.events", b"oom_kill"))
    return UNKNOWN


def kill_counters(listing: str, cgroups: Path) -> tuple[Path, ...]:
    """
    The files that count kills for want of memory in the group of a process with that /proc/PID/cgroup, its own first.

    Version 2 counts what happens in a group in all around it as well, which are still there when systemd has removed the group.
    """
    found = paths(listing)
    old, unified = found.get("memory"), found.get("")
    path, mount, name = (old, cgroups / "memory", "memory.oom_control") if old is not None else (unified, cgroups, "memory.events")
    parts = [part for part in (path or "").split("/") if part]
    if path is None or ".." in parts:
        return ()
    depths = [len(parts)] if old is not None else range(len(parts), 0, -1)
    return tuple(mount.joinpath(*parts[:depth], name) for depth in depths)


def kills_in(counter: Path) -> int | None:
    """What such a file counts; None where it can't be read."""
    return _counted(counter, b"oom_kill")


def _read(mount: Path, path: str, *, used: str, limit: str, kills: tuple[str, bytes]) -> GroupMemory:
    parts = [part for part in path.split("/") if part]
    if ".." in parts:
        return UNKNOWN  # it lies outside of what is shown to us
    group = mount.joinpath(*parts)
    return GroupMemory(_number(group / used), _limit(mount, parts, limit), _counted(group / kills[0], kills[1]))


def _limit(mount: Path, parts: list[str], name: str) -> int | None:
    """The narrowest limit from the group up to the mount; None where even its own can't be read."""
    found = [_bound(mount.joinpath(*parts[:depth], name)) for depth in range(len(parts), -1, -1)]
    if found[0] is None:
        return None
    bounds = [one for one in found if one]
    return min(bounds, default=0)


def _bound(path: Path) -> int | None:
    text = _text(path)
    if text is None:
        return None
    if text.strip() == b"max":
        return 0
    limit = _as_number(text)
    return 0 if limit is not None and limit >= _NONE else limit


def _counted(path: Path, name: bytes) -> int | None:
    for line in (_text(path) or b"").split(b"\n"):
        word, _, rest = line.partition(b" ")
        if word == name:
            return _as_number(rest)
    return None


def _number(path: Path) -> int | None:
    text = _text(path)
    return None if text is None else _as_number(text)


def _as_number(text: bytes) -> int | None:
    try:
        return number(text)
    except ValueError:
        return None


def _text(path: Path) -> bytes | None:
    try:
        return read(str(path))
    except (OSError, ValueError):
        return None
