"""How many jobs arrived, told by those that were run, run and wait."""

from watchdog.sidekiq.arrivals import Arrivals


def told(*totals: tuple[int, int]) -> list[int]:
    """What is said at each of these sums, each with its engine time in seconds."""
    arrivals = Arrivals()
    return [arrivals.take(total, at * 1_000) for total, at in totals]


def test_it_counts_from_the_first_reading():
    """What was there before did not arrive while anybody looked; what is new counts when the next reading shows it too."""
    assert told((1_000, 0), (1_000, 1), (1_007, 2), (1_008, 3)) == [0, 0, 0, 7]


def test_a_job_that_is_in_none_of_the_three_for_a_beat_takes_nothing_away():
    """Taken from the queue and not yet shown by a beat: the sum falls, the counter stays, and nothing is counted twice when the beat comes."""
    assert told((100, 0), (40, 1), (70, 9), (100, 10), (101, 11), (101, 12)) == [0, 0, 0, 0, 0, 1]


def test_a_job_that_is_in_two_of_the_three_for_a_moment_counts_once():
    """A beat writes the counters a moment before it says who is busy: a reading in between shows a job that has ended as run and as running."""
    assert told((100, 0), (101, 1), (101, 2), (103, 3), (101, 4), (102, 5), (102, 6)) == [0, 0, 1, 1, 1, 1, 2]


def test_jobs_that_are_deleted_are_given_up():
    """A cleared queue makes the sum smaller for good: after more than four beats counting goes on from there, and never backwards."""
    assert told((0, 0), (500, 0), (500, 0), (100, 1), (110, 46), (115, 47), (120, 48)) == [0, 0, 500, 500, 500, 510, 515]
