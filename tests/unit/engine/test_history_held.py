"""`held`: a statement that was true all the time, and when that can change."""

from tests.unit.engine.test_history import HELD, MINUTE, history
from watchdog.engine.history import History
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING

BEAT = 10_000


def statement(*said: tuple[int, object]) -> History:
    """A history in which that was said of the queue `push`, at these times."""
    made = history(HELD)
    for at, truth in said:
        made.write(HELD.key, "push", truth, at)
    return made


def held(of: History, now: int, window: int = 5 * MINUTE) -> bool | None:
    """Whether it has held of the queue `push`."""
    return of.held(HELD.key, "push", window, now)


def due(of: History, now: int, window: int = 5 * MINUTE) -> int | None:
    """When that can change."""
    return of.held_due(HELD.key, "push", window, now)


def test_it_holds_from_the_very_millisecond():
    """True at a moment and all the time since: it has held as soon as the window is over, not a bucket later."""
    seen = statement((0, False), (10 * MINUTE, True))

    assert held(seen, 15 * MINUTE - 1) is False
    assert held(seen, 15 * MINUTE) is True
    assert due(seen, 11 * MINUTE) == 15 * MINUTE
    assert due(seen, 15 * MINUTE) is None


def test_it_is_over_at_once():
    """What turns false has not held, from that moment; and until it is true again nothing is due."""
    seen = statement((0, True), (10 * MINUTE, False))

    assert held(seen, 10 * MINUTE - 1) is True
    assert held(seen, 10 * MINUTE) is False
    assert due(seen, 10 * MINUTE) is None


def test_who_was_not_there_held_nothing():
    """An entity that came later than the window began can't have held anything all through it."""
    seen = statement((10 * MINUTE, True))

    assert held(seen, 12 * MINUTE) is False
    assert due(seen, 12 * MINUTE) == 15 * MINUTE
    assert held(seen, 15 * MINUTE) is True
    assert seen.held(HELD.key, "nobody", MINUTE, 12 * MINUTE) is False


def test_who_left_holds_nothing():
    """A queue that went does not go on holding what it held."""
    seen = statement((0, True))
    seen.gone(Kind.QUEUE, "push", 10 * MINUTE)

    assert held(seen, 10 * MINUTE) is False
    assert due(seen, 10 * MINUTE) is None


def test_three_beats_of_not_knowing_are_forgiven():
    """A stretch of up to three beats may be unknown; a longer one, and nobody can say."""
    seen = statement((0, True), (10 * MINUTE, MISSING), (10 * MINUTE + 3 * BEAT, True))
    assert held(seen, 12 * MINUTE) is True

    longer = statement((0, True), (10 * MINUTE, MISSING), (10 * MINUTE + 3 * BEAT + 1, True))
    assert held(longer, 12 * MINUTE) is None
    assert due(longer, 12 * MINUTE) == 15 * MINUTE
    assert held(longer, 15 * MINUTE + 1) is True


def test_a_source_that_can_not_be_read_is_not_knowing():
    """The same for a source that is lost; it is also not knowing before the source was first read."""
    seen = statement((0, True))
    seen.lost(Source.REDIS, 10 * MINUTE)
    assert held(seen, 10 * MINUTE + 3 * BEAT - 1) is True
    assert held(seen, 10 * MINUTE + 3 * BEAT) is None
    assert due(seen, 10 * MINUTE) == 10 * MINUTE + 3 * BEAT

    fresh = History()
    fresh.demand([HELD], 0)
    fresh.write(HELD.key, "push", value=True, now=0)
    assert held(fresh, 10 * MINUTE) is None


def test_false_outweighs_not_knowing():
    """Seen to be false once, it has not held, however little is known of the rest."""
    seen = statement((0, False))
    seen.lost(Source.REDIS, 1_000)

    assert held(seen, 4 * MINUTE) is False
    assert held(seen, 6 * MINUTE) is None


def test_a_short_window_needs_four_fifths():
    """Where three beats are the whole window, not knowing is not holding."""
    seen = statement((0, True), (MINUTE, MISSING), (MINUTE + 3_000, True))

    assert held(seen, MINUTE + 8_000, window=10_000) is None
    assert held(seen, MINUTE + 12_000, window=10_000) is True


def test_who_is_asked_about_is_not_idle():
    """A statement that stands for hours is never written again, but a rule asks for it: others go before it."""
    seen = history(HELD, budget=5_000)
    for number in range(5):
        seen.write(HELD.key, f"q{number}", value=True, now=number)
    for minute in range(10):
        seen.held(HELD.key, "q0", MINUTE, 10 * MINUTE + minute)
        seen.write(HELD.key, f"other{minute}", value=True, now=10 * MINUTE + minute)

    assert seen.held(HELD.key, "q0", MINUTE, 20 * MINUTE) is True
    assert seen.held(HELD.key, "q1", MINUTE, 20 * MINUTE) is None
