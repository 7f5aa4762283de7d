"""With which look at the counters of a group the end of a process is compared."""

import pytest

from watchdog.host.starvation import DYING, Starvation

PID = 4242
END = 100_000


@pytest.fixture
def group(tmp_path):
    """Writes what a group counts, and where the process is."""

    def put(kills, name="a.service"):
        listing = tmp_path / "proc" / str(PID) / "cgroup"
        listing.parent.mkdir(parents=True, exist_ok=True)
        listing.write_text(f"0::/{name}\n")
        counter = tmp_path / "cgroup" / name / "memory.events"
        counter.parent.mkdir(parents=True, exist_ok=True)
        counter.write_text(f"oom_kill {kills}\n")
        return Starvation(PID, proc=tmp_path / "proc", cgroups=tmp_path / "cgroup")

    return put


@pytest.mark.parametrize(
    ("looks", "at_the_end", "killed"),
    [
        # (milliseconds before the end, what is counted then)
        ([(5_000, 3)], 3, False),
        ([(5_000, 3)], 4, True),
        # A look while it was already dying has its own end in it.
        ([(5_000, 3), (DYING - 1, 4)], 4, True),
        ([(9_000, 3), (5_000, 3), (400, 4), (100, 4)], 4, True),
        # What was killed before was another.
        ([(9_000, 2), (DYING, 4)], 4, False),
        ([(20_000, 2), (5_000, 3), (100, 3)], 3, False),
        # It was found only a moment ago: there is nothing better to compare with.
        ([(500, 3)], 4, True),
        ([(500, 4)], 4, False),
        ([], 4, None),
    ],
)
def test_what_is_compared(group, looks, at_the_end, killed):
    """The newest look that is old enough not to have the end in it."""
    starvation = group(0)
    for before, kills in looks:
        group(kills)
        starvation.look(END - before)
    group(at_the_end)

    assert starvation.has_killed(END) is killed


def test_a_process_that_was_moved(group):
    """What another group has counted is not compared with that in which it is now."""
    starvation = group(7)
    starvation.look(END - 9_000)
    group(0, "b.service")
    starvation.look(END - 300)
    group(1, "b.service")

    assert starvation.has_killed(END) is True


def test_it_remembers_little(group):
    """However often somebody looks."""
    starvation = group(0)
    for at in range(0, END, 100):
        starvation.look(at)

    assert len(starvation._looks) <= DYING / 100 + 2
