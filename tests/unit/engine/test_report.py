"""What the end of a run says of each job, and of the time without service."""

import msgspec
import pytest

from tests.unit.engine.test_guards import open_run
from watchdog.engine.incidents import Flight
from watchdog.engine.report import balance, report
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed, PlaceKind, Placement


def held(jid: str, source: str = "work_hash") -> Held:
    """A job that was found."""
    return Held(jid, "Push", "push", Certainty.PROVEN, (source,), True)


def goes(jid: str, kind: PlaceKind, source: str = "work_hash") -> Placement:
    """Where it was decided to go."""
    return Placement(jid, "Push", "push", kind, (source, "log"), "because")


def flight(seen: str = "", jobs: str = "", given: str = "", places: dict[str, PlaceKind] | None = None, **more) -> Flight:
    """A run's jobs: each letter is one; every placement was done."""
    plan = tuple(goes(jid, kind) for jid, kind in (places or {}).items())
    base = Flight(
        seen=tuple(seen), jobs=tuple(held(jid) for jid in jobs), given=tuple(given), plan=plan if places is not None else None,
        placed=tuple(Placed(one.jid, Fate.DONE) for one in plan),
    )  # fmt: skip
    return msgspec.structs.replace(base, **more)


@pytest.mark.parametrize(
    ("flown", "expected"),
    [
        (flight(), ""),
        (flight(seen="a"), "1 in flight: 1 finished by themselves"),
        (flight(seen="abc", given="c"), "3 in flight: 2 finished by themselves; 1 given back by Sidekiq, or finished in its last seconds"),
        (flight(given="c"), "1 in flight: 1 given back by Sidekiq, or finished in its last seconds"),
        (
            flight(seen="abcd", jobs="bcd", places={"b": PlaceKind.QUEUE, "c": PlaceKind.RETRY, "d": PlaceKind.QUARANTINE}),
            ("4 in flight: 1 finished by themselves; 1 put back into its queue (1 from work hash); 1 put into the retry set (1 from work hash); "
            "1 put into quarantine (1 from work hash)"),
        ),
        (flight(jobs="a", places={"a": PlaceKind.SCHEDULE}), "1 in flight: 1 put into the schedule (1 from work hash)"),
        (
            flight(jobs="ab", places={"a": PlaceKind.QUEUE, "b": PlaceKind.QUEUE}, placed=(Placed("a", Fate.FOUND, "queue"), Placed("b", Fate.DONE))),
            "2 in flight: 1 put back into its queue (1 from work hash); 1 left where it was found",
        ),
        (
            flight(jobs="ab", places={"a": PlaceKind.QUEUE}, placed=(Placed("a", Fate.LOST),)),
            "2 in flight: 2 not put back, because it is not sure that they ran or their payload is not known: Push a, Push b",
        ),
        (
            flight(jobs="abcdefg", places={}),
            "7 in flight: 7 not put back, because it is not sure that they ran or their payload is not known: Push a, Push b, Push c, Push d, Push e and 2 more",
        ),
        (flight(unnamed=3), "up to 3 that no source can name"),
        (flight(seen="a", unnamed=2), "1 in flight: 1 finished by themselves; up to 2 that no source can name"),
        # Before it was decided what becomes of them, nothing has been left out.
        (flight(jobs="a"), ""),
    ],
)  # fmt: skip
def test_what_became_of_the_jobs(flown, expected):
    """Each that was in flight is in one of the numbers; what is not known is named, or bounded."""
    assert balance(flown) == expected


def test_each_source_is_named():
    """Where the bytes came from that were put back."""
    plan = (
        goes("a", PlaceKind.QUEUE),
        goes("b", PlaceKind.QUEUE, "socket"),
        goes("c", PlaceKind.QUEUE, "memory"),
        goes("d", PlaceKind.QUEUE, "socket"),
    )
    flown = flight(jobs="abcd", plan=plan, placed=tuple(Placed(one.jid, Fate.DONE) for one in plan))

    assert balance(flown) == "4 in flight: 4 put back into its queue (1 from memory, 2 from socket, 1 from work hash)"


@pytest.mark.parametrize(
    ("marks", "frozen", "served_at", "expected"),
    [
        ({"TSTP": 10_000, "KILL": 40_000, "dead": 40_100}, False, 44_400, "for 34 s nobody served in its place"),
        ({"TSTP": 10_000, "KILL": 40_000, "dead": 40_100}, False, None, "for 90 s so far nobody has served in its place"),
        ({"TSTP?": 10_000, "TSTP": 12_000, "dead": 40_100}, False, 44_000, "for 34 s nobody served in its place"),
        ({"KILL": 70_000, "dead": 70_100}, True, 71_000, "for 66 s nobody served in its place"),
        ({"KILL": 70_000, "dead": 70_100}, False, 71_000, "for 1 s nobody served in its place"),
        ({"TERM": 20_000, "dead": 30_000}, False, 31_000, "for 11 s nobody served in its place"),
        ({"dead": 30_000}, False, 31_500, "for 2 s nobody served in its place"),
        ({"TSTP": 10_000}, False, None, ""),
        ({}, False, None, ""),
    ],
)
def test_for_how_long_nobody_served(marks, frozen, served_at, expected):
    """From quiet, or the last beat of a frozen one, to the first beat of its successor; of a process that lives nothing."""
    run = open_run(marks=marks, flight=Flight(frozen=frozen, beat_at=5_000))

    assert report(run, at=100_000, served_at=served_at) == expected


def test_both_are_said():
    """First the jobs, then the time."""
    run = open_run(marks={"TSTP": 10_000, "dead": 40_000}, flight=flight(seen="a"))

    assert report(run, at=100_000, served_at=41_000) == "1 in flight: 1 finished by themselves; for 31 s nobody served in its place"
