"""One Synapse for all tests of this folder, with people and rooms of each test's own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.service.homeserver.desk import Desk
from tests.service.homeserver.synapse_server import Person, SynapseServer
from watchdog.clock import Clock
from watchdog.receivers.matrix.receiver import Matrix


@pytest.fixture(scope="session")
def synapse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SynapseServer]:
    """It is started, and need not answer yet."""
    server = SynapseServer(tmp_path_factory.mktemp("synapse"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def homeserver(synapse_server: SynapseServer) -> SynapseServer:
    """It answers. Mark the test with `needs("synapse")`."""
    await synapse_server.answers()
    return synapse_server


@pytest.fixture
async def ada(homeserver: SynapseServer) -> Person:
    """Somebody who reads."""
    return await homeserver.person("ada")


@pytest.fixture
async def bot(homeserver: SynapseServer) -> Person:
    """The user of the agent."""
    return await homeserver.person("watchdog")


@pytest.fixture
async def room(ada: Person, bot: Person) -> str:
    """Ada's room, to which the agent is invited."""
    return await ada.room(bot)


@pytest.fixture
async def receiver(homeserver: SynapseServer) -> AsyncIterator[Callable[..., Matrix]]:
    """Makes receivers and closes them."""
    made: list[Matrix] = []

    def make(person: Person, room: str, **settings: Any) -> Matrix:
        named = {"token": person.token, "room": room, "timeout": int(PATIENCE * 1000), "clock": Clock(), "name": "ops", **settings}
        made.append(Matrix(homeserver.url, **named))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture
async def listening() -> AsyncIterator[Callable[[Matrix, Desk], Awaitable[asyncio.Task[None]]]]:
    """Has a receiver listen at a desk from now on; its task is ended with the test."""
    tasks: list[asyncio.Task[None]] = []

    async def begin(receiver: Matrix, desk: Desk) -> asyncio.Task[None]:
        task = asyncio.create_task(receiver.listen(desk))
        tasks.append(task)
        waits = asyncio.create_task(desk.has_begun.wait())
        await asyncio.wait((task, waits), return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        return task

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
