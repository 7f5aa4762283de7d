"""The picture: what readings do to it, who must be judged because of them, and who has left."""

import math

import pytest

from tests.scenario.conversation import found, job, process
from watchdog.engine.world import World
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING, MissingReading

ONE = "web1:10:abc"
J1 = f"{ONE}/t1/j1/1000"


def read(world: World, *changes: Delta | Gone, source: Source = Source.REDIS, complete: bool = False, at: int = 0):
    """Who must be judged, and (kind, id, reason) of who has left."""
    touched, left = world.take(Observed(source, changes, complete), at)
    return list(touched), [(gone.kind, gone.id, gone.reason) for gone in left]


@pytest.fixture
def world() -> World:
    """One process with one job."""
    world = World()
    read(world, process(ONE, 2000), job(ONE, "j1", 1000))
    return world


def row(world: World, kind: Kind, entity: str):
    """That row, which must be there."""
    found_row = world.find(kind, entity)
    assert found_row is not None
    return found_row


def test_a_delta_changes_what_it_names_and_nothing_else(world):
    """Slots that a delta does not name keep their reading."""
    read(world, Delta(Kind.PROCESS, ONE, {"busy": 4}))
    one = row(world, Kind.PROCESS, ONE)

    assert (one.busy, one.threads, one.queues) == (4, 5, ("push",))


def test_a_reading_that_was_lost_is_missing(world):
    """None in a delta is no zero and no empty text: it is missing, and raises when it is used."""
    read(world, Delta(Kind.PROCESS, ONE, {"threads": None}))

    assert row(world, Kind.PROCESS, ONE).threads is MISSING
    with pytest.raises(MissingReading):
        _ = row(world, Kind.PROCESS, ONE).threads > 0


@pytest.mark.parametrize(
    ("slot", "value"),
    [
        ("threads", "five"), ("threads", 5.0), ("threads", True), ("threads", [5]), ("threads", {}), ("host", 3), ("host", b"web1"), ("quiet", 1),
        ("quiet", "false"), ("queues", "push"), ("queues", [1, 2]), ("queues", {"push": 1}), ("confirmed_at", math.nan), ("confirmed_at", 2000.5),
        ("listed", "no"),
    ],
)  # fmt: skip
def test_a_reading_of_another_type_is_missing(world, slot, value):
    """What a source delivers broken can't be told from nothing: no comparison ever meets it."""
    read(world, Delta(Kind.PROCESS, ONE, {slot: value}))

    assert getattr(row(world, Kind.PROCESS, ONE), slot) is MISSING


def test_a_field_that_nobody_declared_is_left_out(world):
    """An unknown slot, or one that belongs to the row itself, changes nothing."""
    read(world, Delta(Kind.PROCESS, ONE, {"elephants": 3, "home": "x", "id": "y", "__class__": "z", "slots": ()}))

    assert row(world, Kind.PROCESS, ONE).id == ONE
    assert not hasattr(row(world, Kind.PROCESS, ONE), "elephants")


@pytest.mark.parametrize("change", [Gone(Kind.UNIT, "web", "x"), Gone(Kind.JOB, "never seen", "x")])
def test_what_is_not_known_changes_nothing(world, change):
    """Entities that were never there are passed over."""
    before = list(world.subjects())

    assert read(world, change) == ([], [])
    assert list(world.subjects()) == before


def test_everybody_is_judged_once(world):
    """An entity that one reading names twice is judged once; one that is gone by its end not at all."""
    touched, left = read(
        world, process(ONE, 3000), process(ONE, 4000), job(ONE, "j2", 1, thread="t2"), Gone(Kind.JOB, f"{ONE}/t2/j2/1", "finished")
    )

    assert touched == [(Kind.PROCESS, ONE)]
    assert left == [(Kind.JOB, f"{ONE}/t2/j2/1", "finished")]


def test_a_job_finds_its_process_whichever_comes_first():
    """A job read before its process is housed as soon as the process is read, and judged then."""
    world = World()
    read(world, job(ONE, "j1", 1000))
    assert row(world, Kind.JOB, J1).home is MISSING
    touched, _ = read(world, process(ONE, 2000))

    assert (Kind.JOB, J1) in touched
    assert row(world, Kind.JOB, J1).home is row(world, Kind.PROCESS, ONE)
    assert list(world.jobs_of[ONE]) == [J1]


