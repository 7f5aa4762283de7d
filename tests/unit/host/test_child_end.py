"""
How a child is found and judged, in which order a tree is ended, and that it is not ended by halves.

The kernel is made up, but for pidfds: so every process that is looked at is a real child that sleeps.
"""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from watchdog.host.boot import here
from watchdog.host.child_end import Children, _end
from watchdog.host.child_tree import Member
from watchdog.model.results import ChildLook
from watchdog.model.targets import ChildRef, ProcessRef, Signal

TREE = tuple(
    Member(pid=pid, born=1, name=name, parent=pid - 1, state=state, ran=())
    for pid, name, state in ((90, "sh", "S"), (91, "true", "Z"), (92, "ffmpeg", "S"))
)


class Handle:
    """Stands for a pidfd; `done` is what was asked of all of them."""

    def __init__(self, pid: int, done: list[str], *, permitted: bool = True, dead: bool = False) -> None:
        self._pid, self._done, self._permitted, self._dead = pid, done, permitted, dead

    def may_be_signalled(self) -> bool:
        self._done.append(f"ask {self._pid}")
        return self._permitted

    def send(self, one: Signal) -> None:
        self._done.append(f"{one} {self._pid}")
        if self._dead:
            raise ProcessLookupError


@pytest.mark.parametrize("dead", [False, True])
def test_whoever_started_another_is_ended_before_it(dead):
    """All are asked for first; then from the top, so that nobody starts another when the one it waits for dies. The dead are left out, and one that dies meanwhile is no trouble."""
    done: list[str] = []
    handles: Any = tuple(Handle(member.pid, done, dead=dead) for member in TREE)
    reason = _end(TREE, handles)

    assert not reason
    assert done == ["ask 90", "ask 92", "KILL 90", "KILL 92"]


def test_not_by_halves():
    """Where one of them may not be signalled, none is."""
    done: list[str] = []
    handles: Any = tuple(Handle(member.pid, done, permitted=member.pid != 92) for member in TREE)

    assert (
        _end(TREE, handles) == "not permitted to signal ffmpeg with pid 92: the agent needs CAP_KILL, or to run as the user that it runs as"
    )
    assert done == ["ask 90", "ask 92"]


class Scene:
    """A Sidekiq with a child that has stood still for ten minutes."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        self.sleepers = [subprocess.Popen(["sleep", "600"]) for _ in range(2)]
        self.sidekiq, self.child = (one.pid for one in self.sleepers)
        tree.write(self.sidekiq, start=5_000)
        tree.thread(self.sidekiq, self.sidekiq, children=f"{self.child} ")
        self.write()
        self.here = here(name="web1", proc=tree.proc, cgroups=tree.cgroups)
        self.known: int | None = 600_000

    def write(self, **fields: Any) -> None:
        """The child, asleep unless told otherwise."""
        self.tree.write(self.child, **{"comm": b"ffmpeg", "parent": self.sidekiq, "start": 6_000, **fields})
        self.tree.thread(self.child, self.child, state=fields.get("state", b"S"))

    def look(self) -> ChildLook:
        """How it is found."""
        process = ProcessRef("web1/app[push]", "web1:1:abc", "web1", self.sidekiq, 5_000, self.here.boot_id, "app")
        children = Children(self.here, stood=lambda *_: self.known, sidekiqs=tuple)
        return children.look(ChildRef("web1/app[push] child ffmpeg", process, self.child, 6_000, "ffmpeg"))

    def close(self) -> None:
        for one in self.sleepers:
            one.kill()
            one.wait()


@pytest.fixture
def scene(tree) -> Iterator[Scene]:
    """As described there."""
    one = Scene(tree)
    yield one
    one.close()


def test_how_it_is_found(scene):
    """Alive, with nothing against it, and for how long it has stood still, if that is known."""
    assert scene.look() == ChildLook(alive=True, still=600_000, processes=1)
    scene.known = None
    assert scene.look() == ChildLook(alive=True, still=0, processes=1)


def test_whoever_is_about_to_run_does_not_stand_still(scene):
    """The kernel has not counted what it runs now, and one that gets no processor would run if it could."""
    scene.write(state=b"R")

    assert scene.look() == ChildLook(alive=True, still=0, processes=1)


@pytest.mark.parametrize(
    ("fields", "against"),
    [
        ({"start": 6_001}, "pid {} has been given to another process since"),
        ({"parent": 1}, "pid {} is no child of that process any more"),
    ],
)
def test_who_is_not_the_one_that_was_meant(scene, fields, against):
    """It is gone, whoever has its pid."""
    scene.write(**fields)

    assert scene.look() == ChildLook(alive=False, against=against.format(scene.child))


@pytest.mark.parametrize(
    ("fields", "against"),
    [
        ({"state": b"T"}, "somebody is holding pid {}, and its children may be waiting for it"),
        ({"tracer": 7}, "somebody is holding pid {}, and its children may be waiting for it"),
        ({"state": b"t", "tracer": 7}, "somebody is holding pid {}: it is stopped by the debugger with pid 7"),
        ({"cmdline": b"puma"}, "pid {} is not the process that was meant: its command line is not the title of a Sidekiq process"),
    ],
)
def test_a_process_in_whose_name_nothing_is_done(scene, fields, against):
    """Whoever is held, or is another, has no child that could be said to hang."""
    scene.tree.write(scene.sidekiq, **{"start": 5_000, **fields})

    assert scene.look() == ChildLook(alive=True, against=against.format(scene.sidekiq))


def test_a_child_that_is_not_shown(scene):
    """What can't be read is not said to be gone while its handle says that it lives."""
    (scene.tree.proc / str(scene.child) / "stat").unlink()

    assert scene.look() == ChildLook(alive=True, against=f"pid {scene.child} can't be read")


def test_a_child_that_has_ended(scene):
    """Its handle says so, whatever is shown."""
    scene.sleepers[1].kill()
    scene.sleepers[1].wait()
    assert scene.look() == ChildLook(alive=False, against=f"there is no process {scene.child} any more")
