"""Which inboxes are not tried at the moment, in each generation of the gem's keys."""

import pytest

from watchdog.mastodon.lights import Generation, generation_of, is_red, light_of, questions

URL = b"https://Remote.example/inbox"
WALL = 1_795_700_000_000
SOON = b"1795700030"
PAST = b"1795699999"


def failure(at):
    """As the gem writes it."""
    return b'{"error":{"class":"HTTP::TimeoutError","message":"private"},"time":"' + at + b'"}'


def lists():
    """One of the generation that keeps lists."""
    return light_of(b"stoplight:failures:" + URL)


def sorted_sets():
    """One of the generation that keeps sorted sets."""
    return light_of(b"stoplight:v4:failures:" + URL)


def hashes():
    """One of the generation that keeps hashes."""
    return light_of(b"stoplight:v5:metadata:" + URL)


@pytest.mark.parametrize(
    ("key", "generation"),
    [
        (b"stoplight:failures:x", Generation.LISTS),
        (b"stoplight:v4:failures:x", Generation.SORTED),
        (b"stoplight:v5:metadata:x", Generation.HASHES),
        (b"stoplight:v6:metadata:9f86d08", Generation.HASHED),
        (b"stoplight:states", None),
        (b"stoplight:v4:last_notification:x", None),
        (b"stoplight:v5:recovery_metrics:x", None),
        (b"stat:processed", None),
    ],
)
def test_generations_are_told_by_their_keys(key, generation):
    """Those that say whether a light is red, and no others."""
    assert generation_of(key) is generation


def test_a_light_is_of_a_host():
    """That of its address, in small letters; what is no address is a light of something else, and of hashed names nobody knows whose they are."""
    assert lists().host == sorted_sets().host == hashes().host == "remote.example"
    for name in (b"source:10.0.0.1", b"object-storage", b"https:///inbox", b"\xff", b""):
        assert light_of(b"stoplight:v5:metadata:" + name) is None
    assert light_of(b"stoplight:v6:metadata:9f86d08") is None


def test_what_is_asked_stands_behind_the_namespace():
    """Whatever the generation, and no question is one for all failures."""
    for light in (lists(), sorted_sets(), hashes()):
        keys = [command[1] for command in questions(light, b"ns:")]
        assert all(isinstance(key, bytes) and key.startswith(b"ns:stoplight:") for key in keys)
    assert questions(sorted_sets(), b"")[2] == ("ZRANGE", b"stoplight:v4:failures:" + URL, -1, -1, "WITHSCORES")


@pytest.mark.parametrize(
    ("state", "breached", "scheduled", "started", "red"),
    [
        (None, b"1795699990", SOON, None, True),
        (None, b"1795699990", PAST, None, False),  # time to try again: yellow
        (None, None, None, b"1795699995", False),  # being tried
        (None, None, None, None, False),
        (b"locked_red", None, None, None, True),
        (b"locked_green", b"1795699990", SOON, None, False),
        (b"unlocked", b"1795699990", SOON, None, True),
        (None, b"1795699990", b"rubbish", None, True),
    ],
)
def test_hashes_say_the_colour(state, breached, scheduled, started, red):
    """As the gem decides it from its metadata."""
    assert is_red(hashes(), [[state, breached, scheduled, started]], wall=WALL) is red


@pytest.mark.parametrize(
    ("state", "size", "ago", "red"),
    [(None, 10, 59, True), (None, 10, 61, False), (None, 9, 1, False), (b"locked_red", 0, None, True), (b"locked_green", 10, 1, False)],
)
def test_failures_say_the_colour(state, size, ago, red):
    """Ten of them, the last within a minute: both as a list of JSON and as a sorted set, in either version of the protocol."""
    seconds = None if ago is None else WALL // 1000 - ago
    at = {
        None: b"",
        59: b"2026-11-26T13:32:21.000000000+00:00",
        61: b"2026-11-26T13:32:19.123456789+00:00",
        1: b"2026-11-26T13:33:19+00:00",
    }
    assert is_red(lists(), [state, size, failure(at[ago]) if ago else None], wall=WALL) is red
    newest = [] if seconds is None else [[b"x", float(seconds)]]
    assert is_red(sorted_sets(), [state, size, newest], wall=WALL) is red
    flat = [] if ago is None else [b"x", str(seconds).encode()]
    assert is_red(sorted_sets(), [state, size, flat], wall=WALL) is red


@pytest.mark.parametrize(
    "replies", [[], [None], [[None]], [Exception("WRONGTYPE")] * 3, [None, b"x", b"{"], [None, 10, b'{"time":1}'], [None, 10, [[1, 2]]]]
)
def test_what_can_not_be_understood_is_not_red(replies):
    """Nothing is raised."""
    for light in (lists(), sorted_sets(), hashes()):
        assert is_red(light, list(replies), wall=WALL) is False
