"""What a history remembers, forgets, and refuses to claim."""

from typing import Any

import pytest

from watchdog.engine.history import History
from watchdog.lang.demands import Function, Series
from watchdog.model.kinds import Kind, Source, Type
from watchdog.model.missing import MISSING
from watchdog.model.rows import ROW_TYPES

MINUTE = 60_000
WINDOW = 10 * MINUTE


def series(key: str = "queue: queue.size", **changed: Any) -> Series:
    """A series of sizes of queues, with some of it changed."""
    given: dict[str, Any] = {
        "key": key, "kind": Kind.QUEUE, "text": "queue.size", "type": Type.COUNT, "value": lambda row, now: row.size,
        "window": WINDOW, "sources": (Source.REDIS,), "counter": True, "reads": frozenset({"size"}),
    }  # fmt: skip
    return Series(**{**given, **changed})


SIZE = series()
LATENCY = series("queue: queue.latency", text="queue.latency", type=Type.DURATION, counter=False, value=lambda row, now: row.latency)
HELD = series("queue: queue.size > 0", text="queue.size > 0", type=Type.BOOL, counter=False)


def history(*demanded: Series, budget: int = 2**25) -> History:
    """A history that has been reading Redis since time 0."""
    made = History(budget)
    made.demand(demanded or (SIZE,), 0)
    made.back(Source.REDIS, 0)
    return made


def ask(of: History, function: Function, now: int, *, entity: str = "push", window: int = WINDOW, one: Series = SIZE) -> Any:
    """What that history says of the queue `push`."""
    return of.over(one.key, entity, function, window, now)


def test_a_fresh_outage_of_something_new_shows_at_once():
    """Where the source was read and the entity was not there yet, a counter was 0: its growth since then is all there was."""
    seen = history()
    seen.write(SIZE.key, "push", 40, 15 * MINUTE)
    seen.write(SIZE.key, "push", 100, 17 * MINUTE)

    assert ask(seen, Function.INCREASE, 20 * MINUTE) == 100
    assert ask(seen, Function.FIRST, 20 * MINUTE) == 0
    assert ask(seen, Function.AVG, 20 * MINUTE) == (2 * 40 + 3 * 100) / 10


def test_a_young_gauge_is_judged_by_the_time_it_has_been_there():
    """A value that is no counter has none before its entity came, and that costs no coverage."""
    seen = history(LATENCY)
    seen.write(LATENCY.key, "push", 4_000, 19 * MINUTE)

    assert ask(seen, Function.AVG, 20 * MINUTE, one=LATENCY) == 4_000
    assert ask(seen, Function.MIN, 20 * MINUTE, one=LATENCY) == 4_000
    assert ask(seen, Function.AVG, 20 * MINUTE, one=LATENCY, entity="pull") is MISSING


def test_who_was_never_there_is_zero_for_counters_only():
    """Asked for an entity that nobody ever saw, a covered counter says 0."""
    seen = history()

    assert ask(seen, Function.MAX, 20 * MINUTE, entity="nobody") == 0


def test_below_four_fifths_of_coverage_nothing_is_claimed():
    """Two minutes of ten without the source are accepted; a bucket more is not."""
    seen = history()
    seen.write(SIZE.key, "push", 5, 0)
    seen.lost(Source.REDIS, 11 * MINUTE)
    seen.back(Source.REDIS, 13 * MINUTE)
    assert ask(seen, Function.AVG, 20 * MINUTE) == 5

    seen.lost(Source.REDIS, 25 * MINUTE)
    seen.back(Source.REDIS, 27 * MINUTE + 1)
    assert ask(seen, Function.AVG, 30 * MINUTE) is MISSING


def test_a_reading_that_is_missing_is_no_coverage():
    """The source was read but this value could not be: that time is not known."""
    seen = history()
    seen.write(SIZE.key, "push", 5, 0)
    seen.write(SIZE.key, "push", MISSING, 12 * MINUTE)
    seen.write(SIZE.key, "push", 5, 14 * MINUTE)
    assert ask(seen, Function.MAX, 20 * MINUTE) == 5

    seen.write(SIZE.key, "push", MISSING, 20 * MINUTE)
    assert ask(seen, Function.MAX, 23 * MINUTE) is MISSING


