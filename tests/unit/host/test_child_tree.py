"""A child with all that it has started, read from a made-up kernel, and what stands against ending it."""

import shutil

import msgspec
import pytest

from watchdog.host.boot import here
from watchdog.host.child_tree import Member, hindrance, ran, read_tree
from watchdog.host.children import MOST, read_children
from watchdog.host.files import open_directory
from watchdog.host.threads import read_threads

PID = 90
SHELL = Member(pid=PID, born=6000, name="sh", parent=77, state="S", ran=((90, 5),))
BELOW = Member(pid=91, born=6001, name="ffmpeg", parent=PID, state="S", ran=((91, 7), (92, 8)))


def _read(tree) -> tuple[Member, ...]:
    return read_tree(PID, here(name="web1", proc=tree.proc, cgroups=tree.cgroups))


@pytest.fixture
def shell(tree):
    """A shell that waits for a program with two threads."""
    tree.write(PID, comm=b"sh", parent=77, start=6000)
    tree.thread(PID, PID, ran=5, children="91 ")
    tree.write(91, comm=b"ffmpeg", parent=PID, start=6001)
    tree.thread(91, 91, ran=7)
    tree.thread(91, 92, ran=8)
    return tree


def test_a_tree(shell):
    """Each stands behind the one that started it, and the run time of all is what a look at children tells."""
    assert _read(shell) == (SHELL, BELOW)
    shell.write(77)
    shell.thread(77, 77, children="90 ")
    directory = open_directory(str(shell.proc / "77"))
    (child,) = read_children(directory, read_threads(directory, 77), str(shell.proc), pid=77)

    assert ran(_read(shell)) == child.ran


def test_what_hinders_is_read(shell):
    """A debugger, a stop, a terminal and a wait for a disk are seen of each, of any of its threads."""
    shell.write(91, comm=b"ffmpeg", parent=PID, start=6001, state=b"t", tracer=5)
    shell.thread(91, 92, ran=8, state=b"D")
    stat = shell.proc / "90/stat"
    stat.write_text(stat.read_text().replace("77 90 90 0", "77 90 90 34816"))
    first, second = _read(shell)

    assert (first.terminal, second.terminal) == (True, False)
    assert (second.state, second.tracer, second.waits) == ("t", 5, True)


def test_who_runs(shell):
    """One thread that has a processor, or waits for one, is enough."""
    shell.thread(91, 92, ran=8, state=b"R")

    assert [member.runs for member in _read(shell)] == [False, True]


def test_a_descendant_whose_pid_was_given_away(shell):
    """Who has another parent by now does not belong to it."""
    shell.write(91, comm=b"postgres", parent=1, start=9000)

    assert _read(shell) == (SHELL,)


def test_a_child_that_is_gone(shell):
    """Of what ends meanwhile nothing is read, and of what is gone nothing at all."""
    shutil.rmtree(shell.proc / "91")
    assert _read(shell) == (SHELL,)
    shutil.rmtree(shell.proc / "90")
    assert _read(shell) == ()


def test_a_large_tree(shell):
    """What is too large to be looked at is not read by halves."""
    shell.thread(PID, PID, ran=5, children=" ".join(str(pid) for pid in range(100, 101 + MOST)))
    for pid in range(100, 101 + MOST):
        shell.write(pid, parent=PID)
        shell.thread(pid, pid)

    with pytest.raises(ValueError, match=r"^$"):
        _read(shell)


def test_nothing_hinders():
    """A shell that waits for a program may be ended, and what has ended already in it does not matter."""
    assert not hindrance((SHELL, BELOW), never=(1, 999), sidekiqs=(77,))
    assert not hindrance((SHELL, msgspec.structs.replace(BELOW, state="Z")), never=(1, 999), sidekiqs=(77,))


@pytest.mark.parametrize("which", [0, 1], ids=["child", "below"])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"pid": 999}, "{} is never signalled: it is init or the agent itself"),
        ({"pid": 1}, "{} is never signalled: it is init or the agent itself"),
        ({"pid": 78}, "{} is a Sidekiq process itself"),
        ({"frozen": True}, "somebody is holding {}: its control group is frozen"),
        ({"tracer": 5}, "somebody is holding {}: the debugger with pid 5"),
        ({"state": "T"}, "somebody is holding {}: it is stopped"),
        ({"state": "t"}, "somebody is holding {}: it is stopped"),
        ({"terminal": True}, "{} has a terminal: somebody may sit at it"),
        ({"waits": True}, "{} waits for a disk or a driver, where no signal reaches it"),
    ],
)
def test_hindrances(which, change, reason):
    """Whatever stands against ending one of them stands against ending any."""
    tree = [SHELL, BELOW]
    member = tree[which] = msgspec.structs.replace(tree[which], **change)

    assert hindrance(tuple(tree), never=(1, 999), sidekiqs=(77, 78)) == reason.format(f"{member.name} with pid {member.pid}")
