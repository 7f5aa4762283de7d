"""When a watched host may be asked again, and how long its answer counts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.mastodon.peer_answers import EVERY, HOLDS, SOONER, SPREAD, BrokenAnswersError, PeerAnswers, decode

NOW = 1_700_000_000_000
US = ("example.org",)


@pytest.mark.parametrize(
    ("said", "slots"),
    [
        ("", {"publishes_blocks": True, "blocks_us": ""}), ("silence", {"publishes_blocks": True, "blocks_us": "silence"}), ("suspend", {"publishes_blocks": True, "blocks_us": "suspend"}), ("nothing", {"publishes_blocks": False}),
    ],
)  # fmt: skip
def test_an_answer_counts_for_three_days(said, slots):
    """One without a list says that there is none, and nothing of us."""
    answers = PeerAnswers(US)
    assert answers.readings("a.example", wall=NOW) == {}
    answers.found("a.example", said, wall=NOW, chance=0.5)
    assert answers.readings("a.example", wall=NOW) == answers.readings("a.example", wall=NOW + HOLDS) == slots
    assert answers.readings("a.example", wall=NOW + HOLDS + 1) == {}


def test_once_a_day():
    """A little later by chance, so that many agents don't ask together; sooner where it could not be found out."""
    answers = PeerAnswers(US)
    assert answers.due("a.example", wall=NOW) == 0
    answers.found("a.example", "", wall=NOW, chance=0.25)
    assert answers.due("a.example", wall=NOW) == EVERY + SPREAD // 4
    assert answers.due("a.example", wall=NOW + EVERY + SPREAD) == 0
    answers.failed("a.example", wall=NOW + EVERY, chance=0.0)
    assert answers.due("a.example", wall=NOW + EVERY) == SOONER
    assert answers.readings("a.example", wall=NOW + EVERY) == {"publishes_blocks": True, "blocks_us": ""}


def test_a_failure_is_no_answer():
    """Of a host that never gave one nothing is known."""
    answers = PeerAnswers(US)
    answers.failed("a.example", wall=NOW, chance=1.0)
    assert (answers.readings("a.example", wall=NOW), answers.due("a.example", wall=NOW)) == ({}, SOONER + SPREAD)


def test_a_clock_that_was_set_back():
    """It may be asked, and what was said in the future is not known yet."""
    answers = PeerAnswers(US)
    answers.found("a.example", "suspend", wall=NOW, chance=0)
    assert (answers.due("a.example", wall=NOW - 1), answers.readings("a.example", wall=NOW - 1)) == (0, {})


def test_it_survives_being_kept():
    """Under the same names of ours, and under no others; the oldest of too many are left out."""
    answers = PeerAnswers(US)
    for number in range(400):
        answers.found(f"h{number}.example", "silence", wall=NOW + number, chance=0)
    again = decode(answers.encode(), US)
    assert again.readings("h399.example", wall=NOW + 400) == {"publishes_blocks": True, "blocks_us": "silence"}
    assert (again.due("h399.example", wall=NOW + 400) > 0, again.due("h99.example", wall=NOW + 400)) == (True, 0)
    assert decode(answers.encode(), ("other.example",)).readings("h399.example", wall=NOW + 400) == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"version": 2, "us": [], "hosts": {}}',
        b'{"version": 1, "us": [], "hosts": {"a": {"asked": 1, "next": 2, "said": "maybe"}}}',
        b"[" * 100_000,
    ],
)
def test_what_is_damaged_is_left(data):
    """And said to be, by an error of our own."""
    with pytest.raises(BrokenAnswersError):
        decode(data, US)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10 * EVERY), st.floats(0, 1)), max_size=30))
def test_nobody_is_asked_twice_within_six_hours(steps):
    """Whoever asks only what is due, at whatever moments, with a clock that goes on."""
    answers, wall, asked = PeerAnswers(US), NOW, None
    for good, passes, chance in steps:
        wall += passes
        if answers.due("a.example", wall=wall):
            continue
        assert asked is None or wall - asked >= SOONER
        asked = wall
        if good:
            answers.found("a.example", "", wall=wall, chance=chance)
        else:
            answers.failed("a.example", wall=wall, chance=chance)


def test_a_file_that_would_keep_a_host_from_being_asked_for_ever():
    """No answer holds for so long: it is asked now."""
    kept = json.loads(PeerAnswers(US).encode()) | {"hosts": {"a.example": {"asked": NOW, "next": NOW + 10**12, "known": NOW, "said": ""}}}
    assert decode(json.dumps(kept).encode(), US).due("a.example", wall=NOW + 1) == 0
    kept["hosts"]["a.example"]["next"] = 10**30
    with pytest.raises(BrokenAnswersError):
        decode(json.dumps(kept).encode(), US)