def test_nothing_is_covered_before_the_source_was_read():
    """After a start a window is unknown until most of it has been seen."""
    made = History()
    made.demand([SIZE], 0)
    made.started(0)
    made.write(SIZE.key, "push", 5, 0)
    assert ask(made, Function.AVG, 10 * MINUTE) is MISSING

    made.back(Source.REDIS, 10 * MINUTE)
    assert ask(made, Function.AVG, 17 * MINUTE) is MISSING
    assert ask(made, Function.AVG, 18 * MINUTE) == 5


def test_all_sources_must_have_been_read():
    """A value that rests on two sources is covered only while both could be read."""
    both = series(sources=(Source.HOST, Source.REDIS))
    seen = history(both)
    seen.write(both.key, "push", 5, 0)
    assert ask(seen, Function.AVG, 20 * MINUTE) is MISSING

    seen.back(Source.HOST, 20 * MINUTE)
    assert ask(seen, Function.AVG, 30 * MINUTE) == 5


def test_who_left_is_not_there():
    """A queue that went is 0 from then on; what it was before can still be seen."""
    seen = history()
    seen.write(SIZE.key, "push", 8, 0)
    seen.gone(Kind.QUEUE, "push", 15 * MINUTE)

    assert ask(seen, Function.LAST, 20 * MINUTE) == 0
    assert ask(seen, Function.FIRST, 20 * MINUTE) == 8
    assert ask(seen, Function.MAX, 30 * MINUTE) == 0


def test_who_left_long_ago_costs_nothing():
    """Once no window reaches back to it, an entity that left is forgotten."""
    seen = history()
    empty = seen.size()
    seen.write(SIZE.key, "push", 8, 0)
    seen.gone(Kind.QUEUE, "push", MINUTE)
    assert seen.size() > empty

    seen.encode(12 * MINUTE, wall=0, boot_id="boot")
    assert seen.size() == empty


def test_a_job_that_ended_is_forgotten_at_once():
    """A run never comes back, and there may be thousands each second."""
    job = series("job: job.retries > 3", kind=Kind.JOB, type=Type.BOOL, counter=False)
    seen = history(job)
    empty = seen.size()
    seen.write(job.key, "j1", value=True, now=1_000)
    seen.gone(Kind.JOB, "j1", 2_000)

    assert seen.size() == empty


def test_after_a_full_reading_just_those_are_there():
    """What was remembered from before a start and is not in the full reading has gone, without anybody having said so."""
    seen = history()
    for queue in ("push", "pull"):
        seen.write(SIZE.key, queue, 8, 0)
    seen.only(Kind.QUEUE, {"pull"}, 20 * MINUTE)

    assert ask(seen, Function.LAST, 30 * MINUTE) == 0
    assert ask(seen, Function.LAST, 30 * MINUTE, entity="pull") == 8


def test_an_answer_changes_at_boundaries_only():
    """What happens after the last boundary of the buckets is not seen before the next one."""
    seen = history()
    seen.write(SIZE.key, "push", 1, 0)
    assert ask(seen, Function.LAST, 20 * MINUTE) == 1

    seen.write(SIZE.key, "push", 2, 20 * MINUTE)
    assert ask(seen, Function.LAST, 20 * MINUTE + 4_999) == 1
    assert ask(seen, Function.LAST, 20 * MINUTE + 5_000) == 2


def test_observing_a_row_writes_all_its_series():
    """A touched row is written to every series of its kind, by the value that the series names."""
    seen = history(SIZE, LATENCY)
    row: Any = ROW_TYPES[Kind.QUEUE]("push")
    row.size, row.latency = 3, MISSING
    seen.observe(row, 0)

    assert ask(seen, Function.LAST, 20 * MINUTE) == 3
    assert ask(seen, Function.LAST, 20 * MINUTE, one=LATENCY) is MISSING


def test_a_reload_keeps_what_is_still_asked_for():
    """A series with the same key goes on; one that nobody asks for any more begins anew if it is asked for again."""
    seen = history(SIZE, LATENCY)
    seen.write(SIZE.key, "push", 5, 0)
    seen.write(LATENCY.key, "push", 9, 0)
    seen.demand([SIZE], 20 * MINUTE)
    assert ask(seen, Function.AVG, 20 * MINUTE) == 5
    assert ask(seen, Function.AVG, 20 * MINUTE, one=LATENCY) is MISSING

    seen.demand([SIZE, LATENCY], 20 * MINUTE)
    assert ask(seen, Function.AVG, 20 * MINUTE) == 5
    assert ask(seen, Function.AVG, 27 * MINUTE, one=LATENCY) is MISSING


