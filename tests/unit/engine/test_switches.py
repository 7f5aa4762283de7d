"""Pauses and silences by themselves: what they are meant for."""

import pytest

from watchdog.engine.switches import Pause, Silence, moment

NAMES = ("web1/mastodon-sidekiq.service", "web1:10:abc", "mastodon-sidekiq.service", "mastodon-sidekiq")


@pytest.mark.parametrize(
    ("rule", "target", "concerned"),
    [
        ("", "", True),
        ("stuck-job", "", True),
        ("stuck-*", "", True),
        ("other", "", False),
        ("", "mastodon-sidekiq", True),
        ("", "web1/*", True),
        ("", "web2/*", False),
        ("", "web1:10:abc", True),
        ("stuck-job", "web2/*", False),
        ("other", "web1/*", False),
    ],
)
def test_what_a_pause_concerns(rule, target, concerned):
    """What is not given is not asked; all that is given must fit."""
    assert Pause("ada", "x", None, rule=rule, target=target).concerns("stuck-job", NAMES) is concerned


def test_nobody_replaces_the_pause_of_another():
    """Of the same person for the same thing there is one; those of others, for other things or said in another way are kept beside it. The fleet has one."""
    ada = Pause("ada", "x", 1, source="command")
    others = [
        Pause("eve", "x", 1, source="command"),
        Pause("ada", "x", 1, rule="r", source="command"),
        Pause("ada", "x", 1, target="r", source="command"),
        Pause("ada", "x", 1),
        Pause("ada", "x", 1, source="fleet"),
    ]
    assert ada.key == Pause("ada", "y", 2, source="command").key
    assert len({one.key for one in (ada, *others)}) == 6
    assert Pause("ada", "x", 1, source="fleet").key == Pause("eve", "x", 1, source="fleet").key


@pytest.mark.parametrize(
    ("given", "covered"),
    [
        ({"rule": "stuck-*"}, True),
        ({"rule": "other"}, False),
        ({"target": "mastodon-*"}, True),
        ({"target": "web2/*"}, False),
        ({"entity": "web1:10:abc/*"}, True),
        ({"entity": "web1:10:abc"}, False),
        ({"labels": {"team": "ma*"}}, True),
        ({"labels": {"team": "web"}}, False),
        ({"labels": {"page": "*"}}, False),
        ({"rule": "stuck-*", "target": "web1/*", "labels": {"team": "mail"}}, True),
        ({"rule": "stuck-*", "target": "web2/*"}, False),
    ],
)
def test_what_a_silence_covers(given, covered):
    """All that is given must fit; a label that the rule has not got fits nothing."""
    one = Silence("1.0", "ada", "x", 1, 1, **given)
    assert one.covers("stuck-job", "web1:10:abc/t1/j1/1", NAMES, {"team": "mail"}) is covered


def test_a_silence_says_what_it_is_for():
    """As it is written on the command line."""
    assert Silence("1.0", "ada", "x", 1, 1, rule="a*", entity="b", labels={"team": "c"}).matches == "rule=a* entity=b label.team=c"


@pytest.mark.parametrize(
    ("wall", "text"),
    [
        (0, "1970-01-01 00:00 UTC"),
        (1_795_354_499_123, "2026-11-22 13:34 UTC"),
        (-5, "1970-01-01 00:00 UTC"),
        (2**62, "9987-04-02 17:46 UTC"),
    ],
)
def test_a_moment_can_be_read(wall, text):
    """However far away somebody has put it."""
    assert moment(wall) == text
