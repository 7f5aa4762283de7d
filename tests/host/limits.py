"""Control groups that a test makes, and takes away again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def limited(pid: int, memory: int, *, below: int = 0) -> Iterator[Path]:
    """
    Put a process into a group of its own that may use so many bytes, for as long as the block; both versions. Skips where nobody may make one.

    `below` is a process whose group has the new one in it, so that who sees no other groups than that sees it.
    """
    old = Path("/sys/fs/cgroup/memory")
    parent, limit = (old, "memory.limit_in_bytes") if old.is_dir() else (Path("/sys/fs/cgroup"), "memory.max")
    if below:
        groups = dict(line.split(":", 2)[1:] for line in Path(f"/proc/{below}/cgroup").read_text().splitlines())
        parent /= groups["memory" if old.is_dir() else ""].lstrip("/")
    group = parent / f"watchdog-memory-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"this machine lets nobody make control groups: {error}")
    try:
        if not (group / limit).exists():
            pytest.skip("this machine does not count memory in control groups")
        (group / limit).write_text(str(memory))
        (group / "cgroup.procs").write_text(str(pid))
        yield group
    finally:
        for one in (group / "cgroup.procs").read_text().split():
            (parent / "cgroup.procs").write_text(one)
        group.rmdir()