def test_a_longer_window_has_to_be_lived_through():
    """What was not kept because no window reached so far is not taken for nothing."""
    seen = history(series(window=MINUTE))
    for minute in range(60):
        seen.write(SIZE.key, "push", minute, minute * MINUTE)
    seen.demand([SIZE, series(window=MINUTE)], 60 * MINUTE)
    assert ask(seen, Function.INCREASE, 60 * MINUTE, window=MINUTE) == 0
    assert ask(seen, Function.INCREASE, 60 * MINUTE) is MISSING

    assert ask(seen, Function.INCREASE, 68 * MINUTE) is not MISSING


def test_what_is_not_demanded_is_not_known():
    """Unknown series, windows beyond the longest, and empty ones: unknown, never an error."""
    seen = history(SIZE, HELD)
    seen.write("nobody asks", "push", 1, 0)

    assert seen.over("nobody asks", "push", Function.AVG, MINUTE, 20 * MINUTE) is MISSING
    assert ask(seen, Function.AVG, 40 * MINUTE, window=WINDOW + 1) is MISSING
    assert ask(seen, Function.AVG, 40 * MINUTE, window=0) is MISSING
    assert seen.held("nobody asks", "push", MINUTE, 20 * MINUTE) is None
    assert seen.held(HELD.key, "push", WINDOW + 1, 40 * MINUTE) is None
    assert seen.held_due("nobody asks", "push", MINUTE, 20 * MINUTE) is None


