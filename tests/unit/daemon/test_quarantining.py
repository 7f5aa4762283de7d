"""The agent looks after the quarantine: at once, each half minute, each day; an outage is waited out."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import pytest

from watchdog.daemon.quarantining import QuarantineKeeper
from watchdog.model.events import Body, Vouched
from watchdog.sidekiq.edit.failures import NotEditedError
from watchdog.store.failures import StoreDamagedError, StoreError

pytestmark = pytest.mark.looptime


class Kept:
    """A quarantine that says when it was asked what, and fails as it is told."""

    def __init__(self) -> None:
        self._began: float | None = None
        self.resumed: list[int] = []
        self.expired: list[int] = []
        self.evidence_expired: list[int] = []
        self.half_way = 0
        self.put_back: list[Vouched] = []
        self.told: list[Body] = []
        self.fails: Exception | None = None
        self.fails_to_expire: Exception | None = None

    def _now(self) -> int:
        """Seconds since the first look."""
        now = asyncio.get_running_loop().time()
        self._began = now if self._began is None else self._began
        return round(now - self._began)

    async def resume(self) -> int:
        self.resumed.append(self._now())
        if self.fails is not None:
            raise self.fails
        done, self.half_way = self.half_way, 0
        return done

    async def put_back_by_hand(self, *, after: int) -> tuple[Vouched, ...]:
        return tuple(one for one in self.put_back if one.wall > after)

    async def expire(self) -> tuple[int, int]:
        self.expired.append(self._now())
        if self.fails_to_expire is not None:
            raise self.fails_to_expire
        return 0, 0

    async def expire_evidence(self) -> None:
        self.evidence_expired.append(self._now())


@contextlib.asynccontextmanager
async def looked_after(kept: Kept, every: float = 30.0) -> AsyncIterator[None]:
    """While the keeper looks after it."""
    task = asyncio.create_task(QuarantineKeeper(kept, kept.told.append, expire_evidence=kept.expire_evidence, every=every).run())  # type: ignore[arg-type]
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_rests():
    """While it is not known whether what is kept belongs here nothing is finished and nothing deleted; afterwards it goes on."""
    kept, doubt = Kept(), [True]
    keeper = QuarantineKeeper(kept, kept.told.append, expire_evidence=kept.expire_evidence, rests=lambda: bool(doubt), every=30.0)  # type: ignore[arg-type]
    task = asyncio.create_task(keeper.run())
    await asyncio.sleep(100)
    assert (kept.resumed, kept.expired, kept.evidence_expired) == ([], [], [])
    doubt.clear()
    await asyncio.sleep(30)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (len(kept.resumed), len(kept.expired), len(kept.evidence_expired)) == (1, 1, 1)


async def test_when_it_looks():
    """Half-way entries each time, what is over once a day, both at the start as well."""
    async with looked_after(kept := Kept(), every=3600):
        await asyncio.sleep(2 * 86_400 + 1)

    assert kept.resumed[:3] == [0, 3600, 7200]
    assert kept.expired == kept.evidence_expired == [0, 86_400, 2 * 86_400]


async def test_an_outage_is_waited_out_and_said_once(caplog):
    """What is half-way is finished as soon as Redis takes writes again."""
    caplog.set_level(logging.INFO)
    kept = Kept()
    kept.half_way, kept.fails = 2, NotEditedError("readonly", "Redis is a read-only replica")
    async with looked_after(kept):
        await asyncio.sleep(200)
        kept.fails = None
        await asyncio.sleep(30)

    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "an entry of the quarantine stands half-way and can't be finished yet: Redis is a read-only replica",
        "2 entries of the quarantine stood half-way and are finished",
    ]


async def test_a_full_disk_is_waited_out():
    """What is over is deleted as soon as it can be, not a day later."""
    kept = Kept()
    kept.fails_to_expire = StoreError("disk full")
    async with looked_after(kept):
        await asyncio.sleep(3600)
        kept.fails_to_expire = None
        await asyncio.sleep(31)

    assert kept.expired[:2] == [0, 30]
    assert kept.expired[-1] in (3600, 3630)


async def test_a_damaged_database_ends_the_agent():
    """The next start sets it aside."""
    for attribute in ("fails", "fails_to_expire"):
        one = Kept()
        setattr(one, attribute, StoreDamagedError("broken"))
        with pytest.raises(StoreDamagedError):
            await QuarantineKeeper(one, one.told.append, expire_evidence=one.expire_evidence).run()  # type: ignore[arg-type]


async def test_what_people_put_back_the_engine_hears_of():
    """Each once, in whatever look it is seen first; after a start all of it anew, for nobody knows what was heard before."""
    kept = Kept()
    first, second = Vouched("j1", "ada", 1_000), Vouched("j2", "ben", 2_000)
    kept.put_back = [first]
    async with looked_after(kept):
        await asyncio.sleep(61)
        kept.put_back.append(second)
        await asyncio.sleep(61)
    assert kept.told == [first, second]

    async with looked_after(kept):
        await asyncio.sleep(1)
    assert kept.told == [first, second, first, second]
