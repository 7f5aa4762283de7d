"""Aggregates kept by deltas: who is counted where, what changes, and when to look again."""

from typing import Any

import pytest

from watchdog.engine.groups import Group, Member
from watchdog.engine.tallies import EVERY, Tallies
from watchdog.lang.deadline import Deadline, never
from watchdog.lang.demands import Aggregate, Sieve, Tally
from watchdog.lang.nowhere import NOWHERE
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import ROW_TYPES, Row


def _fits(row: Any, now: int, scope: object) -> bool | None:
    return None if row.retries is MISSING else row.retries > 3


def _due(row: Any, now: int, scope: object) -> Deadline:
    return Deadline(now + row.retries, None)


def aggregate(key: str = "stuck", **changed: Any) -> Aggregate:
    """Jobs that were retried more than three times, by queue, with some of it changed."""
    given: dict[str, Any] = {
        "kind": Kind.JOB,
        "text": key,
        "link": "queue",
        "holds": _fits,
        "deadline": _due,
        "value": None,
        "sources": (),
        "reads": frozenset({"queue", "retries"}),
    }
    return Aggregate(key=key, **{**given, **changed})


STUCK = aggregate()
RETRIES = aggregate("retries", value=lambda row, now, scope: row.retries)


def job(name: str, queue: Any, retries: Any) -> Row:
    """A row of a job."""
    row: Any = ROW_TYPES[Kind.JOB](name)
    row.queue, row.retries = queue, retries
    return row


def counted(*rows: Row, of: Aggregate = STUCK) -> Tallies:
    """Tallies that have seen these rows."""
    tallies = Tallies()
    tallies.demand([of])
    for row in rows:
        tallies.update(row, 0, NOWHERE)
    return tallies


def test_each_group_counts_its_own():
    """Jobs are counted with their queue; a queue without any is empty."""
    tallies = counted(job("1", "push", 9), job("2", "push", 0), job("3", "push", MISSING), job("4", "pull", 9))

    assert tallies.tally("stuck", "push") == Tally(all=3, true=1, unknown=1)
    assert tallies.tally("stuck", "pull") == Tally(all=1, true=1)
    assert tallies.tally("stuck", "mailers") == Tally()
    assert tallies.tally("nobody asks", "push") == Tally()


def test_without_a_link_there_is_one_group():
    """What is not correlated is counted in the group named by nothing."""
    tallies = counted(job("1", "push", 9), job("2", "pull", 9), of=aggregate(link=None))

    assert tallies.tally("stuck", "") == Tally(all=2, true=2)


def test_a_move_changes_both_groups():
    """An entity that goes from one group to another is named in both, and nothing else is."""
    tallies = counted(job("1", "push", 9), job("2", "pull", 9))

    assert tallies.update(job("1", "pull", 9), 0, NOWHERE) == [("stuck", "push"), ("stuck", "pull")]
    assert tallies.tally("stuck", "push") == Tally()
    assert tallies.tally("stuck", "pull") == Tally(all=2, true=2)


def test_what_changes_no_tally_is_not_told():
    """A row that was touched but adds just what it added before wakes nobody."""
    tallies = counted(job("1", "push", 9))

    assert tallies.update(job("1", "push", 10), 0, NOWHERE) == []
    assert tallies.remove(Kind.JOB, "nobody") == []
    assert tallies.remove(Kind.QUEUE, "push") == []
    assert tallies.remove(Kind.JOB, "1") == [("stuck", "push")]
    assert tallies.remove(Kind.JOB, "1") == []


def test_the_value_of_who_does_not_fit_matters_to_nobody():
    """Only values of those that fit are added up and compared."""
    tallies = counted(job("1", "push", 0), job("2", "push", 5), job("3", "push", 7), of=RETRIES)

    assert tallies.tally("retries", "push") == Tally(all=3, true=2, total=12, low=5, high=7)
    assert tallies.update(job("1", "push", 1), 0, NOWHERE) == []


def test_extremes_are_exact_after_removals():
    """When the smallest or the greatest goes, the next one is known; equal ones are counted each."""
    rows = [job(str(number), "push", 4 + number % 50) for number in range(400)]
    tallies = counted(*rows, of=RETRIES)
    for row in rows[:50]:
        tallies.remove(Kind.JOB, row.id)
    assert (tallies.tally("retries", "push").low, tallies.tally("retries", "push").high) == (4, 53)

    for row in rows:
        if row.as_plain()["retries"] in (4, 53):
            tallies.remove(Kind.JOB, row.id)
    assert (tallies.tally("retries", "push").low, tallies.tally("retries", "push").high) == (5, 52)


def test_a_sum_of_floats_forgets_what_has_gone():
    """A sum is exact: what came and went leaves nothing behind, however big it was."""
    group = Group()
    for value in (0.1, 0.2, 1e300, 0.3):
        group.add(Member(truth=True, value=value))
    group.take(Member(truth=True, value=1e300))

    assert group.tally(0).total == 0.6
    for value in (0.1, 0.2, 0.3):
        group.take(Member(truth=True, value=value))
    assert group.tally(0) == Tally()


def test_a_missing_value_blurs_the_group():
    """One value that can't be known, and neither smallest nor greatest is; it clears up when that one goes."""
    of = aggregate("blurred", holds=lambda row, now, scope: True, value=lambda row, now, scope: row.retries)
    tallies = counted(job("1", "push", 5), job("2", "push", MISSING), job("3", "push", float("nan")), of=of)
    assert tallies.tally("blurred", "push") == Tally(all=3, true=3, total=5, blurred=2)

    tallies.remove(Kind.JOB, "2")
    tallies.update(job("3", "push", 6), 0, NOWHERE)
    assert tallies.tally("blurred", "push") == Tally(all=2, true=2, total=11, low=5, high=6)


