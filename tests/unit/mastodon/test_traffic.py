"""Who delivers to us, and how long anybody usually pauses."""

import random

import pytest

from watchdog.mastodon.traffic import DAY, DAYS, HOUR, KEPT, KNOWN_FROM, Traffic
from watchdog.mastodon.traffic_kept import LARGEST, VERSION, BrokenTrafficError, decode, encode

MINUTE = 60_000


def steady(traffic, host="a.example", *, every, until, begin=0):
    """It delivers at that pace."""
    for at in range(begin, until, every):
        traffic.hear(host, 202, at)


def told(traffic, now, host="a.example", *, offset=0, least=0):
    """Its readings."""
    return traffic.of_host(host, now, offset=offset, least=least)


def test_only_what_was_accepted_makes_a_host_known():
    """Whoever is refused may call itself anything: it is counted for all together, and takes no room."""
    traffic = Traffic()
    for status in (401, 403, 503, 500, 404):
        traffic.hear("stranger.example", status, 5)
    assert traffic.rhythms == {}
    assert traffic.of_all(10, offset=0, least=0) == {"inbound": 0, "inbound_refused": 2, "inbound_failed": 1, "heard_peers": 0}
    traffic.hear("a.example", 202, 6)
    traffic.hear("a.example", 403, 7)
    assert told(traffic, 10) == {"inbound": 1, "inbound_refused": 1, "inbound_at": 6}


def test_of_a_watched_host_requests_are_counted_before_it_was_ever_accepted():
    """That it is refused is what its watcher wants to know."""
    traffic = Traffic()
    traffic.spare(["a.example"])
    traffic.hear("a.example", 401, 5)
    assert told(traffic, 10) == {"inbound": 0, "inbound_refused": 1}


def test_a_pause_is_known_after_three_days_and_twenty_deliveries():
    """Not before, and never the present one."""
    traffic = Traffic()
    steady(traffic, every=HOUR, until=3 * DAY - HOUR)
    assert "inbound_gap" not in told(traffic, 3 * DAY - HOUR)
    steady(traffic, begin=3 * DAY + 5 * HOUR, every=HOUR, until=3 * DAY + 6 * HOUR)
    assert told(traffic, 20 * DAY)["inbound_gap"] == 7 * HOUR
    few = Traffic()
    steady(few, every=HOUR, until=(KNOWN_FROM - 1) * HOUR)
    assert "inbound_gap" not in told(few, 10 * DAY)


def test_a_long_silence_leaves_the_baseline_alone():
    """A host that was busy and is silent for weeks is still known by what was usual."""
    traffic = Traffic()
    steady(traffic, every=HOUR, until=5 * DAY)
    assert told(traffic, 25 * DAY)["inbound_gap"] == HOUR
    assert "a.example" in traffic.weights(25 * DAY)
    assert "a.example" not in traffic.weights(40 * DAY)


def test_pauses_are_forgotten_after_two_weeks():
    """The longest one of the fourteen days before the last delivery counts."""
    traffic = Traffic()
    steady(traffic, every=HOUR, until=4 * DAY)
    steady(traffic, begin=5 * DAY, every=HOUR, until=10 * DAY)
    assert told(traffic, 10 * DAY)["inbound_gap"] == DAY + HOUR
    steady(traffic, begin=10 * DAY, every=HOUR, until=(5 + DAYS + 1) * DAY)
    assert told(traffic, (5 + DAYS + 1) * DAY)["inbound_gap"] == HOUR
    assert len(traffic.rhythms["a.example"].days) == DAYS


def test_no_pause_is_told_that_is_shorter_than_the_telling():
    """A host that delivers each second and is told of each five minutes would be silent for many times its pause in between."""
    traffic = Traffic()
    steady(traffic, every=5 * MINUTE, until=4 * DAY)
    assert told(traffic, 4 * DAY, least=10 * MINUTE)["inbound_gap"] == 10 * MINUTE


def test_what_was_before_the_agent_counts_into_the_rhythm_alone():
    """Counters begin at the beginning."""
    traffic = Traffic()
    traffic.hear("a.example", 202, 5, counts=False)
    traffic.hear("a.example", 401, 6, counts=False)
    assert told(traffic, 10) == {"inbound": 0, "inbound_refused": 0, "inbound_at": 5}
    assert traffic.of_all(10, offset=100, least=0) == {
        "inbound": 0, "inbound_refused": 0, "inbound_failed": 0, "heard_peers": 1, "inbound_at": 105,
    }  # fmt: skip


