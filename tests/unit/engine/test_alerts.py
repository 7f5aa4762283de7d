"""The life of one alert: every phase with every truth, and what counts as time."""

import itertools

import pytest

from watchdog.engine.alerts import TABLE, Change, Truth, advance_alert
from watchdog.engine.ledger import Alert, Phase
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity

HOLD = 10_000
KEEP = 4_000


def alert(phase: Phase = Phase.PENDING, *, counted: int = 0, counted_at: int = 0, counting: bool = False) -> Alert:
    """An alert that is no longer new."""
    return Alert(
        id="1.0", rule="r", kind=Kind.JOB, entity="j", phase=phase, since_at=0, since_wall=0, counted=counted, counted_at=counted_at,
        counting=counting, severity=Severity.WARNING, notify=(),
    )  # fmt: skip


def tell(steps, *, hold: int = HOLD, keep: int = KEEP):
    """The phases and changes that follow from (time, truth), beginning inactive."""
    story = []
    now: Alert | None = None
    for at, truth in steps:
        outcome = advance_alert(now or alert(counted_at=at), truth, at=at, wall=at, hold=hold, keep_firing=keep, born=now is None)
        now = outcome.alert
        story.append((now.phase if now else None, outcome.change, outcome.due))
    return story


def test_every_phase_has_an_answer_to_every_truth():
    """The table leaves no pair of phase and truth open, and holds no other."""
    assert set(TABLE) == set(itertools.product((None, *Phase), Truth))


@pytest.mark.parametrize("truth", [Truth.FALSE, Truth.UNKNOWN, Truth.GONE])
def test_nothing_but_true_begins_an_alert(truth):
    """What is false, unknown or gone leaves an inactive alert inactive, and tells nobody."""
    assert tell([(0, truth)], hold=0) == [(None, None, None)]


@pytest.mark.parametrize(
    ("phase", "truth", "left", "change"),
    [
        (Phase.PENDING, Truth.TRUE, Phase.PENDING, None),
        (Phase.PENDING, Truth.FALSE, None, None),
        (Phase.PENDING, Truth.UNKNOWN, Phase.PENDING, None),
        (Phase.PENDING, Truth.GONE, None, None),
        (Phase.FIRING, Truth.TRUE, Phase.FIRING, None),
        (Phase.FIRING, Truth.FALSE, Phase.FIRING, None),
        (Phase.FIRING, Truth.UNKNOWN, Phase.FIRING, None),
        (Phase.FIRING, Truth.GONE, None, Change.RESOLVED),
    ],
)
def test_one_step_from_each_phase(phase, truth, left, change):
    """A pending alert disappears silently, a firing one only with word of it; what is unknown ends neither."""
    outcome = advance_alert(alert(phase), truth, at=1, wall=1, hold=HOLD, keep_firing=KEEP)

    assert (outcome.alert.phase if outcome.alert else None, outcome.change) == (left, change)


def test_without_for_it_fires_at_once():
    """`for` of nothing fires on the first sight."""
    assert tell([(5, Truth.TRUE)], hold=0) == [(Phase.FIRING, Change.FIRED, None)]


def test_it_fires_on_the_very_millisecond():
    """One millisecond before `for` is over it is pending and says when it will be due; at that millisecond it fires."""
    assert tell([(100, Truth.TRUE), (100 + HOLD - 1, Truth.TRUE), (100 + HOLD, Truth.TRUE)]) == [
        (Phase.PENDING, None, 100 + HOLD),
        (Phase.PENDING, None, 100 + HOLD),
        (Phase.FIRING, Change.FIRED, None),
    ]


def test_it_is_resolved_on_the_very_millisecond():
    """`keep_firing_for` ends exactly; one millisecond earlier it still fires."""
    fired = [(0, Truth.TRUE), (HOLD, Truth.TRUE)]
    story = tell([*fired, (20_000, Truth.FALSE), (20_000 + KEEP - 1, Truth.FALSE), (20_000 + KEEP, Truth.FALSE)])

    assert story[2:] == [(Phase.FIRING, None, 24_000), (Phase.FIRING, None, 24_000), (None, Change.RESOLVED, None)]


def test_unknown_time_does_not_count_towards_firing():
    """6 s true, an hour unknown, 3 s true: nine of ten seconds; the tenth fires."""
    story = tell([(0, Truth.TRUE), (6_000, Truth.UNKNOWN), (3_606_000, Truth.TRUE), (3_609_000, Truth.TRUE), (3_610_000, Truth.TRUE)])

    assert [phase for phase, _, _ in story] == [Phase.PENDING] * 4 + [Phase.FIRING]
    assert story[1][2] is None, "what is unknown has no moment at which it will be over"
    assert story[2][2] == 3_610_000


def test_unknown_time_does_not_count_towards_resolving():
    """2 s false, a minute unknown, 1 s false: three of four seconds; it fires on until the fourth."""
    fired = [(0, Truth.TRUE), (HOLD, Truth.TRUE)]
    story = tell(
        [*fired, (20_000, Truth.FALSE), (22_000, Truth.UNKNOWN), (82_000, Truth.FALSE), (83_000, Truth.FALSE), (84_000, Truth.FALSE)]
    )

    assert [(phase, change) for phase, change, _ in story[2:]] == [(Phase.FIRING, None)] * 4 + [(None, Change.RESOLVED)]
    assert story[4][2] == 84_000


def test_true_again_forgets_the_time_it_was_false():
    """Towards `keep_firing_for` only an unbroken stretch counts."""
    fired = [(0, Truth.TRUE), (HOLD, Truth.TRUE)]
    story = tell([*fired, (20_000, Truth.FALSE), (23_000, Truth.TRUE), (24_000, Truth.FALSE), (27_999, Truth.FALSE), (28_000, Truth.FALSE)])

    assert [phase for phase, _, _ in story[2:]] == [Phase.FIRING] * 4 + [None]


def test_false_for_a_moment_begins_anew():
    """A pending alert keeps nothing over a moment in which its condition was false."""
    story = tell([(0, Truth.TRUE), (9_999, Truth.FALSE), (10_000, Truth.TRUE), (19_999, Truth.TRUE), (20_000, Truth.TRUE)])

    assert [phase for phase, _, _ in story] == [Phase.PENDING, None, Phase.PENDING, Phase.PENDING, Phase.FIRING]


def test_unknown_twice_counts_nothing_twice():
    """Being told of the unknown again changes nothing, not even the object."""
    held = advance_alert(alert(counting=True), Truth.UNKNOWN, at=3_000, wall=0, hold=HOLD, keep_firing=KEEP).alert
    assert held is not None
    again = advance_alert(held, Truth.UNKNOWN, at=9_000, wall=0, hold=HOLD, keep_firing=KEEP).alert

    assert held.counted == 3_000
    assert again is held


def test_firing_on_true_changes_nothing():
    """A firing alert whose condition goes on holding stays the very same: an idle turn writes nothing."""
    firing = alert(Phase.FIRING)

    assert advance_alert(firing, Truth.TRUE, at=99, wall=0, hold=HOLD, keep_firing=KEEP).alert is firing


def test_what_was_counted_before_firing_does_not_count_towards_resolving():
    """The counter begins at nothing when the alert fires."""
    fired = advance_alert(alert(counted=HOLD), Truth.TRUE, at=50, wall=60, hold=HOLD, keep_firing=KEEP).alert

    assert fired is not None
    assert (fired.counted, fired.counting, fired.since_at, fired.since_wall) == (0, False, 50, 60)
