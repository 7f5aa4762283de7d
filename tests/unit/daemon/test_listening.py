"""Whoever listens is begun again after a fault; the others go on meanwhile, and the agent does, too."""

import asyncio
import logging
from typing import Any, cast

import pytest

from watchdog.clock import Clock
from watchdog.daemon.listening import FIRST, LONGEST, Hears, Listening
from watchdog.errors import WatchdogError
from watchdog.receivers.hearing import Desk, Listener

pytestmark = pytest.mark.looptime


class Listens:
    """A listener that does what it is told, once each time it is begun; without further word it listens for ever."""

    def __init__(self, *faults: Exception | float | None) -> None:
        self.faults = list(faults)
        self.begun: list[float] = []
        self.desks: list[Desk] = []
        self.trouble = ""

    async def listen(self, desk: Desk) -> None:
        """A fault is raised, after a number that many seconds have passed, None is an end."""
        self.begun.append(asyncio.get_running_loop().time())
        self.desks.append(desk)
        while self.faults:
            match self.faults.pop(0):
                case None:
                    return
                case Exception() as fault:
                    raise fault
                case seconds:
                    await asyncio.sleep(seconds)
        await asyncio.Event().wait()


def listening(**listeners: Any) -> Listening:
    """Each with a desk that is its name."""
    return Listening(cast("dict[str, Listener]", listeners), desk=lambda name: cast("Desk", name), clock=Clock())


async def during(listens: Listening, seconds: float) -> None:
    """It runs for so long."""
    task = asyncio.create_task(listens.run())
    await asyncio.sleep(seconds)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_without_anybody_to_listen_by():
    """It goes on, and says nothing."""
    await during(listening(), 3600)


async def test_a_fault_is_said_once_and_it_is_begun_again(caplog):
    """After a second, then after two, and so on; what was raised on purpose is shown, of all else only the kind."""
    one = Listens(
        WatchdogError("the token is no longer valid"),
        WatchdogError("the token is no longer valid"),
        ValueError("somebody's private post"),
        None,
    )
    begun = asyncio.get_running_loop().time()
    with caplog.at_level(logging.ERROR):
        await during(listening(room=one), 60)
    assert [at - begun for at in one.begun] == pytest.approx([0, 1, 3, 7, 15])
    assert [record.getMessage() for record in caplog.records] == [
        "nobody can answer by receiver room just now: the token is no longer valid",
        "the listener of receiver room has a fault",
        "nobody can answer by receiver room just now: internal error: ValueError",
        "nobody can answer by receiver room just now: it came to its end by itself",
    ]
    assert [str(desk) for desk in one.desks] == ["room"] * 5


async def test_the_wait_has_an_end_and_begins_anew():
    """Never longer than five minutes; after a time in which all was well a fault is a first one."""
    faults = [WatchdogError("no") for _ in range(12)]
    one = Listens(*faults, 3600.0, WatchdogError("no"))
    await during(listening(room=one), 20_000)
    waits = [after - before for before, after in zip(one.begun, one.begun[1:], strict=False)]
    assert max(waits[:12]) == pytest.approx(LONGEST)
    assert waits[12] == pytest.approx(3600 + FIRST)


async def test_the_others_are_not_deafened():
    """Each is begun by itself."""
    one, other = Listens(WatchdogError("no")), Listens()
    await during(listening(room=one, chat=other), 30)
    assert (len(one.begun), len(other.begun)) == (2, 1)


async def test_how_it_stands():
    """Since when it listens, and what keeps it from hearing: its fault, or what it says itself."""
    one, other = Listens(WatchdogError("no")), Listens()
    listens = listening(room=one, chat=other)
    assert listens.how() == {"room": Hears(None, ""), "chat": Hears(None, "")}
    task = asyncio.create_task(listens.run())
    await asyncio.sleep(FIRST / 2)
    how = listens.how()
    assert how["room"] == Hears(None, "no")
    assert how["chat"].since is not None
    await asyncio.sleep(FIRST)
    other.trouble = "the server does not answer"
    how = listens.how()
    assert (how["room"].since is None, how["room"].trouble) == (False, "")
    assert how["chat"].trouble == "the server does not answer"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
