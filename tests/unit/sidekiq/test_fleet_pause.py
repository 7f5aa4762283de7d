"""The pause of the whole fleet in Redis: what its key can hold, and what is said of it."""

from typing import Any

import msgspec
import pytest

from watchdog.engine.switches import FLEET, Pause
from watchdog.model.events import Paused, Resumed
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.failures import ServerError
from watchdog.sidekiq.fleet import Fleet
from watchdog.sidekiq.fleet_pause import FleetPause, read_left, read_pause, to_pause
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.sampled.fleet_pause import PauseOfFleet
from watchdog.sidekiq.sampled.part import Ground, Moment

WRONG = ServerError("WRONGTYPE Operation against a key holding the wrong kind of value")


class Clocks:
    """Both, as the test says."""

    now = 1_000_000

    def at(self) -> int:
        return self.now

    def wall(self) -> int:
        return self.now + 1_790_000_000_000


class Looks:
    """A part of the sample, and what it has said; `now` is what GET and PTTL say."""

    def __init__(self, before: Pause | None = None) -> None:
        self.clock = Clocks()
        self.said: list[Any] = []
        self.asked = 0
        self.tally = Tally(self.clock)  # type: ignore[arg-type]
        ground = Ground(Keys("app"), self.tally, "h:1")
        self.part = PauseOfFleet(ground, self.clock, self.said.append, before)  # type: ignore[arg-type]

    async def look(self, value: Any, left: Any = -1) -> list[Any]:
        """What is said at this look."""
        before = len(self.said)

        async def ask(commands):
            self.asked += len(commands)
            assert commands == [("PTTL", b"app:sidekiq-watchdog:pause")]
            return [left]

        assert self.part.commands() == [("GET", b"app:sidekiq-watchdog:pause")]
        await self.part.take(ask, [value], Moment(self.clock.now, 0, Fleet()))
        return self.said[before:]


@pytest.mark.parametrize(
    ("value", "by", "reason"),
    [
        (b"deploy of 4.5", "somebody", "deploy of 4.5"),
        (b'{"by": "eve", "reason": "incident 7", "more": 1}', "eve", "incident 7"),
        (b'{"by": 5, "reason": ["x"]}', "somebody", "no reason given"),
        (b'{"by": "eve"', "somebody", '{"by": "eve"'),
        (b"", "somebody", "no reason given"),
        (b"[1]", "somebody", "[1]"),
        (b"first line\nsecond", "somebody", "first line"),
        (b"\xff", "somebody", "\ufffd"),
        (b"x" * 10_000, "somebody", "x" * 200),
        (5, "somebody", "no reason could be read"),
    ],
)
def test_whatever_it_holds_is_a_pause(value, by, reason):
    """Nobody is to be surprised that his pause was not one."""
    assert read_pause(value) == FleetPause(by, reason)


def test_what_is_written_is_what_is_read():
    """By the command, for as long as it says."""
    verb, key, value, px, lasts = to_pause(b"k", FleetPause("eve", "ä reason"), lasts=5)
    assert (verb, key, px, lasts) == ("SET", b"k", "PX", 5)
    assert read_pause(value) == FleetPause("eve", "ä reason")
    assert isinstance(value, bytes)
    assert msgspec.json.decode(value) == {"by": "eve", "reason": "ä reason"}


@pytest.mark.parametrize(("reply", "left"), [(5, 5), (0, 0), (-1, None), (-2, None), (2**62, 366 * 86_400_000), (b"x", None), (None, None)])
def test_how_long_it_lasts(reply, left):
    """A key without a time to live has no end."""
    assert read_left(reply) == left


async def test_it_is_said_as_it_comes_changes_and_goes():
    """And not at each look; the end is told in wall time, and one that has moved is news."""
    one = Looks()
    assert await one.look(None) == []
    wall = one.clock.wall()
    assert await one.look(b"deploy", 60_000) == [Paused("somebody", "deploy", wall + 60_000, FLEET)]
    one.clock.now += 10_000
    assert await one.look(b"deploy", 49_200) == []
    assert await one.look(b"deploy", 600_000) == [Paused("somebody", "deploy", wall + 610_000, FLEET)]
    assert await one.look(b"more", 600_000) == [Paused("somebody", "more", wall + 610_000, FLEET)]
    assert await one.look(b"more") == [Paused("somebody", "more", None, FLEET)]
    assert await one.look(None) == [Resumed(FLEET, FLEET)]
    assert await one.look(None) == []


async def test_it_costs_one_command_while_there_is_none():
    """And one more while the fleet is paused."""
    one = Looks()
    await one.look(None)
    assert one.asked == 0
    await one.look(b"x", 5)
    assert one.asked == 1


async def test_one_without_an_end_is_complained_of_once(caplog):
    """With the key, so that somebody can give it one."""
    one = Looks()
    await one.look(b"x")
    await one.look(b"x")
    assert [record.getMessage() for record in caplog.records] == [
        "app:sidekiq-watchdog:pause has no time to live: the fleet is paused until somebody removes it"
    ]


async def test_another_type_is_a_pause():
    """Somebody pushed a reason into a list of that name: he wanted a pause, and it is broken data as well."""
    one = Looks()
    assert await one.look(WRONG) == [Paused("somebody", "no reason given", None, FLEET)]
    assert [datum.reason for datum in one.tally.data()] == ["it is not a string"]


async def test_after_a_restart_only_news_are_said():
    """The same pause is none; one that went meanwhile is."""
    before = Pause("eve", "x", 1_060_000, 7, source=FLEET)
    assert await Looks(before).look(b'{"by":"eve","reason":"x"}', 60_500) == []
    assert await Looks(before).look(None) == [Resumed(FLEET, FLEET)]
    (said,) = await Looks(before).look(b"y", 60_000)
    assert said.reason == "y"
