"""A /proc and control groups in a temporary folder, written as the kernel writes them."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

TITLE = b"sidekiq 6.4.1 app [0 of 5 busy]"


class Tree(msgspec.Struct, frozen=True):
    """
    `proc` and `cgroups` stand for /proc and /sys/fs/cgroup; `write` puts one process there, as a healthy Sidekiq unless told otherwise, `thread` one thread
    of it, its main thread if it has the same number.
    """

    proc: Path
    cgroups: Path
    write: Callable[..., Path]
    thread: Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty kernel with a boot id."""
    proc, cgroups = tmp_path / "proc", tmp_path / "cgroup"
    boot = proc / "sys/kernel/random/boot_id"
    boot.parent.mkdir(parents=True)
    boot.write_text("b0075b07-0000-4000-8000-000000000001\n")
    cgroups.mkdir()

    def write(
        pid: int,
        *,
        comm: bytes = b"ruby",
        state: bytes = b"S",
        start: int = 5000,
        flags: int = 0x400100,
        cmdline: bytes = TITLE + b"\0" * 20,
        tracer: int = 0,
        caught: str = "0000000100084002",
        tgid: int | None = None,
        cgroup: str = "0::/system.slice/mastodon-sidekiq.service\n",
        parent: int = 1,
        ticks: int = 0,
        memory: str = "204800 kB",
    ) -> Path:
        folder = proc / str(pid)
        folder.mkdir(exist_ok=True)
        before, between = b"%d %d %d 0 -1" % (parent, pid, pid), b"0 0 0 0 %d %d 0 0 20 0 7 0" % (ticks - ticks // 3, ticks // 3)
        (folder / "stat").write_bytes(b"%d (%s) %s %s %d %s %d 900 800\n" % (pid, comm, state, before, flags, between, start))
        (folder / "status").write_text(
            f"Name:\truby\nState:\tS (sleeping)\nTgid:\t{pid if tgid is None else tgid}\nPid:\t{pid}\nTracerPid:\t{tracer}\n"
            f"Uid:\t991\t990\t990\t990\nVmRSS:\t  {memory}\nVmSwap:\t       0 kB\nSigBlk:\t0000000000000000\nSigCgt:\t{caught}\n"
        )
        (folder / "cmdline").write_bytes(cmdline)
        (folder / "cgroup").write_text(cgroup)
        return folder

    def thread(
        pid: int,
        number: int,
        *,
        comm: bytes = b"ruby",
        state: bytes = b"S",
        ticks: int = 0,
        start: int = 5000,
        switches: int = 0,
        ran: int = 0,
        children: str = "",
    ) -> Path:
        folder = proc / str(pid) / "task" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        numbers = b"1 1 1 0 -1 4194304 0 0 0 0 %d 0 0 0 20 0 7 0 %d 900 800" % (ticks, start)
        (folder / "stat").write_bytes(b"%d (%s) %s %s\n" % (number, comm, state, numbers))
        (folder / "status").write_text(f"Name:\truby\nvoluntary_ctxt_switches:\t{switches}\nnonvoluntary_ctxt_switches:\t3\n")
        (folder / "schedstat").write_text(f"{ran} 100 7\n")
        (folder / "children").write_text(children)
        return folder

    return Tree(proc, cgroups, write, thread)
