"""How a command follows its order: by what an agent writes down, played here by the test, and until when."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from watchdog.cli import order_following
from watchdog.cli.desk import Desk
from watchdog.cli.exits import NothingToShowError
from watchdog.cli.order_following import DetachedError, Following, Interrupts
from watchdog.model.records import AuditRow
from watchdog.model.told import OperatorAsked, OperatorWithdrew, Told
from watchdog.store.orders import claim, lying, read_order
from watchdog.store.store import Commit, Store

ORDER = OperatorAsked(id="ab12", by="ada", reason="r", asked=1, action="recover_process", process="web1:1:a", arguments={})


class Agent:
    """An agent that holds the folder, takes orders and writes what the test says."""

    def __init__(self, store: Store, state: Any) -> None:
        self.store = store
        self.state = state
        self.seq = store.last_seq

    async def takes(self) -> Told:
        """The next one that lies there."""
        while not (paths := lying(self.state)):
            await asyncio.sleep(0)
        claimed = claim(paths[0])
        assert claimed is not None
        told = read_order(claimed)
        claimed.unlink()
        return told

    async def writes(self, kind: str, outcome: str, *, rule: str = "order:ab12", **more: Any) -> None:
        """A row."""
        self.seq += 1
        await self.store.commit(Commit(self.seq, audit=(AuditRow(kind=kind, wall=1, rule=rule, outcome=outcome, **more),)))


@pytest.fixture
async def agent(tmp_path) -> AsyncIterator[Agent]:
    """One that runs, with a row about something else."""
    store = await Store.open(tmp_path / "state")
    one = Agent(store, tmp_path / "state")
    await one.writes("agent", "started", rule="")
    yield one
    await store.close()


@pytest.fixture
def soon(monkeypatch) -> Callable[..., None]:
    """Makes these limits, of which the test is about, short: nobody else is to be late, however busy the machine."""
    monkeypatch.setattr(order_following, "EVERY", 0.01)

    def shorten(*names: str, seconds: float = 0.1) -> None:
        for name in names:
            monkeypatch.setattr(order_following, name, seconds)

    return shorten


def follow(agent: Agent, *, hosted: Any = None) -> tuple[asyncio.Task[dict[str, Any]], list[str], Interrupts]:
    """The command, what it shows, and whoever interrupts it."""
    shown: list[str] = []
    interrupts = Interrupts()
    following = Following(
        Desk(agent.state, hosted=hosted), ORDER, show=lambda row: shown.append(f"{row['kind']} {row['outcome']}"), interrupts=interrupts
    )
    return asyncio.create_task(following.run()), shown, interrupts


async def test_to_its_end(agent, soon):
    """Row by row, its own and no others, up to the one with which it is over."""
    task, shown, _ = follow(agent)
    assert await agent.takes() == ORDER
    await agent.writes("order", "taken")
    await agent.writes("decision", "", rule="another")
    await agent.writes("outcome", "sent", stage="TSTP")
    await agent.writes("order", "ended", detail={"successor": "web1:2:b"})
    row = await task

    assert (row["outcome"], row["detail"]["successor"]) == ("ended", "web1:2:b")
    assert shown == ["order taken", "outcome sent", "order ended"]


async def test_nobody_takes_it(agent, soon):
    """It is taken back: nothing will be done of it later."""
    soon("TAKEN_WITHIN")
    task, _, _ = follow(agent)
    with pytest.raises(NothingToShowError, match="it is taken back, and nothing was done"):
        await task
    assert lying(agent.state) == []


async def test_taken_and_nothing_is_said(agent, soon):
    """An agent that can't write can't begin either: not for ever, and what comes of it later is nothing."""
    soon("TAKEN_WITHIN", seconds=1.0)
    soon("BACK_WITHIN")
    task, _, _ = follow(agent)
    await agent.takes()
    with pytest.raises(NothingToShowError, match="has the order and says nothing of it"):
        await task
    assert await agent.takes() == OperatorWithdrew("ab12", "ada")


async def test_withdrawn_in_time(agent, soon):
    """Ctrl-C leaves a withdrawal, and the answer to it is the end."""
    task, shown, _ = follow(agent)
    await agent.takes()
    await agent.writes("order", "taken")
    while not shown:
        await asyncio.sleep(0)
    signal.raise_signal(signal.SIGINT)
    assert await agent.takes() == OperatorWithdrew("ab12", "ada")
    await agent.writes("order", "withdrawn")
    await agent.writes("order", "abandoned", reason="withdrawn by ada")
    assert (await task)["outcome"] == "abandoned"


async def test_withdrawn_too_late(agent, soon):
    """Nobody waits for the end of what the agent brings to its end."""
    task, shown, _ = follow(agent)
    await agent.takes()
    await agent.writes("order", "taken")
    while not shown:
        await asyncio.sleep(0)
    signal.raise_signal(signal.SIGINT)
    await agent.takes()
    await agent.writes("order", "too late")
    with pytest.raises(DetachedError, match="can't be taken back any more"):
        await task


async def test_held(agent, soon):
    """Not for ever; and not any more where it goes on meanwhile."""
    soon("HELD_FOR")
    task, _, _ = follow(agent)
    await agent.takes()
    await agent.writes("order", "taken")
    await agent.writes("incident", "held", stage="KILL")
    with pytest.raises(DetachedError, match="it is held"):
        await task


async def test_begun_for_it_nobody_else_would_go_on(agent, soon):
    """The agent that was begun for the order: held, it is waited for; Ctrl-C takes back what can be, and only a second one leaves it half-way."""
    soon("HELD_FOR", "SOON")
    hosted: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task, shown, interrupts = follow(agent, hosted=hosted)
    await agent.takes()
    await agent.writes("order", "taken")
    await agent.writes("incident", "held", stage="KILL")
    while len(shown) < 2:
        await asyncio.sleep(0)
    interrupts.count += 1
    assert isinstance(await agent.takes(), OperatorWithdrew)
    await agent.writes("order", "too late")
    end = time.monotonic() + 0.4
    while time.monotonic() < end and not task.done():
        await asyncio.sleep(0.01)  # sleeps on purpose: longer than anybody else would wait
    assert not task.done()
    interrupts.count += 1
    with pytest.raises(DetachedError, match="it is left half-way"):
        await task


async def test_the_agent_ends_in_the_middle(agent, soon):
    """It is waited for a successor; without one it is said who goes on."""
    soon("BACK_WITHIN")
    task, shown, _ = follow(agent)
    await agent.takes()
    await agent.writes("order", "taken")
    while not shown:
        await asyncio.sleep(0)
    await agent.store.close()
    with pytest.raises(NothingToShowError, match="as soon as one is started it goes on"):
        await task
