"""
Where orders are left: the agent that runs, or one that is begun for them.

Where no agent runs the command begins one itself, in mode `observe`: it holds the state folder, so that no other one begins meanwhile, sees and writes down what every agent does, and
does nothing by itself. So there is one machine for all that is ever done, and one ledger.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from watchdog.cli.exits import NothingToShowError, UnfinishedError
from watchdog.cli.output import errors
from watchdog.cli.picture import read_picture
from watchdog.cli.state import state_folder
from watchdog.picture.picture import STARTING, Picture

if TYPE_CHECKING:
    from watchdog.model.records import IncidentRow

EVERY: Final = 0.2
"""Seconds between two looks at what the agent has written."""
READ_WITHIN: Final = 30.0
"""Seconds that an agent has to read Redis in full, and systemd."""
FOUND_WITHIN: Final = 10.0
"""Seconds that it has to look for the processes of Redis among those of this host."""
STALE: Final = 60_000
"""A picture that is older (milliseconds) is of an agent that does not go on."""


class Desk:
    """`state` is the state folder; `hosted` is the agent that was begun for this, None where one runs."""

    def __init__(self, state: Path, *, hosted: "asyncio.Task[int] | None") -> None:
        self.state = state
        self.hosted = hosted

    def check(self) -> None:
        """Raises what the agent that was begun for this has died of."""
        if self.hosted is not None and self.hosted.done():
            self.hosted.result()
            raise UnfinishedError("the agent that was begun for this has ended")

    async def picture(self) -> Picture:
        """What the agent sees, once it has read everything. Raises `UnfinishedError` where it can't, `NothingToShowError` where there is none that says anything."""
        seen = await self._until(lambda picture: "redis" in picture.sources and picture.sources["redis"].ok, READ_WITHIN)
        if (redis := seen.sources.get("redis")) is None or not redis.ok:
            reason = "nothing has been read of it yet" if redis is None or redis.code == STARTING else redis.message
            raise UnfinishedError(f"Redis can't be read, and without it nothing is done: {reason}")
        return await self._until(lambda picture: all(one.local is not None for one in picture.processes), FOUND_WITHIN)

    async def picture_with_units(self) -> Picture:
        """The same, once it is also known whether there is a systemd, and what it says."""
        await self.picture()
        return await self._until(lambda picture: bool(picture.units_absent) or "systemd" in picture.sources, READ_WITHIN)

    async def _until(self, wanted: Callable[[Picture], bool], seconds: float) -> Picture:
        end = time.monotonic() + seconds
        while True:
            self.check()
            picture = await asyncio.to_thread(self.last_picture)
            mine = picture is not None and (self.hosted is None or picture.agent.pid == os.getpid())
            if picture is not None and mine and wanted(picture):
                return picture
            if time.monotonic() >= end:
                if picture is None or not mine or time.time_ns() // 1_000_000 - picture.agent.at > STALE:
                    raise NothingToShowError("the agent says nothing; is it held?")
                return picture
            await asyncio.sleep(EVERY)

    def last_picture(self) -> Picture | None:
        """What was written last, by whichever agent."""
        from watchdog.store.failures import NoStateError
        from watchdog.store.reading import read_status

        try:
            data = read_status(self.state)
        except NoStateError:
            # One that was begun a moment ago has not made its database yet.
            if self.hosted is None:
                raise
            return None
        return None if data is None else read_picture(data)


@asynccontextmanager
async def open_desk(config: Path) -> AsyncIterator[Desk]:
    """The agent of that config, or one that is begun for as long as this takes. Raises `ProblemsError`, `UsageError`, `StoreError`."""
    state = state_folder(config)
    if agent_of(state) is not None:
        yield Desk(state, hosted=None)
        return
    async with _hosting(config, state) as hosted:
        yield Desk(state, hosted=hosted)


@asynccontextmanager
async def _hosting(config: Path, state: Path) -> AsyncIterator["asyncio.Task[int]"]:
    from watchdog.config import load
    from watchdog.daemon import run_loaded
    from watchdog.model.verdicts import Mode
    from watchdog.store.opening import prepare
    from watchdog.store.ownership import give_to_owner

    left = _left_half_way(state)
    loaded = await asyncio.to_thread(load, config)
    errors().line(("no agent runs: one is begun for this order, which does nothing else", "dim"))
    prepare(state)
    stop = asyncio.Event()
    # It holds the folder before anything is ordered: nobody else begins meanwhile.
    hosted = asyncio.create_task(
        run_loaded(config, msgspec.structs.replace(loaded, warnings=()), ceiling=Mode.OBSERVE, until=stop), name="agent for orders"
    )
    try:
        if left:
            what = ", ".join(f"{one.action} on {one.target}" for one in left)
            errors().line(("first comes what an earlier order left half-way", "warn"), f": {what}")
            await _finish(Desk(state, hosted=hosted))
        yield hosted
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            # What it died of has been said, or is said by whoever waits for it.
            await asyncio.wait({hosted})
        give_to_owner(state)


def agent_of(state: Path) -> int | None:
    """The pid of the agent that has this folder; None where none runs. Raises `StoreError`."""
    from watchdog.store.failures import StoreError
    from watchdog.store.lock import is_running

    try:
        return is_running(state)
    except PermissionError as error:
        raise StoreError(f"{state} is closed to this user; order as the agent's user or as root") from error


def _left_half_way(state: Path) -> "list[IncidentRow]":
    """What an agent has begun and not finished; nobody must begin anything else before. Raises `UnfinishedError` for what is not ours to finish."""
    from watchdog.engine.ordered import is_order
    from watchdog.store.failures import NoStateError
    from watchdog.store.reading import read_incidents

    try:
        left = read_incidents(state, open_only=True)
    except NoStateError:
        return []
    if foreign := [one for one in left if not is_order(one.rule)]:
        what = ", ".join(f"{one.action} on {one.target}" for one in foreign)
        raise UnfinishedError(f"an agent has left something half-way ({what}), and none runs: start it first, it goes on with that")
    return left


async def _finish(desk: Desk) -> None:
    """The agent that was begun has taken up what an order left half-way: until that has come to its end."""
    while left := _left_half_way(desk.state):
        desk.check()
        picture = await asyncio.to_thread(desk.last_picture)
        if picture is not None and picture.agent.pid == os.getpid() and picture.doubt is not None:
            raise UnfinishedError(
                f"{left[0].action} on {left[0].target} waits: {'; '.join(picture.doubt.reasons)}; start the agent, look, and then `adopt`"
            )
        await asyncio.sleep(EVERY)
