"""Reading one process."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from watchdog.host.proc import ProcessFacts, read_process


def _read(tree, pid: int = 77) -> ProcessFacts:
    facts = read_process(pid, tree.proc, cgroups=tree.cgroups)
    assert facts is not None
    return facts


def test_healthy_process(tree):
    """Everything that the kernel says of a process is read, a padded title as one line without its padding."""
    tree.write(4711, caught="0000000000384001", tracer=12)

    assert read_process(4711, tree.proc, cgroups=tree.cgroups) == ProcessFacts(
        pid=4711,
        start_ticks=5000,
        state="S",
        comm="ruby",
        cmdline="sidekiq 6.4.1 app [0 of 5 busy]",
        tracer=12,
        catches=("HUP", "TERM", "TSTP", "TTIN", "TTOU"),
        uid=990,
        unit="mastodon-sidekiq.service",
    )


@pytest.mark.parametrize("comm", [b"foo) Z (", b")", b"", b"a b c", b"(((", b") S 1 1 1 0 -1 2097152", b"\xff\xfe", b"x\ny"])
def test_hostile_name(tree, comm):
    """Whatever a process calls itself, its state, flags and start are those that the kernel wrote behind the name."""
    tree.write(77, comm=comm, state=b"T", start=123456)
    facts = read_process(77, tree.proc, cgroups=tree.cgroups)

    assert facts is not None
    assert (facts.state, facts.start_ticks, facts.kernel_thread) == ("T", 123456, False)


def test_arguments_become_one_line(tree):
    """The arguments of an ordinary command line are joined with blanks; what is not UTF-8 does no harm."""
    tree.write(77, cmdline=b"/usr/bin/ruby\0-e\0sleep \xff\0")

    assert _read(tree).cmdline == "/usr/bin/ruby -e sleep �"


def test_kernel_thread(tree):
    """A kernel thread is told by its flag."""
    tree.write(2, comm=b"kthreadd", flags=0x208040, cmdline=b"", caught="0000000000000000")
    facts = read_process(2, tree.proc, cgroups=tree.cgroups)

    assert facts is not None
    assert facts.kernel_thread
    assert facts.catches == ()


def test_no_process(tree):
    """Where there is no process, there are no facts."""
    assert read_process(4712, tree.proc, cgroups=tree.cgroups) is None


@pytest.mark.parametrize("file", ["stat", "status", "cmdline", "cgroup"])
def test_vanishing_between_two_reads(tree, file):
    """A process of which one file is already gone is not read by halves."""
    folder = tree.write(77)
    (folder / file).unlink()

    assert read_process(77, tree.proc, cgroups=tree.cgroups) is None


@pytest.mark.parametrize("file", ["stat", "status"])
def test_cut_off_anywhere(tree, file):
    """A file that ends too early, at whichever byte, is not read by halves: a start or a mask that lost digits would look like one."""
    folder = tree.write(77, start=5000)
    whole = (folder / file).read_bytes()
    for end in range(len(whole)):
        (folder / file).write_bytes(whole[:end])

        assert read_process(77, tree.proc, cgroups=tree.cgroups) is None


@pytest.mark.parametrize("digits", [str(2**63), str(2**64), "9" * 5001, "-1", "5e3", "٣"], ids=["2**63", "2**64", "9…", "-1", "5e3", "٣"])
def test_impossible_numbers(tree, digits):
    """A number that the kernel can't have written makes the process unreadable."""
    stat = tree.write(77, start=5000) / "stat"
    stat.write_bytes(stat.read_bytes().replace(b" 5000 ", f" {digits} ".encode()))

    assert read_process(77, tree.proc, cgroups=tree.cgroups) is None


def test_greatest_number(tree):
    """The greatest number that the kernel could write is taken as it is."""
    tree.write(77, start=2**63 - 1)

    assert _read(tree).start_ticks == 2**63 - 1


@pytest.mark.parametrize("caught", ["xyz", "", "-"])
def test_mask_that_is_none(tree, caught):
    """A signal mask that is no number makes the process unreadable, not one that handles nothing."""
    tree.write(77, caught=caught)

    assert read_process(77, tree.proc, cgroups=tree.cgroups) is None


def test_thread_is_no_process(tree):
    """The kernel shows threads under /proc too; the number of one is not a process."""
    tree.write(78, tgid=77)

    assert read_process(78, tree.proc, cgroups=tree.cgroups) is None


def test_this_very_process():
    """On the real /proc: our own start stays the same, a thread of ours is no process, and a pid that can't be is none."""
    first, second = read_process(os.getpid()), read_process(os.getpid())

    assert first is not None
    assert second is not None
    assert first.start_ticks == second.start_ticks > 0
    assert "INT" in first.catches
    assert first.uid == os.geteuid()
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert thread.native_id is not None
        assert read_process(thread.native_id) is None
    finally:
        done.set()
        thread.join()
    assert read_process(2**31) is None
    assert read_process(-1) is None


def test_facts_stay_with_the_process():
    """A zombie, which has no command line any more, is read without error."""
    with subprocess.Popen(["/bin/true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        facts = read_process(child.pid, Path("/proc"))

        assert facts is not None
        assert (facts.state, facts.cmdline) == ("Z", "")