def test_a_beat_calls_only_the_jobs_whose_time_has_come(world):
    """Of all jobs of a process those are judged whose moment lies at or before the new beat."""
    read(world, job(ONE, "j2", 1500, thread="t2"))
    world.schedule(row(world, Kind.JOB, J1), engine=None, beat=21_001, now=0)
    world.schedule(row(world, Kind.JOB, f"{ONE}/t2/j2/1500"), engine=None, beat=21_501, now=0)

    assert read(world, Delta(Kind.PROCESS, ONE, {"confirmed_at": 21_000}))[0] == [(Kind.PROCESS, ONE)]
    assert read(world, Delta(Kind.PROCESS, ONE, {"confirmed_at": 21_001}))[0] == [(Kind.PROCESS, ONE), (Kind.JOB, J1)]


@pytest.mark.parametrize("beats", [(None,), (None, 21_000), (1_500,)])
def test_a_beat_that_is_lost_found_or_goes_back_calls_all_jobs(world, beats):
    """Where the last beat is no longer known, known again, or earlier than before, every job of the process is judged anew."""
    for beat in beats:
        touched, _ = read(world, Delta(Kind.PROCESS, ONE, {"confirmed_at": beat}))

        assert touched == [(Kind.PROCESS, ONE), (Kind.JOB, J1)]


def test_a_process_takes_its_jobs_along(world):
    """Jobs of a process that is gone are gone with it, and say why."""
    _, left = read(world, Gone(Kind.PROCESS, ONE, "exited"), source=Source.HOST)

    assert left == [(Kind.PROCESS, ONE, "exited"), (Kind.JOB, J1, "its process exited")]
    assert (list(world.subjects()), world.jobs_of) == ([], {})


def test_late_readings_do_not_raise_the_dead(world):
    """What Redis still holds of a process that the kernel has called dead is not believed, nor are its jobs."""
    read(world, found(ONE), source=Source.HOST)
    read(world, Gone(Kind.PROCESS, ONE, "exited"), source=Source.HOST)
    touched, _ = read(world, process(ONE, 9000), job(ONE, "j2", 8000), complete=True)

    assert touched == []
    assert (list(world.subjects()), world.jobs_of) == ([], {})


def test_a_remote_process_that_fell_silent_may_come_back(world):
    """A process that no kernel of ours knows leaves with Redis, and is there again when Redis hears from it again."""
    _, left = read(world, Delta(Kind.PROCESS, ONE, {"listed": False}))
    assert (Kind.PROCESS, ONE, "left Redis") in left
    read(world, process(ONE, 99_000), job(ONE, "j1", 1000))

    assert row(world, Kind.JOB, J1).home is row(world, Kind.PROCESS, ONE)


def test_a_local_process_that_left_redis_stays_while_it_lives(world):
    """Redis alone does not end a process that the kernel knows to be alive."""
    read(world, found(ONE), source=Source.HOST)
    _, left = read(world, Delta(Kind.PROCESS, ONE, {"listed": False}))

    assert left == []
    assert row(world, Kind.PROCESS, ONE).listed is False
    assert row(world, Kind.JOB, J1).home is row(world, Kind.PROCESS, ONE)


def test_a_job_that_changes_its_process_leaves_the_old_one(world):
    """No job is counted in two processes."""
    other = "web1:11:def"
    read(world, process(other, 2000), Delta(Kind.JOB, J1, {"process": other}))

    assert ONE not in world.jobs_of
    assert list(world.jobs_of[other]) == [J1]
    assert row(world, Kind.JOB, J1).home is row(world, Kind.PROCESS, other)


def test_a_finished_job_leaves_nothing_behind(world):
    """Neither a deadline on engine time nor one on the beats of its process, nor an empty drawer."""
    world.schedule(row(world, Kind.JOB, J1), engine=50_000, beat=50_000, now=0)
    read(world, Gone(Kind.JOB, J1, "finished"))

    assert (world.deadlines.next(), len(world.beat_deadlines[ONE]), world.jobs_of) == (None, 0, {})


def test_memory_of_the_dead_is_bounded():
    """However many processes come and go, so many are kept in mind and no more."""
    world = World()
    for number in range(4_200):
        name = f"web1:{number}:x"
        read(world, Delta(Kind.PROCESS, name, {"alive": True}), Gone(Kind.PROCESS, name, "exited"), source=Source.HOST)

    assert len(world.graves) == 4_096
    assert read(world, process("web1:4199:x", 1))[0] == []


def test_complete_and_the_time_of_reading_are_kept_by_source(world):
    """A snapshot of one source says nothing of the other."""
    read(world, complete=True, at=77)
    read(world, source=Source.HOST, at=78)

    assert (world.complete, world.read_at) == ({Source.REDIS}, {Source.REDIS: 77, Source.HOST: 78})
