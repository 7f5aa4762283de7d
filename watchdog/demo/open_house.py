"""
After the story, where the page was asked for: the workers go on, and whoever has the page open may look around and have a say.

So that there is something to see, a job wedges a worker now and then. Of the queue default the agent asks first, and waits for an answer on the page; of the queue push it repairs by itself, as in the
story. No worker serves both, so that no question is settled by a repair.
"""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from watchdog.demo import jobs
from watchdog.demo.agent import OPEN_RULES
from watchdog.demo.page import Page
from watchdog.demo.producer import produce
from watchdog.demo.stage import Stage
from watchdog.demo.tally import Tally
from watchdog.demo.telling import Tone

NAME: Final = "sidekiq-watchdog"
EVERY_S: Final = 45.0
"""So long after the last one a job wedges a worker again, if by then at most one is wedged."""
QUEUES: Final = ("default", "push")
"""Into which queue it comes, by turns; the second, if one waits for an answer."""
_ROWS: Final = 1_000
"""More of the audit trail need not be remembered: this may go on for days."""
_PATIENCE_S: Final = 60.0


def tell(stage: Stage, page: Page) -> None:
    """Where the page is, and how one acts there."""
    stage.screen.keep(
        f"the page is open at {page.url}",
        f"whoever wants to act there logs in with the token {page.token}",
        f"the same in another terminal: {_program()} top --config {stage.agent.config}",
    )


def _program() -> str:
    """As the one who has begun this could call it."""
    return sys.argv[0] if Path(sys.argv[0]).name == NAME else NAME


class OpenHouse:
    """Open until `over` is set; before it `is_open` there is nothing that this would end."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.is_open = False
        self.over = asyncio.Event()

    async def receive(self, stage: Stage, client: Redis, rates: Mapping[str, float]) -> None:
        """Plays on, with `rates` jobs a second in each queue, until it is over. Raises `AgentEndedError`, in a group, if the agent ends before."""
        stage.agent.go_by(OPEN_RULES)
        tally, turn = Tally(), 0
        self.is_open = True
        async with stage.agent.running("act") as agent, asyncio.TaskGroup() as group:
            work = group.create_task(produce(client, rates, tally), name="producer")
            stage.screen.chapter("the page stays open until Ctrl-C")
            tell(stage, self.page)
            while not self.over.is_set():
                held = sum(worker.held > 0 for worker in stage.picture.workers)
                if held < 2:
                    await self._wedge(stage, client, QUEUES[1] if held else QUEUES[turn % len(QUEUES)])
                    turn += 1
                await self._pass_time(stage, beside=agent)
                tally.pushed.clear()
                del stage.rows[:-_ROWS]
            work.cancel()

    async def _wedge(self, stage: Stage, client: Redis, queue: str) -> None:
        stage.say(f"a job goes into queue {queue} that holds its thread for ever", Tone.WARNING)
        await jobs.push(client, queue, jobs.payload(jobs.POISON, queue, []))

    async def _pass_time(self, stage: Stage, *, beside: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + EVERY_S
        await stage.until(
            lambda: self.over.is_set() or loop.time() >= end, within=EVERY_S + _PATIENCE_S, what="time to pass", beside=beside
        )
