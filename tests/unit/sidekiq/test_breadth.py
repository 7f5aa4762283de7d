"""To how many domains deliveries fail, and how."""

import pytest

from watchdog.sidekiq import breadth
from watchdog.sidekiq.breadth import Breadth
from watchdog.sidekiq.failed import Failed, Group

NOW = 1_000_000.0
HOUR = 3_600.0
DELIVERY = "ActivityPub::DeliveryWorker"
TIMEOUT = Group("push", DELIVERY, "timeout")
REFUSED = Group("push", DELIVERY, "refused")
REJECTED = Group("push", DELIVERY, "status", 401)
CIRCUIT = Group("push", DELIVERY, "circuit_open")


def failure(domain: str | None, group: Group = TIMEOUT, *, ago: float = 0.0, first: float | None = None) -> Failed:
    """A job that failed last so many seconds ago, and first so many."""
    return Failed(group, domain, NOW - ago, NOW - (ago if first is None else first))


def readings(*failures: Failed | None, now: float = NOW) -> dict[str, int]:
    """What is told of these, without what is 0."""
    seen = Breadth()
    seen.saw(failures)
    return {slot: number for slot, number in seen.readings(now).items() if number}


@pytest.mark.parametrize(
    ("kind", "status", "slot"),
    [
        ("status", 401, "rejecting_domains"),
        ("status", 503, "rejecting_domains"),
        ("status", 500, None),
        ("status", 403, None),
        ("timeout", 0, "unreachable_domains"),
        ("dns", 0, "unreachable_domains"),
        ("refused", 0, "unreachable_domains"),
        ("unreachable", 0, "unreachable_domains"),
        ("tls", 0, "tls_domains"),
        ("other", 0, None),
        ("circuit_open", 0, None),
    ],
)
def test_how_a_domain_fails(kind, status, slot):
    """Each counts as failing, and into one part at most."""
    found = readings(failure("a.example", Group("push", DELIVERY, kind, status)))

    assert found.pop("failing_domains") == found.pop("newly_failing_domains") == 1
    found.pop("newly_unreachable_domains", None)
    assert found == ({slot: 1} if slot else {})


@pytest.mark.parametrize(
    "failed",
    [
        None,
        failure(None),
        failure("a.example", Group("push", DELIVERY, "local_database")),
        failure("a.example", Group("push", DELIVERY, "local_redis")),
        failure("a.example", Group("pull", "LinkCrawlWorker", "timeout")),
        failure("a.example", Group("pull", "ThreadResolveWorker", "status", 401)),
    ],
)
def test_what_says_nothing_of_others(failed):
    """Broken entries, what goes to nobody, what fails here, and what is only fetched."""
    assert readings(failed) == {}


def test_a_domain_counts_once_however_much_is_on_its_way_there():
    """And as what went wrong last."""
    found = readings(
        *[failure("a.example", TIMEOUT, ago=60)] * 100, failure("a.example", REJECTED, ago=30), failure("a.example", REFUSED, ago=90)
    )

    assert (found["failing_domains"], found["rejecting_domains"], found.get("unreachable_domains")) == (1, 1, None)


def test_a_circuit_that_is_open_is_no_failure_of_its_own_kind():
    """The domain still fails, and as it did before."""
    found = readings(failure("a.example", REJECTED, ago=HOUR + 60), failure("a.example", CIRCUIT, ago=60))

    assert (found["failing_domains"], found["rejecting_domains"]) == (1, 1)


def test_a_failure_of_an_hour_ago_is_over():
    """Within the hour it counts, and the count falls although nothing more is seen."""
    seen = Breadth()
    seen.saw([failure("a.example"), failure("b.example", ago=HOUR - 90)])

    assert seen.readings(NOW)["failing_domains"] == 2
    assert seen.readings(NOW + 100)["failing_domains"] == 1
    assert seen.readings(NOW + HOUR + 1)["failing_domains"] == 0


def test_entries_that_wait_from_long_ago_are_no_new_failures():
    """A census finds them, after each start of the agent."""
    assert readings(failure("a.example", ago=2 * HOUR, first=50 * HOUR)) == {}


def test_who_has_been_dead_for_days_has_not_begun_to_fail():
    """Whichever of its jobs is seen first; a server has many of these at all times."""
    old, new = failure("a.example", ago=30 * HOUR, first=60 * HOUR), failure("a.example")
    for order in ((old, new), (new, old)):
        found = readings(*order, failure("b.example"))
        assert (found["unreachable_domains"], found["newly_failing_domains"], found["newly_unreachable_domains"]) == (2, 1, 1)


def test_who_was_well_for_a_day_begins_anew():
    """And what fails on for a day is new no longer."""
    seen = Breadth()
    seen.saw([failure("a.example", ago=30 * HOUR, first=31 * HOUR)])
    assert seen.readings(NOW)["failing_domains"] == 0
    seen.saw([failure("a.example")])
    assert seen.readings(NOW + 60)["newly_failing_domains"] == 1

    for hours in range(1, 26):
        seen.saw([failure("a.example", ago=-hours * HOUR)])
    found = seen.readings(NOW + 25 * HOUR)
    assert (found["failing_domains"], found["newly_failing_domains"]) == (1, 0)


def test_a_clock_that_is_ahead_makes_nothing_fail_for_ever():
    """What happened in the future happened now."""
    seen = Breadth()
    seen.saw([failure("a.example", ago=-1_000 * HOUR)])

    assert seen.readings(NOW)["failing_domains"] == 1
    assert seen.readings(NOW + HOUR + 1)["failing_domains"] == 0


def test_domains_are_gone_through_now_and_then():
    """However much fails, not more than once in five seconds; where nothing does, once a minute."""
    seen = Breadth()
    told = []
    for second in range(61):
        if second < 20:
            seen.saw([failure(f"d{second}.example")])
        told.append(seen.readings(NOW + second)["failing_domains"])

    assert [told[second] for second in (0, 4, 5, 10, 15, 20, 60)] == [1, 1, 6, 11, 16, 20, 20]


def test_there_is_a_bound(monkeypatch):
    """Who was seen to fail longest ago makes room; nobody can keep the others out with names of his own."""
    monkeypatch.setattr(breadth, "MOST_DOMAINS", 3)
    seen = Breadth()
    seen.saw([failure("first.example", REJECTED)])
    seen.saw([failure(f"d{number}.example") for number in range(10)])
    assert (seen.readings(NOW)["failing_domains"], seen.readings(NOW)["rejecting_domains"]) == (3, 0)

    seen.saw(
        [
            failure("first.example", REJECTED),
            failure("e.example"),
            failure("first.example", REJECTED, ago=-1),
            failure("f.example"),
            failure("g.example"),
        ]
    )
    assert seen.readings(NOW + 60)["rejecting_domains"] == 1
