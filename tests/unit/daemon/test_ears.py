"""By whom people can answer, as the config says it: exchanged as a whole at a reload."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from watchdog.clock import Clock
from watchdog.daemon.ears import Ears
from watchdog.daemon.hearing import ReceiverDesk
from watchdog.daemon.tasks import Tasks
from watchdog.daemon.turns import Turns
from watchdog.receivers.hearing import Desk
from watchdog.receivers.receiver import Receiver
from watchdog.rulefile.receivers import ReceiverSettings
from watchdog.store.store import Store

pytestmark = pytest.mark.looptime
ROOM = ReceiverSettings("room", "matrix", {})
HOOK = ReceiverSettings("hook", "webhook", {})


class Room:
    """A receiver by which people can answer; `desk` is where it brings what it hears, None while it does not listen."""

    def __init__(self) -> None:
        self.desk: Desk | None = None
        self.trouble = ""

    async def send(self, *_: Any) -> str:
        """Nobody is told anything here."""
        raise AssertionError

    async def close(self) -> None:
        """Nothing to let go of."""

    def listens(self) -> bool:
        """Whether it does now."""
        return self.desk is not None

    async def listen(self, desk: Desk) -> None:
        """For ever."""
        self.desk = desk
        try:
            await asyncio.Event().wait()
        finally:
            self.desk = None


class Deaf:
    """A receiver that only is told."""

    send = Room.send
    close = Room.close


def ears() -> Ears:
    """Of an agent in which nothing happens."""
    store = cast("Store", SimpleNamespace(post=None, answer_to=None))
    return Ears(store=store, turns=cast("Turns", None), clock=Clock(), host="web1")


async def test_those_that_can_listen_do():
    """Each at a desk of its own; the others are only named."""
    one, room = ears(), Room()
    assert one.picture() == {}
    task = asyncio.create_task(one.by({"room": ROOM, "hook": HOOK}, {"room": room, "hook": cast("Receiver", Deaf())}).run())
    await asyncio.sleep(1)
    assert isinstance(room.desk, ReceiverDesk)
    picture = one.picture()
    assert picture["hook"] == {"type": "webhook", "hears": None}
    assert (picture["room"]["type"], picture["room"]["hears"]["trouble"]) == ("matrix", "")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_type_by_which_nobody_can_answer_is_not_listened_to():
    """Whatever the program could do: what counts is the table, by which the config is checked as well."""
    one, room = ears(), Room()
    task = asyncio.create_task(one.by({"room": ReceiverSettings("room", "webhook", {})}, {"room": room}).run())
    await asyncio.sleep(1)
    assert room.desk is None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_reload_exchanges_them():
    """The old one hears nothing any more, before the new one could hear the same."""
    one, old, new = ears(), Room(), Room()
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group)
        tasks.serve("listeners", one.by({"room": ROOM}, {"room": old}).run)
        await asyncio.sleep(1)
        assert old.listens()
        tasks.serve("listeners", one.by({"chat": ReceiverSettings("chat", "matrix", {})}, {"chat": new}).run)
        await asyncio.sleep(1)
        assert (old.listens(), new.listens()) == (False, True)
        assert list(one.picture()) == ["chat"]
        tasks.cancel()
