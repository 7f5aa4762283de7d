"""The entries of sidekiq-scheduler: what they say, when they are due, and when one is overdue."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.sidekiq.decode import Broken
from watchdog.sidekiq.entries import (
    GRACE,
    Entry,
    decode_entry,
    decode_state,
    decode_time,
    is_overdue,
    observed_period,
    period_of,
    pushes_in_period,
)

DUE = int(datetime(2026, 11, 22, 13, 56, 51, tzinfo=UTC).timestamp() * 1000)
MINUTE = 60_000


@pytest.mark.parametrize(
    "written",
    [
        b"2026-11-22 08:56:51 -0500",
        b"2026-11-22 14:56:51 +0100",
        b"2026-11-22 13:56:51 Z",  # TZ=UTC
        b"2026-11-22 13:56:51 +0000",  # TZ is empty
        b"2026-11-22 19:26:51 +0530",
        b"2026-11-22 13:56:51 UTC",
    ],
)
def test_every_way_to_write_a_time(written):
    """The scheduler writes local time with one of four offsets; all are the same moment."""
    assert decode_time(written) == DUE


@pytest.mark.parametrize(
    "written", [b"", b"soon", b"2026-13-22 08:56:51 Z", b"2026-11-22 08:56:51", b"0001-01-01 00:00:00 +2359", b"\xff", b"1" * 500]
)
def test_what_is_no_time(written):
    """Nothing is made of it."""
    assert decode_time(written) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", 300), ("30s", 30), ("1h30m", 5_400), ("1d", 86_400), ("1w", 604_800), ("1M", 30 * 86_400), ("1 minute", 60), ("2 hours and 5 minutes", 7_500),
        ("30 min", 1_800), ("24h", 86_400), ("1y", 365 * 86_400),
        ("", None), ("5", None), ("0s", None), ("5 fortnights", None), ("PT5M", None), ("day at noon", None), ("-5m", None), ("5m!", None),
    ],
)  # fmt: skip
def test_how_long_a_text_lasts(text, seconds):
    """`m` is a minute and `M` a month; what is not understood is not guessed."""
    assert period_of(text) == (None if seconds is None else seconds * 1000)


@pytest.mark.parametrize(
    ("raw", "entry"),
    [
        (
            b'{"every":"5m","class":"A","queue":"scheduler"}',
            Entry(job_class="A", queue="scheduler", timing="every", text="5m", period=300_000),
        ),
        (b'{"every":["1h",{"first_in":"1s"}],"class":"A"}', Entry(job_class="A", timing="every", text="1h", period=3_600_000)),
        (b'{"interval":"1 minute","class":"A"}', Entry(job_class="A", timing="interval", text="1 minute", period=60_000)),
        (b'{"cron":"0 4 * * *","every":"5m","enabled":false}', Entry(enabled=False, timing="cron", text="0 4 * * *")),
        (b'{"in":"5m","class":"A"}', Entry(job_class="A", timing="in", text="5m")),
        (b'{"cron":"","class":7,"queue":"a\\nb","every":[]}', Entry()),
        (b"{}", Entry()),
    ],
)
def test_an_entry(raw, entry):
    """The first of the five ways that is there counts, as the scheduler looks for them; what is odd is left out."""
    assert decode_entry("schedules", raw) == entry


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", b"\xff"])
def test_a_broken_entry(raw):
    """It is named without its content."""
    assert decode_entry("schedules", raw) == Broken("schedules", "an entry is not a JSON object")


@given(st.binary(max_size=200))
def test_no_bytes_are_too_odd(raw):
    """Whatever stands in the hashes, something is said and nothing raised."""
    decode_entry("schedules", raw)
    decode_state(raw)
    decode_time(raw)


def test_a_switch():
    """Only somebody who toggled it has written a state, and it goes over the entry's own."""
    assert [decode_state(raw) for raw in (b'{"enabled":false}', b'{"enabled":true}', b"{}", b"x", b"[]", b'{"enabled":1}')] == [
        False, True, None, None, None, None,
    ]  # fmt: skip


def test_how_far_times_are_apart():
    """The last time and the next are written together; where there is no last one, pushes tell; where there are none, nothing does."""
    assert observed_period(DUE, DUE - 3_600_000, [1, 2]) == 3_600_000
    assert observed_period(DUE, None, [0, 300_000, 600_001]) == 300_000
    assert observed_period(DUE, DUE, [5, 5]) is None
    assert observed_period(None, DUE, []) is None


def test_an_entry_that_is_pushed_twice():
    """Two processes count `every` by themselves: two pushes a period. A push that comes a moment early is not doubled."""
    assert pushes_in_period([0, 300_000, 600_000], 300_000) == 1
    assert pushes_in_period([0, 299_000, 598_500], 300_000) == 1
    assert pushes_in_period([0, 120_000, 300_000, 420_000], 300_000) == 2
    assert pushes_in_period([], 300_000) == 0
    assert pushes_in_period([1], None) is None


@pytest.mark.parametrize(
    ("due", "pushed", "period", "overdue"),
    [
        (None, None, 5 * MINUTE, False),  # no process has loaded it
        (1, None, 5 * MINUTE, False),  # it lies ahead
        (-GRACE, None, 5 * MINUTE, False),  # within the grace
        (-GRACE - 1, None, 5 * MINUTE, True),  # never pushed within a day
        (-2 * MINUTE, -2 * MINUTE, 5 * MINUTE, False),  # `next_times` stayed behind, a push has come
        (-2 * MINUTE, -6 * MINUTE, 5 * MINUTE, False),
        (-2 * MINUTE, -6 * MINUTE - 1, 5 * MINUTE, True),
        (-2 * MINUTE, -2 * MINUTE, None, False),  # period not known: pushed since it was due
        (-2 * MINUTE, -2 * MINUTE - 1, None, True),
    ],
)
def test_overdue(due, pushed, period, overdue):
    """Its time is over by more than a minute, and no push has come for a period and a minute: both, because either alone is normal at times."""
    now = DUE

    assert (
        is_overdue(due=None if due is None else now + due, pushed=None if pushed is None else now + pushed, period=period, now=now)
        is overdue
    )
