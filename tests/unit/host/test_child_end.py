"""In which order a tree is ended, and that it is not ended by halves."""

import pytest

from watchdog.host.child_end import _end
from watchdog.host.child_tree import Member
from watchdog.model.targets import Signal

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
    reason = _end(TREE, tuple(Handle(member.pid, done, dead=dead) for member in TREE))  # type: ignore[arg-type]

    assert not reason
    assert done == ["ask 90", "ask 92", "KILL 90", "KILL 92"]


def test_not_by_halves():
    """Where one of them may not be signalled, none is."""
    done: list[str] = []
    handles = tuple(Handle(member.pid, done, permitted=member.pid != 92) for member in TREE)

    assert (
        _end(TREE, handles) == "not permitted to signal ffmpeg with pid 92: the agent needs CAP_KILL, or to run as the user that it runs as"
    )  # type: ignore[arg-type]
    assert done == ["ask 90", "ask 92"]
