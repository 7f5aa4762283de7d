"""Whoever delivers whenever: pauses are those that a slow reckoning finds, memory is bounded, and no line, key or file of strangers raises anything."""

import contextlib
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from watchdog.mastodon.exhausted import failing
from watchdog.mastodon.following_log import FollowingLog
from watchdog.mastodon.lights import is_red, light_of
from watchdog.mastodon.peers import MOST, Peers
from watchdog.mastodon.traffic import DAY, DAYS, KNOWN_AFTER, KNOWN_FROM, Rhythm, begun
from watchdog.mastodon.traffic_kept import BrokenTrafficError, decode, encode
from watchdog.model.events import Gone
from watchdog.model.kinds import Source
from watchdog.model.log_lines import LogLine

STEPS = st.lists(st.sampled_from([0, 1, 60_000, DAY // 24, DAY // 3, DAY, 2 * DAY, 20 * DAY]), min_size=1, max_size=60)


def rhythm_of(moments: list[int]) -> Rhythm:
    """Of who delivered then."""
    rhythm = begun(moments[0])
    for at in moments[1:]:
        rhythm.delivered(at)
    return rhythm


def reckoned(moments: list[int], now: int) -> int | None:
    """The same from all that is known."""
    last = moments[-1] // DAY
    shown = [at for at in moments if at // DAY > last - DAYS]
    if now - moments[0] < KNOWN_AFTER or len(shown) < KNOWN_FROM:
        return None
    pauses = [(after // DAY, after - before) for before, after in pairwise(moments)]
    return max((pause for day, pause in pauses if day > last - DAYS), default=0)


@given(STEPS, st.sampled_from([0, 5, DAY, 40 * DAY]))
def test_the_longest_pause_is_that_of_all_that_happened(steps, silent):
    """Of the fourteen days before the last delivery, the present one left out, however long that is."""
    moments = [sum(steps[:number]) for number in range(1, len(steps) + 1)]
    rhythm = rhythm_of(moments)
    assert rhythm.longest(moments[-1] + silent) == reckoned(moments, moments[-1] + silent)
    assert len(rhythm.days) <= DAYS


LINES = st.one_of(
    st.text(max_size=200),
    st.builds(
        lambda host, status, rest: (
            f"method=POST path=/inbox controller=ActivityPub::InboxesController action=create status={status} key={host}{rest}"
        ),
        st.text(max_size=40) | st.sampled_from(["https://a.example/x", "https://[::1]/", "https://A.example:99", "x", ""]),
        st.sampled_from(["202", "401", "403", "503", "500", "999", "", "20٢"]),
        st.text(max_size=20),
    ),
    st.sampled_from(["method=GET path=/ status=200", "[1] Puma starting in cluster mode..."]),
)
SAID = st.lists(st.tuples(LINES, st.integers(0, 5_000), st.integers(0, 2_000_000), st.booleans()), max_size=40)


@given(SAID)
def test_age_is_never_more_than_the_time_that_was_followed(said):
    """Whatever stands in the log and however often it is lost: nothing raises, no moment lies ahead, and what is kept is what was there."""
    at, wall = 1_000_000, 1_795_700_000_000
    log = FollowingLog(None, at=at, wall=wall)
    log.open(at=at, wall=wall, can_resume=True)
    followed = 0
    for text, late, passed, breaks in said:
        at, wall = at + passed, wall + passed
        followed += passed
        if breaks:
            log.close(at=at, wall=wall)
            at, wall = at + 5_000_000, wall + 5_000_000
            log.open(at=at, wall=wall, can_resume=False)
        else:
            log.take(LogLine(text, wall - late, cursor="c"), at=at, wall=wall)
        log.is_silent(at)
        assert 0 <= log.now(at) <= followed
        told = log.traffic.of_all(log.now(at), offset=log.offset, least=0)
        assert told.get("inbound_at", at) <= at
    kept = decode(log.kept(at=at, wall=wall))
    assert kept.rhythms == log.traffic.rhythms
    assert kept.everybody == log.traffic.everybody


@given(st.binary(max_size=200))
def test_a_file_that_anybody_could_have_written_is_broken_or_read(data):
    """Nothing else."""
    with contextlib.suppress(BrokenTrafficError):
        encode(decode(data).traffic(), wall=0, passed=0, cursor="", speaks=False, spoke=False)


REPLIES = st.recursive(
    st.none() | st.binary(max_size=12) | st.integers() | st.floats() | st.sampled_from([b"20261126", b"1795700000"]),
    lambda of: st.lists(of, max_size=4),
    max_leaves=12,
)


@given(st.lists(REPLIES, max_size=5), st.binary(max_size=60), st.booleans())
def test_whatever_redis_answers(replies, name, whole):
    """Keys and answers of strangers are counted or left; none raises."""
    for begins in (b"stoplight:failures:https://", b"stoplight:v4:failures:https://", b"stoplight:v5:metadata:https://", b""):
        if (light := light_of(begins + name)) is not None:
            assert is_red(light, replies, wall=1_795_700_000_000) in (True, False)
    failing(replies, whole=whole)


CLAIMS = st.lists(
    st.tuples(st.sampled_from([Source.WEB_LOG, Source.DELIVERIES]), st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 9))),
    max_size=8,
)


@given(CLAIMS, st.lists(st.sampled_from("abc"), max_size=3))
def test_who_is_told_is_watched_or_claimed(claims, watched):
    """What is gone is told no more, what is told was begun, and each is told as it is after the last word."""
    peers = Peers(watched)
    told: set[str] = set()
    last: dict[Source, dict[str, float]] = {}
    for source, weights in claims:
        last[source] = weights
        peers.claim(source, weights)
        for change in peers.choose():
            if isinstance(change, Gone):
                told.remove(change.id)
            else:
                told.add(change.id)
        assert told == set(peers.chosen) == {*watched, *(host for one in last.values() for host in one)}
        assert len(told) <= MOST
