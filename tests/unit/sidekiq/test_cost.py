"""What Redis spends on the agent: counted, and weighed with Redis' own prices."""

import pytest

from watchdog.sidekiq.cost import Spent, prices

STATS = b"""# Commandstats\r
cmdstat_hgetall:calls=10,usec=42,usec_per_call=4.20,rejected_calls=0,failed_calls=0\r
cmdstat_client|caching:calls=4,usec=1,usec_per_call=0.25,rejected_calls=0,failed_calls=0\r
cmdstat_get:calls=0,usec=0,usec_per_call=0.00\r
cmdstat_odd:calls=many,usec=1\r
nonsense\r
"""


def test_what_redis_says_about_its_commands():
    """Microseconds for each run; what was never run, or makes no sense, has no price; CLIENT has that of the part that is called often."""
    assert prices(STATS) == {"hgetall": 4.2, "client|caching": 0.25, "client": 0.25}


@pytest.mark.parametrize("reply", [None, 7, b"", b"\xff\xfe", ValueError("NOPERM")])
def test_a_redis_that_does_not_say(reply):
    """Nothing is known then, and nothing fails."""
    assert prices(reply) == {}


def test_what_was_added():
    """Counts over several connections add up, and a window is what two counts differ by."""
    first = Spent(commands=2, round_trips=1, bytes_in=10, calls={"get": 2})
    second = first.plus(Spent(commands=3, round_trips=1, pushes=4, bytes_out=7, calls={"get": 1, "time": 2}))

    assert second == Spent(commands=5, round_trips=2, pushes=4, bytes_out=7, bytes_in=10, calls={"get": 3, "time": 2})
    assert second.since(first) == Spent(commands=3, round_trips=1, pushes=4, bytes_out=7, calls={"get": 1, "time": 2})


def test_dear_commands_weigh_more():
    """A command that Redis says takes long counts for that long; requests and bytes have their price as well."""
    asked = Spent(commands=100, round_trips=1, bytes_in=1_000, calls={"hgetall": 100})
    cheap, dear = asked.busy({}), asked.busy({"hgetall": 1_000.0})

    assert 0 < cheap < 0.2
    assert 100 < dear < 101
    assert Spent(round_trips=1_000).busy({}) > 10


def test_rates():
    """For each second of the time that it took."""
    assert Spent(commands=30, round_trips=3).rates(15_000)["commands_per_second"] == 2
    assert Spent(commands=30, round_trips=3).rates(15_000)["round_trips_per_second"] == 0.2