def test_what_comes_out_of_order_moves_nothing_back():
    """Two processes write into one log."""
    traffic = Traffic()
    for at in (10, 30, 20):
        traffic.hear("a.example", 202, at)
    assert told(traffic, 40) == {"inbound": 3, "inbound_refused": 0, "inbound_at": 30}


def test_heard_peers_are_those_of_the_last_hour():
    """Each once."""
    traffic = Traffic()
    for host, at in (("a.example", 0), ("b.example", 2 * HOUR), ("b.example", 2 * HOUR), ("c.example", 2 * HOUR)):
        traffic.hear(host, 202, at)
    assert traffic.of_all(2 * HOUR, offset=0, least=0)["heard_peers"] == 2


def test_a_flood_of_new_hosts_takes_no_place_of_a_busy_one():
    """Memory stays bounded, whoever comes; who is watched is never forgotten."""
    traffic = Traffic()
    traffic.spare(["watched.example"])
    traffic.hear("watched.example", 202, 0)
    for at in range(50):
        traffic.hear("busy.example", 202, at)
    for number in range(5 * KEPT):
        traffic.hear(f"x{number}.spam.example", 202, 100 + number)
        traffic.hear(f"x{number}.spam.example", 401, 100 + number)
    assert len(traffic.rhythms) <= KEPT + 500
    assert {"watched.example", "busy.example"} <= traffic.rhythms.keys()
    assert told(traffic, 10**6, "busy.example")["inbound"] == 50
    assert len(traffic._counted) <= KEPT + 501


def test_what_is_kept_is_what_was_known():
    """Rhythms, the place in the log and the time that was followed; counters begin anew."""
    traffic = Traffic()
    steady(traffic, every=HOUR, until=4 * DAY)
    kept = decode(encode(traffic, wall=7, passed=4 * DAY, cursor="s=1;i=2", speaks=True, spoke=True))
    assert (kept.wall, kept.passed, kept.cursor, kept.speaks, kept.spoke) == (7, 4 * DAY, "s=1;i=2", True, True)
    again = kept.traffic()
    assert told(again, 4 * DAY) == {**told(traffic, 4 * DAY), "inbound": 0}
    assert again.everybody == traffic.everybody


LONG = ".".join(["x" * 49] * 4)


def test_what_is_kept_is_bounded():
    """A million bytes, the least busy left out first."""
    chance = random.Random(3)
    traffic = Traffic()
    for number in range(KEPT):
        host = f"{LONG}.{number}.example"
        for day in range(DAYS):
            for _ in range(1 + (number == 7)):
                traffic.hear(host, 202, day * DAY + chance.randrange(DAY))
    data = encode(traffic, wall=2**41, passed=2**41, cursor="c" * 200, speaks=True, spoke=True)
    assert len(data) <= LARGEST
    assert f"{LONG}.7.example" in decode(data).rhythms


def test_what_is_broken_is_not_believed():
    """Nothing is ever raised but that it is broken, and a later format is said to be one."""
    good = encode(Traffic(), wall=7, passed=0, cursor="", speaks=False, spoke=False)
    broken = [b"", b"\x00", good[:-1], good + b"x", b"\x92\x01\x02", b"{}", good.replace(b"\x01", b"\x02", 1)]
    for data in broken:
        try:
            decode(data)
        except BrokenTrafficError as error:
            told_ = str(error)
        else:
            raise AssertionError(data)
    assert told_ == f"it has format 2, and this version knows {VERSION}"


def test_nothing_of_a_damaged_file_gets_any_further():
    """Bytes that are no text, numbers that no clock has told, a place that can be none: that it is damaged is all that is said. A name that no host has is left out."""
    traffic = Traffic()
    traffic.hear("a.example", 202, 5)
    good = encode(traffic, wall=7, passed=9, cursor="s=1;i=2", speaks=True, spoke=True)
    broken = [
        good.replace(b"a.example", b"a.exampl\xff"), good.replace(b"s=1", b"s\x001"), good.replace(b"s=1", b"\xff=1"), good.replace(b"\x09", b"\xff", 1),
        good.replace(b"\x07", b"\xcf" + b"\xff" * 8, 1), good.replace(b"\x93\x05", b"\x93\xd3" + b"\x80" + b"\x00" * 7),
    ]  # fmt: skip
    for data in broken:
        assert data != good
        with pytest.raises(BrokenTrafficError, match=r"^it is damaged$"):
            decode(data)
    assert decode(good.replace(b"a.example", b"a example")).rhythms == {}
    assert list(decode(good).rhythms) == ["a.example"]
