"""What Sidekiq counts by class and minute, as counters that only grow."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.sidekiq.metrics import ClassCounters, Counts, buckets, decode_bucket

NOON = int(datetime(2026, 11, 2, 8, 5, tzinfo=UTC).timestamp()) // 60
"""The minute of most tests."""


def bucket(processed: int, failed: int = 0, took: int = 0) -> dict[str, Counts]:
    """A hash in which one class has run."""
    return {"Push": Counts(processed, failed, took)}


def read(counters: ClassCounters, current: int, **hashes: dict[str, Counts]) -> Counts:
    """One reading of the hashes of the minutes `current - 1` (before) and `current` (now); what is known of the class afterwards."""
    names = {"before": current - 1, "now": current}
    for name, counts in hashes.items():
        counters.take(names[name], str(names[name]), counts)
    counters.settle(current, [str(minute) for minute in names.values()])
    return counters.totals.get("Push", Counts())


def test_the_names_of_a_minute():
    """Sidekiq 7 writes the year whole and no leading zero, 8 the year short and the minute with two digits; both by UTC."""
    assert buckets(NOON) == ("20261102|8:5", "261102|8:05")
    assert buckets(NOON + 10) == ("20261102|8:15", "261102|8:15")
    assert buckets(NOON - 8 * 60 - 6) == ("20261101|23:59", "261101|23:59")


def test_a_minute_is_read_by_class():
    """Classes of all kinds of names; what is not counted is left alone and named."""
    found, wrong = decode_bucket({b"A::B|p": b"3", b"A::B|f": b"1", b"A::B|ms": b"250", b"C|D|p": b"1"})
    assert (found, wrong) == ({"A::B": Counts(3, 1, 250), "C|D": Counts(1)}, ())
    found, wrong = decode_bucket({b"A|p": b"-1", b"\xff|p": b"1", b"A|x": b"1", b"A": b"1", b"B|p": b"99999999999999999999", b"C|p": b"2"})
    assert found == {"C": Counts(2)}
    assert wrong == ("it holds something that is not a count", "a field does not name a class and what is counted")


def test_counting_begins_at_the_first_reading():
    """What was there before is nobody's news; a class that comes later counts whole."""
    counters = ClassCounters()

    assert read(counters, NOON, before=bucket(100), now=bucket(7, 1, 70)) == Counts()
    assert read(counters, NOON, before=bucket(100), now=bucket(9, 2, 90)) == Counts(2, 1, 20)
    assert read(counters, NOON, before=bucket(100), now={"Pull": Counts(4), **bucket(9, 2, 90)}) == Counts(2, 1, 20)
    assert counters.totals["Pull"] == Counts(4)


def test_over_the_end_of_a_minute():
    """What is added late to the minute before is counted once, and so is the new minute."""
    counters = ClassCounters()
    read(counters, NOON, now=bucket(10))
    read(counters, NOON + 1, before=bucket(12), now=bucket(1))

    assert read(counters, NOON + 1, before=bucket(15), now=bucket(1)) == Counts(6)
    assert read(counters, NOON + 2, before=bucket(1), now=bucket(5)) == Counts(11)


def test_data_that_is_lost_and_begun_anew():
    """After FLUSHALL the hash counts from 0; the counter goes on."""
    counters = ClassCounters()
    read(counters, NOON, now=bucket(10, 0, 100))
    read(counters, NOON, now=bucket(14, 0, 140))
    read(counters, NOON, now={})

    assert read(counters, NOON, now=bucket(3, 0, 30)) == Counts(7, 0, 70)


def test_the_average_of_complete_minutes():
    """The minute that still lasts does not count, failed runs do not, and what is older than five minutes is forgotten."""
    counters = ClassCounters()
    read(counters, NOON, now={})
    read(counters, NOON, now=bucket(10, 5, 1_000))
    assert counters.average("Push", NOON) is None
    read(counters, NOON + 1, before=bucket(10, 5, 1_000), now=bucket(5, 0, 2_000))
    assert counters.average("Push", NOON + 1) == 200
    read(counters, NOON + 2, before=bucket(5, 0, 2_000))
    assert counters.average("Push", NOON + 2) == 300
    read(counters, NOON + 6)
    assert counters.average("Push", NOON + 6) == 400
    read(counters, NOON + 7)
    assert counters.average("Push", NOON + 7) is None
    assert counters.average("Never", NOON) is None


def test_only_so_many_classes():
    """Whatever lies in the hash, the agent does not grow beyond 5,000 classes, and says so."""
    counters = ClassCounters()
    counters.take(NOON, "x", {f"Class{number}": Counts(1) for number in range(6_000)})

    assert (len(counters.totals), counters.full) == (5_000, True)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=30))
def test_nothing_is_counted_twice_or_left_out(steps):
    """However minutes and increments come, in the end the counter is what was added after the first reading."""
    counters, minute, hashes, added = ClassCounters(), NOON, {NOON - 1: 0, NOON: 0}, 0
    read(counters, NOON, before=bucket(0), now=bucket(0))
    for on, more in steps:
        if on == 3:
            minute += 1
            hashes = {minute - 1: hashes[minute - 1], minute: 0}
        hashes[minute - on % 2] += more
        added += more
        total = read(counters, minute, before=bucket(hashes[minute - 1]), now=bucket(hashes[minute]))
        assert total.processed == added


@pytest.mark.parametrize("minute", [0, NOON, NOON + 525_600])
def test_a_ten_minute_bucket_is_never_taken_for_a_minute(minute):
    """Sidekiq 8 keeps hashes of ten minutes beside, `j|261102|8:0`: no minute has such a name in 8, and those of 7 have a long date."""
    ten = f"{datetime.fromtimestamp(minute * 60, UTC):%y%m%d}|{datetime.fromtimestamp(minute * 60, UTC).hour}:0"
    assert ten not in buckets(minute)
