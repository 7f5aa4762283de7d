"""How many jobs arrived, told by those that were run, run and wait."""

from watchdog.sidekiq.arrivals import Arrivals


def test_it_counts_from_the_first_reading():
    """What was there before did not arrive while anybody looked."""
    arrivals = Arrivals()
    assert [arrivals.take(total, 0) for total in (1_000, 1_000, 1_007)] == [0, 0, 7]


def test_a_job_that_is_in_none_of_the_three_for_a_beat_takes_nothing_away():
    """Taken from the queue and not yet shown by a beat: the sum falls, the counter stays, and nothing is counted twice when the beat comes."""
    arrivals = Arrivals()
    assert [arrivals.take(total, at) for total, at in ((100, 0), (40, 1_000), (70, 9_000), (100, 10_000), (101, 11_000))] == [0, 0, 0, 0, 1]


def test_jobs_that_are_deleted_are_given_up():
    """A cleared queue makes the sum smaller for good: after more than four beats counting goes on from there, and never backwards."""
    arrivals = Arrivals()
    arrivals.take(0, 0)
    assert arrivals.take(500, 0) == 500
    assert arrivals.take(100, 1_000) == 500
    assert arrivals.take(110, 46_000) == 500
    assert arrivals.take(115, 47_000) == 505
