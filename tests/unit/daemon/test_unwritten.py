"""The alarm that needs no disk, in virtual time: when it is sent, how often, to whom, and what becomes of it where nobody can be reached."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

import pytest

from watchdog.clock import Clock
from watchdog.daemon.unwritten import AGAIN, EVERY, PATIENCE, UnwrittenAlarm
from watchdog.receivers.receiver import Dispatch, Remember, TryAgainError

pytestmark = pytest.mark.looptime
FULL = "database or disk is full"
LOST = ("critical", f"nothing can be written down, so nothing is done: {FULL}")
BACK = ("info", "the store can be written again")


class Phone:
    """A receiver; `told` are the seconds at which it was called, and what it heard. It can't be reached while `dead`."""

    def __init__(self) -> None:
        self.told: list[tuple[float, tuple[str, str]]] = []
        self.tried: list[float] = []
        self.ids: set[str] = set()
        self.dead = False
        self.closed = 0

    async def send(self, dispatch: Dispatch, _remember: Remember, /) -> str:
        (notice,) = dispatch.notices
        now = asyncio.get_running_loop().time()
        self.tried.append(now)
        if self.dead:
            raise TryAgainError("no answer")
        self.ids.add(notice.id)
        self.told.append((now, (notice.severity.value, notice.title)))
        return "heard"

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def phones() -> dict[str, Phone]:
    """Two receivers, of which the rules name one."""
    return {"ops": Phone(), "other": Phone()}


@contextlib.asynccontextmanager
async def alarm(phones: dict[str, Phone]) -> AsyncIterator[UnwrittenAlarm]:
    """One that runs."""
    one = UnwrittenAlarm(lambda: phones, audience=lambda: ("ops",), clock=Clock(), memory="m", host="web1")
    task = asyncio.create_task(one.run())
    yield one
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def turns(one: UnwrittenAlarm, seconds: float, failing: str) -> None:
    """A turn each five seconds, for so long, with that outcome."""
    for _ in range(int(seconds // 5)):
        one.turned(failing)
        await asyncio.sleep(5)


async def test_it_is_told_once_an_hour_and_when_it_is_over(phones):
    """Some seconds are no alarm; then those hear of it whom rules name, again each hour, and once that it is over."""
    ops = phones["ops"]
    async with alarm(phones) as one:
        await turns(one, 60, "")
        await turns(one, 2.5 * 3_600, FULL)
        await turns(one, 600, "")
    patience, hour = PATIENCE / 1000, EVERY / 1000
    assert ops.told == [
        (60 + patience, LOST), (60 + patience + hour, LOST), (60 + patience + 2 * hour, LOST), (60 + 2.5 * 3_600, BACK),
    ]  # fmt: skip
    assert len(ops.ids) == 4, "each is a message of its own"
    assert ops.closed == 0, "it is the deliverer's to close"
    assert phones["other"].tried == []


async def test_a_moment_is_no_alarm(phones):
    """What can be written again within seconds is nobody's business."""
    async with alarm(phones) as one:
        for _ in range(100):
            one.turned(FULL)
            await asyncio.sleep(PATIENCE / 1000 - 1)
            one.turned("")
            await asyncio.sleep(5)
    assert phones["ops"].tried == []


async def test_a_disk_that_comes_and_goes_is_told_once_an_hour(phones):
    """However often it is full and is not."""
    async with alarm(phones) as one:
        for _ in range(180):
            await turns(one, 30, FULL)
            await turns(one, 30, "")
    lost = [at for at, what in phones["ops"].told if what == LOST]
    assert len(lost) == 3
    assert all(later - earlier >= EVERY / 1000 for earlier, later in itertools.pairwise(lost))


async def test_who_can_not_be_reached_is_tried_again(phones):
    """Each minute, until one of them has it; an end of which nobody heard the beginning is not told."""
    ops = phones["ops"]
    ops.dead = True
    async with alarm(phones) as one:
        await turns(one, 200, FULL)
        ops.dead = False
        await turns(one, 100, FULL)
        one.turned("")
        await asyncio.sleep(1)
        tried, ops.dead = len(ops.tried), True
        await turns(one, EVERY / 1000 + 60, FULL)
        one.turned("")
        await asyncio.sleep(1)
    assert ops.tried[:5] == [5 + number * AGAIN / 1000 for number in range(5)]
    assert [what for _, what in ops.told] == [LOST, BACK]
    assert tried == 6
