"""What became of the jobs is read back out of every sentence that the agent writes about it."""

from hypothesis import given
from hypothesis import strategies as st

from watchdog.engine import edits
from watchdog.engine.incidents import Flight
from watchdog.engine.report import balance
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed, PlaceKind, Placement
from watchdog.model.results import JobsReleased, JobsTaken
from watchdog.timeline.jobs import jobs_of
from watchdog.timeline.timeline import Jobs

NUMBER = st.integers(0, 3)


def job(jid: str) -> Held:
    """A job that the process held."""
    return Held(
        jid, "A; 12 in flight: 3 finished by themselves; 4 put into quarantine", "push", Certainty.PROVEN, ("work_hash",), True, True, "d"
    )


def flight(finished: int, given_back: int, places: dict[PlaceKind, int], found: int, lost: int, unnamed: int) -> Flight:
    """A process that held these, each with what became of it."""
    placements = [(f"{kind}{n}", kind) for kind, number in places.items() for n in range(number)]
    left = [f"found{n}" for n in range(found)]
    missing = [f"lost{n}" for n in range(lost)]
    held = (*(job(jid) for jid, _ in placements), *map(job, left), *map(job, missing))
    return Flight(
        jobs=held,
        seen=tuple(f"own{n}" for n in range(finished)),
        given=tuple(f"given{n}" for n in range(given_back)),
        unnamed=unnamed,
        plan=tuple(Placement(jid, "Job", "push", kind, ("work_hash",), "") for jid, kind in placements),
        placed=(*(Placed(jid, Fate.DONE, "") for jid, _ in placements), *(Placed(jid, Fate.FOUND, "") for jid in left)),
    )


@given(
    finished=NUMBER,
    given_back=NUMBER,
    places=st.fixed_dictionaries(dict.fromkeys(PlaceKind, NUMBER)),
    found=NUMBER,
    lost=NUMBER,
    unnamed=NUMBER,
)
def test_the_numbers_are_those_of_the_report(finished, given_back, places, found, lost, unnamed):
    """Whatever the end of a process leads to; a class that is called like a sentence of ours misleads nobody."""
    said = balance(flight(finished, given_back, places, found, lost, unnamed)).replace(
        "A; 12 in flight: 3 finished by themselves; 4 put into quarantine", "Job"
    )
    counted = jobs_of([f"+3.1 s: a new process of its name beats; {said}"])
    put_back = sum(number for kind, number in places.items() if kind is not PlaceKind.QUARANTINE)
    numbers = (finished, given_back, put_back, places[PlaceKind.QUARANTINE], found, lost, unnamed)
    if not any(numbers):
        assert counted is None
        return
    assert counted is not None
    assert (
        counted.finished, counted.given_back, counted.put_back, counted.quarantined, counted.left, counted.lost, counted.unnamed
    ) == numbers  # fmt: skip
    assert counted.in_flight in (None, finished + given_back + sum(places.values()) + found + lost)


def test_jobs_that_were_moved_are_counted():
    """Taken into quarantine, and put back out of it."""
    taken = edits._taken(JobsTaken(4, 1, 2, 3))
    released = edits._released(JobsReleased(5, 1, 2))
    assert jobs_of([f"+0.1 s: {taken}"]) == Jobs(quarantined=4, said=(taken,))
    assert jobs_of([f"+0.1 s: {released}"]) == Jobs(put_back=5, said=(released,))


def test_steps_are_added_up_and_other_lines_say_nothing():
    """`in flight: 1 likely` on the way is no end."""
    account = [
        "+0.0 s: in flight: 1 likely",
        "+0.0 s: SIGTSTP sent",
        "+3 s: 2 in flight: 2 finished by themselves",
        "+9 s: 1 in flight: 1 finished by themselves",
    ]
    found = jobs_of(account)
    assert found is not None
    assert (found.in_flight, found.finished, len(found.said)) == (3, 3, 2)
    assert jobs_of(account[:2]) is None
    assert jobs_of([]) is None