def test_the_longest_idle_goes_first_and_is_counted():
    """Beyond the budget those go that nobody has written or asked for longest; they are unknown then, and others stay."""
    seen = history(budget=1_700)
    seen.write(SIZE.key, "idle", 1, 0)
    for tick in range(60):
        seen.write(SIZE.key, "busy", tick, 1 + tick * MINUTE // 6)

    assert seen.dropped == {SIZE.key: 1}
    assert seen.size() <= 1_700
    assert ask(seen, Function.LAST, 10 * MINUTE, entity="idle") is MISSING
    assert ask(seen, Function.LAST, 10 * MINUTE, entity="busy") == 59


def test_who_was_dropped_begins_anew():
    """An entity that was dropped was not absent: only what is written from then on is known of it."""
    seen = history(budget=1_700)
    seen.write(SIZE.key, "idle", 1, 0)
    for tick in range(60):
        seen.write(SIZE.key, "busy", tick, 1 + tick * MINUTE // 6)
    seen.gone(Kind.QUEUE, "busy", 40 * MINUTE)
    seen.encode(60 * MINUTE, wall=0, boot_id="boot")
    seen.write(SIZE.key, "idle", 2, 60 * MINUTE)

    assert ask(seen, Function.INCREASE, 67 * MINUTE, entity="idle") is MISSING
    assert ask(seen, Function.INCREASE, 69 * MINUTE, entity="idle") == 0


def test_writing_what_stands_costs_nothing():
    """A value that is written again each second is one step."""
    seen = history()
    seen.write(SIZE.key, "push", 5, 0)
    size = seen.size()
    for second in range(100):
        seen.write(SIZE.key, "push", 5, second * 1_000)

    assert seen.size() == size


def test_what_took_no_time_costs_nothing():
    """A value that was replaced at the same moment by the one before it leaves nothing behind."""
    seen = history()
    seen.write(SIZE.key, "push", 5, 0)
    size = seen.size()
    seen.write(SIZE.key, "push", 6, 1_000)
    seen.write(SIZE.key, "push", 5, 1_000)

    assert seen.size() == size


def test_memory_does_not_grow_with_time():
    """Steps that no window reaches are forgotten; the one that holds where the window begins is not."""
    seen = history()
    for second in range(20_000):
        seen.write(SIZE.key, "push", second // 60 % 2, second * 1_000)
        seen.write(SIZE.key, "pull", 1 + second // 420 % 2, second * 1_000)
        if second >= 600 and second % 60 == 0:
            assert ask(seen, Function.AVG, second * 1_000) == 0.5
            assert ask(seen, Function.FIRST, second * 1_000, entity="pull") == 1 + (second - 600) // 420 % 2

    assert seen.size() < 40_000


def test_who_came_back_is_not_forgotten():
    """A queue that left, and was there again before it was forgotten, keeps what is known of it."""
    seen = history()
    seen.write(SIZE.key, "push", 8, 0)
    seen.gone(Kind.QUEUE, "push", MINUTE)
    seen.write(SIZE.key, "push", 9, 2 * MINUTE)
    seen.encode(20 * MINUTE, wall=0, boot_id="boot")

    assert ask(seen, Function.LAST, 20 * MINUTE) == 9


@pytest.mark.parametrize("reading", [2**63, -(2**63), 10**30, float("nan"), float("inf"), "text", None, ("a",)])
def test_what_is_no_number_of_eight_bytes_counts_as_missing(reading):
    """A reading that can't be kept is unknown, never an error and never another number."""
    seen = history()
    seen.write(SIZE.key, "push", 1, 0)
    seen.write(SIZE.key, "push", reading, 10 * MINUTE)

    assert ask(seen, Function.LAST, 20 * MINUTE) is MISSING


def test_integers_stay_exact_until_a_float_comes():
    """Big counters keep their last digit; a series may turn to floats on its way."""
    seen = history()
    seen.write(SIZE.key, "push", 2**62 + 1, 0)
    assert ask(seen, Function.MAX, 10 * MINUTE) == 2**62 + 1

    seen.write(SIZE.key, "push", MISSING, 10 * MINUTE)
    seen.write(SIZE.key, "push", 0.5, 11 * MINUTE)
    assert ask(seen, Function.LAST, 20 * MINUTE) == 0.5


def test_a_long_window_keeps_no_more_steps_than_a_short_one(monkeypatch):
    """Steps that only summed buckets still need are given up; what was asked for, or is demanded, stays known."""
    monkeypatch.setattr("watchdog.engine.tracks.FOLD", 400)
    monkeypatch.setattr("watchdog.engine.tracks.MANY", 100)
    hours = 60 * MINUTE
    seen = history(series(window=2 * hours), series(window=hours), series(window=MINUTE))
    for second in range(0, 3 * 3600, 2):
        seen.write(SIZE.key, "push", second // 2 % 5, second * 1_000)
        ask(seen, Function.AVG, second * 1_000, window=2 * hours)

    assert len(seen._kept[SIZE.key].tracks["push"].times) <= 400
    assert ask(seen, Function.AVG, 3 * hours, window=2 * hours) == pytest.approx(2, abs=0.01)
    assert ask(seen, Function.CHANGES, 3 * hours, window=hours) == pytest.approx(1_800, abs=1)
    # In between, and never asked for while it could have been kept.
    assert ask(seen, Function.AVG, 3 * hours, window=hours // 2) is MISSING
    assert ask(seen, Function.AVG, 3 * hours, window=MINUTE) == pytest.approx(2, abs=0.1)


def test_summed_buckets_survive_a_restart(monkeypatch):
    """What was folded is saved too; over a reboot buckets move to the boundary before."""
    monkeypatch.setattr("watchdog.engine.tracks.FOLD", 400)
    monkeypatch.setattr("watchdog.engine.tracks.MANY", 100)
    hours = 60 * MINUTE
    long = series(window=2 * hours)
    seen = history(long)
    for second in range(0, 3 * 3600, 2):
        seen.write(SIZE.key, "push", second // 2, second * 1_000)
        ask(seen, Function.AVG, second * 1_000, window=2 * hours)
    now = 3 * hours
    told = ask(seen, Function.INCREASE, now, window=2 * hours)
    data = seen.encode(now, wall=10**12, boot_id="boot")

    same = History()
    same.demand([long], now)
    same.restore(data, now, wall=10**12, boot_id="boot")
    assert ask(same, Function.INCREASE, now, window=2 * hours) == told

    rebooted = History()
    rebooted.demand([long], 7_001)
    rebooted.restore(data, 7_001, wall=10**12 + 1_000, boot_id="another")
    assert ask(rebooted, Function.INCREASE, 7_001, window=2 * hours) == pytest.approx(told, abs=61)
