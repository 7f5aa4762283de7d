"""The dead man's switch, in virtual time: when it calls, what it says, and when it says nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from watchdog.clock import Clock
from watchdog.daemon.heartbeat import RETRY, Heartbeat
from watchdog.engine.ledger import Ledger, Loss
from watchdog.model.kinds import Source
from watchdog.receivers.receiver import TryAgainError
from watchdog.rulefile.heartbeat import PLAIN, HeartbeatSettings

pytestmark = pytest.mark.looptime
BEAT = HeartbeatSettings("https://h.example/c0ffee?a=b", 62_000)
"""Never in the same moment as a turn: what comes first then nobody can say."""
WELL = Ledger()


class Far:
    """Who is called: `heard` are the second and what stood behind the address. Can't be reached while `dead`."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, str]] = []
        self.tried: list[float] = []
        self.bodies: list[bytes | None] = []
        self.dead = False

    async def call(self, url: str, body: bytes | None) -> None:
        now = asyncio.get_running_loop().time()
        self.tried.append(now)
        if self.dead:
            raise TryAgainError("can't connect: Connection refused")
        assert url.startswith("https://h.example/c0ffee")
        assert url.endswith("?a=b")
        self.heard.append((now, url.removeprefix("https://h.example/c0ffee").removesuffix("?a=b")))
        self.bodies.append(body)


@contextlib.asynccontextmanager
async def beating(far: Far, settings: HeartbeatSettings | None = BEAT) -> AsyncIterator[Heartbeat]:
    """One that runs."""
    one = Heartbeat(settings, Clock(), call=far.call)
    task = asyncio.create_task(one.run())
    yield one
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def turns(one: Heartbeat, seconds: int, failing: str = "", ledger: Ledger = WELL) -> None:
    """A turn each five seconds, for so long, with that outcome."""
    for _ in range(seconds // 5):
        one.turned(failing, ledger)
        await asyncio.sleep(5)


async def test_it_beats_while_turns_are_made():
    """The beginning is said, then the first turn, then once a minute."""
    far = Far()
    async with beating(far) as one:
        await asyncio.sleep(2)
        await turns(one, 150)
    assert far.heard == [(0, "/start"), (2, ""), (64, ""), (126, "")]
    assert far.bodies[0] == b"begins"
    assert far.bodies[2] == b"observe: 0 alerts, 0 incidents, 12 turns since the last beat"


async def test_no_turn_no_beat():
    """An agent that hangs says nothing; the first turn afterwards does at once."""
    far = Far()
    async with beating(far) as one:
        await turns(one, 5)
        await asyncio.sleep(10_000)
        assert far.heard == [(0, "/start"), (0, "")]
        one.turned("", WELL)
        await asyncio.sleep(1)
    assert far.heard[2:] == [(10_005, "")]


async def test_what_can_not_be_written_down_is_a_failure():
    """Turns alone are not enough: they must be committed."""
    far = Far()
    async with beating(far) as one:
        await turns(one, 60)
        await turns(one, 120, "database or disk is full")
        await turns(one, 60)
    assert far.heard == [(0, "/start"), (0, ""), (62, "/fail"), (124, "/fail"), (186, "")]
    assert far.bodies[2] is not None
    assert far.bodies[2].endswith(b"can't write anything down and does nothing")


async def test_a_blind_agent_is_a_failure():
    """For longer than a beat; a Redis that is only started anew is none."""
    far, blind = Far(), Ledger(lost={Source.REDIS: Loss("refused", "no connection", 0)})
    async with beating(far) as one:
        await turns(one, 50)
        await turns(one, 20, ledger=blind)
        await turns(one, 50)
        await turns(one, 120, ledger=blind)
    assert far.heard == [(0, "/start"), (0, ""), (62, ""), (124, ""), (186, "/fail")]
    assert far.bodies[-1] is not None
    assert b"can't read redis" in far.bodies[-1]


async def test_the_plain_style():
    """Only the address itself, by GET; nothing is said while something is wrong."""
    far = Far()
    async with beating(far, HeartbeatSettings(BEAT.url, 62_000, PLAIN)) as one:
        await turns(one, 60)
        await turns(one, 100, "database or disk is full")
        await turns(one, 60)
    assert far.heard == [(0, ""), (160, "")]
    assert set(far.bodies) == {None}


async def test_who_can_not_be_reached_is_tried_again_sooner(caplog):
    """Said once in the log, and once that it is over; never the address."""
    far = Far()
    far.dead = True
    async with beating(far) as one:
        await turns(one, 40)
        far.dead = False
        await turns(one, 30)
    assert far.tried == [0, 0, RETRY / 1000, 2 * RETRY / 1000, 3 * RETRY / 1000]
    assert far.heard == [(45, "")]
    assert [record.message for record in caplog.records] == ["the heartbeat is not heard: can't connect: Connection refused"]
    assert "c0ffee" not in caplog.text


async def test_a_reload_changes_it():
    """Another address is called from the next turn on; none, and nobody is."""
    far = Far()
    async with beating(far, None) as one:
        await turns(one, 100)
        assert far.heard == []
        one.mean(HeartbeatSettings(BEAT.url, 12_000))
        await turns(one, 20)
        assert far.heard == [(100, "/start"), (100, ""), (112, "")]
        one.mean(None)
        await turns(one, 100)
    assert far.tried[-1] == 112
