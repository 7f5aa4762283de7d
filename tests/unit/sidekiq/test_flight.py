"""The last work hash of each process of this host, in memory and within bounds."""

import os

from watchdog.sidekiq.flight import FlightRecord, Noted

ONE = "web1:1:a"


def test_the_last_one_is_there_byte_for_byte():
    """What was noted last, entry by entry; an empty hash of a process that beats is kept as empty."""
    record = FlightRecord("web1")
    record.note(ONE, {b"t1": b"one" * 100, b"t2": b"two"}, quiet=False, threads=5, beat=7)
    record.note(ONE, {b"t1": b"one" * 100, b"t3": b"\xff\x00"}, quiet=True, threads=5, beat=7)

    assert record.of(ONE) == Noted({b"t1": b"one" * 100, b"t3": b"\xff\x00"}, quiet=True, threads=5, beat=7)
    record.note(ONE, {}, quiet=True, threads=5, beat=7)
    assert record.of(ONE) == Noted({}, quiet=True, threads=5, beat=7)
    assert record.size == 0


def test_of_other_hosts_nothing_is_kept():
    """Their payloads are none of this agent's business; without a name of its own it keeps none at all."""
    for host in ("web2", ""):
        record = FlightRecord(host)
        record.note(ONE, {b"t1": b"x"}, quiet=False, threads=5, beat=7)
        assert record.of(ONE) is None


def test_it_stays_within_its_bound():
    """The process that was noted longest ago goes first; what is kept is counted right."""
    record = FlightRecord("web1", most=10_000)
    for number in range(20):
        record.note(f"web1:{number}:a", {b"t": os.urandom(2_000)}, quiet=False, threads=1, beat=7)

    kept = [number for number in range(20) if record.of(f"web1:{number}:a") is not None]
    assert kept == [16, 17, 18, 19]
    assert 8_000 < record.size <= 10_000


def test_one_that_is_too_big_alone_is_not_kept():
    """Nor does it stay in the way."""
    record = FlightRecord("web1", most=1_000)
    record.note(ONE, {b"t": os.urandom(2_000)}, quiet=False, threads=1, beat=7)

    assert record.of(ONE) is None
    assert record.size == 0