def test_who_belongs_nobody_knows_where_may_belong_anywhere():
    """An entity whose group can't be known is an unknown one in all groups, and all of them are told."""
    tallies = counted(job("1", "push", 9))
    assert tallies.update(job("2", MISSING, 9), 0, NOWHERE) == [("stuck", EVERY)]
    assert tallies.tally("stuck", "push") == Tally(all=2, true=1, unknown=1)
    assert tallies.tally("stuck", "mailers") == Tally(all=1, unknown=1)

    assert tallies.update(job("2", "pull", 9), 0, NOWHERE) == [("stuck", EVERY), ("stuck", "pull")]
    assert tallies.tally("stuck", "mailers") == Tally()


def test_a_reload_keeps_what_is_still_asked_for():
    """An aggregate with the same key goes on without being counted anew; another one that nobody asks for is forgotten."""
    tallies = counted(job("1", "push", 9))
    tallies.demand([aggregate(), RETRIES, aggregate()])
    assert tallies.kinds() == (Kind.JOB,)
    assert tallies.tally("stuck", "push") == Tally(all=1, true=1)
    assert tallies.tally("retries", "push") == Tally()

    tallies.demand([])
    assert tallies.kinds() == ()
    assert tallies.tally("stuck", "push") == Tally()


def test_who_does_not_fit_is_counted_only_where_somebody_asks_for_all():
    """Without `of_all` they change nothing, whether they come, stop fitting or leave; one whose group nobody knows is counted all the same."""
    tallies = counted(job("1", "push", 9), job("2", "push", 0), of=aggregate(of_all=False))

    assert tallies.tally("stuck", "push") == Tally(all=1, true=1)
    assert tallies.update(job("3", "push", 0), 0, NOWHERE) == []
    assert tallies.update(job("1", "push", 0), 0, NOWHERE) == [("stuck", "push")]
    assert tallies.tally("stuck", "push") == Tally()
    assert tallies.remove(Kind.JOB, "2") == []
    assert tallies.update(job("4", MISSING, 0), 0, NOWHERE) == [("stuck", EVERY)]
    assert tallies.tally("stuck", "push") == Tally(all=1, unknown=1)


def test_all_are_counted_as_soon_as_one_condition_asks_for_them():
    """The same population, asked for by count and by share: it is kept for share, in whatever order they stand, and after a reload everybody is counted anew."""
    few, all_ = aggregate(of_all=False), aggregate(of_all=True)
    rows = [job("1", "push", 9), job("2", "push", 0)]
    for demanded in ([few, all_], [all_, few]):
        tallies = counted(*rows, of=few)
        tallies.demand(demanded)
        for row in rows:
            tallies.update(row, 0, NOWHERE)
        assert tallies.tally("stuck", "push") == Tally(all=2, true=1)

    tallies.demand([few])
    for row in rows:
        tallies.update(row, 0, NOWHERE)
    assert tallies.tally("stuck", "push") == Tally(all=1, true=1)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Deadline(5, None), Deadline(None, 7), Deadline(5, 7)),
        (Deadline(5, 3), Deadline(4, 7), Deadline(4, 3)),
        (Deadline(), Deadline(), Deadline()),
    ],
)
def test_the_earliest_of_all_deadlines(one, other, expected):
    """A row is due when the first of its aggregates is, on each of the two clocks."""
    tallies = Tallies()
    tallies.demand([aggregate(deadline=lambda row, now, scope: one), aggregate("b", deadline=lambda row, now, scope: other)])

    assert tallies.deadline(job("1", "push", 9), 0, NOWHERE) == expected
    assert tallies.deadline(ROW_TYPES[Kind.QUEUE]("push"), 0, NOWHERE) == Deadline()


def test_a_group_that_is_empty_is_forgotten():
    """Domains come and go; a group costs nothing once its last member has left."""
    tallies = counted(job("1", "push", 9))
    tallies.update(job("1", "pull", 9), 0, NOWHERE)
    assert list(tallies._kept["stuck"]._groups) == ["pull"]

    tallies.remove(Kind.JOB, "1")
    assert not tallies._kept["stuck"]._groups


def test_a_delta_looks_at_one_row_only():
    """Nothing walks the population: a thousand rows, and one delta judges one of them."""
    looks: list[str] = []

    def holds(row: Any, now: int, scope: object) -> bool:
        looks.append(row.id)
        return True

    tallies = counted(*(job(str(number), "push", number) for number in range(1_000)), of=aggregate(holds=holds))
    looks.clear()
    tallies.update(job("7", "pull", 1), 0, NOWHERE)
    tallies.remove(Kind.JOB, "8")
    tallies.tally("stuck", "push")

    assert looks == ["7"]


def test_names_exclude_nobody_whose_group_is_unknown():
    """One that names exclude is counted nowhere; where it can't be known in which group it is, it is one more in all of them of which nothing is known."""
    sieve = Sieve(frozenset({"job_class"}), lambda row, now, scope: False, never)
    tallies = Tallies()
    tallies.demand([aggregate(sieve=lambda: sieve, of_all=False)])

    for name, place, expected in (("a", "push", Tally()), ("b", MISSING, Tally(all=1, unknown=1)), ("b", "push", Tally())):
        row = job(name, place, 0)
        row.job_class = "Other"  # type: ignore[attr-defined]
        tallies.update(row, 0, NOWHERE)
        assert tallies.tally("stuck", "push") == expected, (name, place)
