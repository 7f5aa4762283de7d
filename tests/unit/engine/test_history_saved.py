"""A history over a restart of the agent, and bytes that are none."""

from typing import Any

import msgspec
import pytest

from tests.unit.engine.test_history import HELD, LATENCY, MINUTE, SIZE, WINDOW, ask, history
from watchdog.engine.history import History
from watchdog.engine.remembered import BrokenHistoryError
from watchdog.lang.demands import Function
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING

WALL = 1_700_000_000_000


def saved(at: int = 20 * MINUTE) -> bytes:
    """What a history encodes that knows the queue `push` since 0: 10 at first, 30 after 15 minutes."""
    seen = history(SIZE, HELD)
    seen.write(SIZE.key, "push", 10, 0)
    seen.write(SIZE.key, "push", 30, 15 * MINUTE)
    seen.write(HELD.key, "push", value=True, now=0)
    return seen.encode(at, wall=WALL, boot_id="boot")


def restored(data: bytes, now: int, *, wall: int = WALL, boot_id: str = "boot") -> History:
    """A history of the next agent, after Redis was read in full at `now`."""
    made = History()
    made.started(now)
    made.restore(data, now, wall=wall, boot_id=boot_id)
    made.demand([SIZE, HELD], now)
    made.write(SIZE.key, "push", 30, now)
    made.write(HELD.key, "push", value=True, now=now)
    made.back(Source.REDIS, now)
    return made


def test_a_restart_costs_only_the_time_in_between():
    """What was known stays known, and the minute without an agent is no coverage."""
    now = 21 * MINUTE
    seen = restored(saved(), now)

    assert ask(seen, Function.INCREASE, now) == 20
    assert ask(seen, Function.AVG, now) == (4 * 10 + 5 * 30) / 9
    assert seen.held(HELD.key, "push", 10 * MINUTE, now) is None
    assert seen.held(HELD.key, "push", 10 * MINUTE, now + 10 * MINUTE) is True


def test_too_long_an_absence_is_unknown():
    """After three minutes without an agent a window of ten is not known."""
    seen = restored(saved(), 23 * MINUTE)

    assert ask(seen, Function.AVG, 23 * MINUTE) is MISSING
    assert ask(seen, Function.AVG, 31 * MINUTE) == 30


def test_a_short_absence_does_not_break_what_held():
    """A restart within three beats is forgiven."""
    now = 20 * MINUTE + 20_000
    seen = restored(saved(), now)

    assert seen.held(HELD.key, "push", 10 * MINUTE, now) is True


def test_engine_time_begins_anew_at_a_boot():
    """Over a reboot the clock on the wall says how long ago it was."""
    now = 5_000
    seen = restored(saved(), now, wall=WALL + MINUTE, boot_id="another")

    assert ask(seen, Function.INCREASE, now) == 20
    assert ask(seen, Function.FIRST, now) == 10


def test_what_comes_from_the_future_is_not_believed():
    """A clock that was set back, or bytes of another machine: nothing is taken from them."""
    with pytest.raises(BrokenHistoryError, match="future"):
        restored(saved(), 5_000, wall=WALL - 1, boot_id="another")
    with pytest.raises(BrokenHistoryError, match="future"):
        restored(saved(), 20 * MINUTE - 1)


def test_what_was_not_read_again_is_not_known():
    """Redis is read again after the restart, but this queue never was: nobody can say what became of it, nor who was there in between."""
    now = 25 * MINUTE
    seen = History()
    seen.demand([SIZE], now)
    seen.restore(saved(), now, wall=WALL, boot_id="boot")
    seen.back(Source.REDIS, now)

    assert ask(seen, Function.LAST, now + 20 * MINUTE) is MISSING
    assert ask(seen, Function.LAST, now, entity="nobody") is MISSING
    assert ask(seen, Function.LAST, now + 20 * MINUTE, entity="nobody") == 0


def test_rules_that_changed_in_between():
    """Only what is demanded is taken up; what is new begins now."""
    now = 20 * MINUTE
    seen = History()
    seen.restore(saved(), now, wall=WALL, boot_id="boot")
    seen.demand([LATENCY], now)
    assert seen.size() == 0

    seen.demand([SIZE], now)
    seen.back(Source.REDIS, now)
    assert ask(seen, Function.AVG, now) is MISSING


def test_restoring_after_the_rules_were_loaded():
    """The order of rules and memory makes no difference."""
    now = 20 * MINUTE
    seen = History()
    seen.demand([SIZE, LATENCY], now)
    seen.restore(saved(), now, wall=WALL, boot_id="boot")
    seen.back(Source.REDIS, now)

    assert ask(seen, Function.INCREASE, now) == 20
    assert ask(seen, Function.AVG, now, one=LATENCY) is MISSING


def test_a_source_that_comes_before_the_rules():
    """What was covered before the restart stays covered, though a source is back before anybody has asked for anything."""
    now = 20 * MINUTE
    seen = History()
    seen.started(now)
    seen.restore(saved(), now, wall=WALL, boot_id="boot")
    seen.back(Source.HOST, now)
    seen.back(Source.REDIS, now)
    seen.demand([SIZE], now)

    assert ask(seen, Function.INCREASE, now) == 20


