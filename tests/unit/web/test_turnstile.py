"""However many look at once, between two of them the loop goes on: the engine has its turn."""

import asyncio
import contextlib
from collections import Counter
from typing import Self

from tests.unit.web.served import Spoken, served
from watchdog.web.turnstile import my_turn


class Steps:
    """Counts the steps of the loop while the block runs."""

    def __init__(self) -> None:
        self.now = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._count())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _count(self) -> None:
        while True:
            self.now += 1
            await asyncio.sleep(0)


async def test_nobody_shares_a_step():
    """And who has come first is first; who leaves keeps nobody."""
    taken: list[tuple[int, int]] = []

    async def come(number: int) -> None:
        await my_turn()
        taken.append((steps.now, number))

    async with Steps() as steps:
        coming = [asyncio.create_task(come(number)) for number in range(100)]
        await asyncio.sleep(0)
        for one in coming[::10]:
            one.cancel()
        await asyncio.wait(coming)
    assert [number for _, number in taken] == [number for number in range(100) if number % 10]
    assert len({step for step, _ in taken}) == 90


class Watched(Spoken):
    """Notes at which step of the loop its state is looked at."""

    steps: Steps | None = None
    looked: Counter[int]

    def __init__(self, of: Spoken) -> None:
        super().__init__(of.talk, of.folder)
        self.looked: Counter[int] = Counter()

    @property
    def state(self):
        if self.steps is not None:
            self.looked[self.steps.now] += 1
        return self.talk.state


async def test_fifty_readers_are_answered_in_fifty_steps(spoken, until):
    """Each question is worked on in a step of its own."""
    inside = Watched(spoken)
    async with served(inside, until) as here, Steps() as steps:
        inside.steps = steps
        assert (await here.afar.get("/api/v1/overview"))[0] == 200
        alone = sum(inside.looked.values())
        inside.looked.clear()
        answers = await asyncio.gather(*(here.afar.get("/api/v1/overview") for _ in range(50)))
        assert [status for status, _ in answers] == [200] * 50
        assert sum(inside.looked.values()) == 50 * alone
        assert max(inside.looked.values()) == alone
