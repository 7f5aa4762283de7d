"""What a process may use, from a tree like /proc: its own is read, another one's is not, and what may not be known is None."""

import os
from pathlib import Path

from watchdog.host.allowance import read_allowance
from watchdog.host.boot import Here, here
from watchdog.host.proc import read_process

LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max open files            1024                 524288               files     
Max nice priority         0                    0                    
"""  # noqa: W291  (as the kernel writes it)


def tree(folder: Path, *, files: int | None = 3, limits: str = LIMITS) -> None:
    """A process 77 that began at tick 5000."""
    process = folder / "77"
    process.mkdir()
    (process / "stat").write_text("77 (ruby) S " + "0 " * 18 + "5000 " + "0 " * 30 + "\n")
    (process / "status").write_text("Name:\truby\nVmHWM:\t   2048 kB\n")
    (process / "limits").write_text(limits)
    if files is not None:
        (process / "fd").mkdir()
        for number in range(files):
            (process / "fd" / str(number)).touch()


def test_what_the_kernel_writes(tmp_path):
    """Soft limits by their names, the peak in bytes, open files by their number."""
    tree(tmp_path)
    found = read_allowance(77, 5000, Here("web1", "b", proc=tmp_path))

    assert found is not None
    assert found.limits == {"Max cpu time": "unlimited", "Max open files": "1024", "Max nice priority": "0"}
    assert (found.files, found.peak) == (3, 2048 * 1024)


def test_another_with_its_pid_is_not_read(tmp_path):
    """Nor one that is not there."""
    tree(tmp_path)
    place = Here("web1", "b", proc=tmp_path)

    assert read_allowance(77, 5001, place) is None
    assert read_allowance(78, 5000, place) is None


def test_what_may_not_be_known_is_none(tmp_path):
    """Its open files are not shown to this user; the rest is there."""
    tree(tmp_path, files=None, limits="nonsense")
    found = read_allowance(77, 5000, Here("web1", "b", proc=tmp_path))

    assert found is not None
    assert (found.files, found.limits, found.peak) == (None, {}, 2048 * 1024)


def test_our_own_process():
    """On the real /proc."""
    facts = read_process(os.getpid())
    assert facts is not None
    found = read_allowance(facts.pid, facts.start_ticks, here(name="web1"))

    assert found is not None
    assert found.files is not None
    assert found.files >= 3
    assert "Max open files" in found.limits
