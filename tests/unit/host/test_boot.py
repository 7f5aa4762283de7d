"""The host as a frame of reference."""

import time

import pytest

from watchdog.host import boot


def test_start_in_engine_time():
    """A process that started 30 s ago by the kernel's clock started 30 s ago in engine time, whatever engine time counts from."""
    started = boot.started_at(7000, ticks_per_second=100, at=1_000_000, since_boot=100_000)

    assert started == 970_000


def test_odd_ticks():
    """Other kernels count other ticks; the result is a whole number of milliseconds, never later than the truth."""
    assert boot.started_at(1, ticks_per_second=1024, at=0, since_boot=0) == 0
    assert boot.started_at(1024 * 5 + 1, ticks_per_second=1024, at=5000, since_boot=5000) == 5000


def test_since_boot_is_not_behind_monotonic():
    """The clock of process starts goes on in suspend, so it is never behind the monotonic one."""
    monotonic = time.monotonic_ns() // 1_000_000

    assert boot.since_boot() >= monotonic


def test_here(tree):
    """The host is known by the name it is given and by its boot."""
    here = boot.here(name="web1", proc=tree.proc, cgroups=tree.cgroups)

    assert (here.name, here.boot_id) == ("web1", "b0075b07-0000-4000-8000-000000000001")
    assert here.ticks_per_second > 0


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\n"])
def test_boot_that_is_not_told(tmp_path, content):
    """Where /proc does not tell the boot, processes can't be told apart, and that is said."""
    path = tmp_path / "sys/kernel/random/boot_id"
    path.parent.mkdir(parents=True)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(boot.HostUnreadableError, match="boot_id"):
        boot.boot_id(tmp_path)