def test_who_has_gone_in_between_is_forgotten():
    """An entity that left before the restart, or during it, does not stay for ever."""
    first = history()
    first.write(SIZE.key, "push", 10, 0)
    first.write(SIZE.key, "pull", 10, 0)
    first.gone(Kind.QUEUE, "push", MINUTE)
    seen = History()
    seen.restore(first.encode(2 * MINUTE, wall=WALL, boot_id="boot"), 2 * MINUTE, wall=WALL, boot_id="boot")
    seen.demand([SIZE], 2 * MINUTE)
    seen.only(Kind.QUEUE, (), 2 * MINUTE)
    seen.encode(40 * MINUTE, wall=WALL, boot_id="boot")

    assert seen.size() == 0


def test_what_was_dropped_stays_unknown():
    """That an entity was dropped for the budget survives a restart."""
    first = history(budget=400)
    first.write(SIZE.key, "push", 10, 0)
    assert first.dropped == {SIZE.key: 1}
    seen = History()
    seen.restore(first.encode(20 * MINUTE, wall=WALL, boot_id="boot"), 20 * MINUTE, wall=WALL, boot_id="boot")
    seen.demand([SIZE], 20 * MINUTE)
    seen.back(Source.REDIS, 20 * MINUTE)

    assert ask(seen, Function.MAX, 20 * MINUTE) is MISSING


def damaged() -> list[bytes]:
    """Bytes that look like a history, each with one thing wrong."""
    good: dict[str, Any] = msgspec.msgpack.decode(saved())
    since, window, tracks, evicted = good["series"][SIZE.key]
    times, code, states, *_ = tracks["push"]

    def with_track(*track: Any) -> bytes:
        return msgspec.msgpack.encode({**good, "series": {SIZE.key: [since, window, {"push": list(track)}, evicted]}})

    late = (21 * MINUTE).to_bytes(8, "little")
    return [
        b"", b"\xff", b"text", saved()[:-5],
        msgspec.msgpack.encode({**good, "format": 99}),
        msgspec.msgpack.encode({**good, "at": "now"}),
        msgspec.msgpack.encode({**good, "at": -1}),
        msgspec.msgpack.encode({**good, "at": 2**63}),
        msgspec.msgpack.encode({**good, "coverage": {"redis": [3, 2]}}),
        msgspec.msgpack.encode({**good, "coverage": {"redis": [2**63]}}),
        msgspec.msgpack.encode({**good, "series": {SIZE.key: [2**62, window, tracks, evicted]}}),
        msgspec.msgpack.encode({**good, "series": {SIZE.key: [since, -1, tracks, evicted]}}),
        msgspec.msgpack.encode({**good, "series": {SIZE.key: [since, window, tracks, {"pull": 2**62}]}}),
        with_track(times, "i", states), with_track(times, "", states), with_track(times[:-1], code, states), with_track(times, code, states[:8]),
        with_track(b"", code, b""), with_track(times[8:] + times[:8], code, states), with_track(times[:8] + times[:8], code, states),
        with_track(times[:8] + late, code, states), with_track(times, "d", b"\xff" * 16),
        with_track(times, code, states, 2**40, {}), with_track(times, code, states, 0, {WINDOW: [5_001, []]}), with_track(times, code, states, 0, {0: [0, []]}),
        with_track(times, code, states, 0, {WINDOW: [2**40 * 5_000, []]}), with_track(times, code, states, 0, {WINDOW: [5_000, [[1, 0]]]}),
        with_track(times, code, states, 0, {WINDOW: [5_000, [[0, 6_000]]]}), with_track(times, code, states, 0, {WINDOW: [5_000, [[0, 5, 6]]]}),
        with_track(times, code, states, 0, {WINDOW: [5_000, [[0, 5, 5]]]}),
    ]  # fmt: skip


@pytest.mark.parametrize("data", damaged())
def test_damaged_bytes_are_refused(data):
    """Whatever is wrong with them, they are refused in a sentence, and the history is what it was before."""
    seen = history()
    seen.write(SIZE.key, "push", 5, 0)
    with pytest.raises(BrokenHistoryError, match="history"):
        seen.restore(data, 20 * MINUTE, wall=WALL, boot_id="boot")

    assert ask(seen, Function.AVG, 20 * MINUTE) == 5


def test_every_cut_is_refused_or_whole():
    """A file that was cut anywhere is never half a history."""
    data = saved()
    for length in range(len(data)):
        with pytest.raises(BrokenHistoryError):
            History().restore(data[:length], 20 * MINUTE, wall=WALL, boot_id="boot")


def test_times_that_no_clock_has_are_refused():
    """Clocks that lie by more than numbers of eight bytes can hold: refused like any damage."""
    good = msgspec.msgpack.decode(saved())
    data = msgspec.msgpack.encode({**good, "wall": -(2**63)})
    with pytest.raises(BrokenHistoryError, match="damaged"):
        History().restore(data, 20 * MINUTE, wall=WALL, boot_id="another")
