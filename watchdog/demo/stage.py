"""What the story is played on: the workers, the agent and the screen, looked at together a few times a second."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from redis.asyncio import Redis

from watchdog.demo.agent import Agent
from watchdog.demo.picture import Picture, WorkerView, look
from watchdog.demo.screen import Screen
from watchdog.demo.supervisor import Supervisor
from watchdog.demo.telling import Line, Telling, Tone
from watchdog.errors import WatchdogError

GLANCE_S: Final = 0.25


class StoryError(WatchdogError):
    """Something that the story needs did not happen."""


class Stage:
    """`rows` are all rows of the audit trail so far; `picture` is the last one; `peak` the longest that a queue ever was."""

    def __init__(self, *, client: Redis, supervisor: Supervisor, agent: Agent, screen: Screen) -> None:
        self._client = client
        self._telling = Telling(self._name)
        self.supervisor = supervisor
        self.agent = agent
        self.screen = screen
        self.picture = Picture()
        self.peak: dict[str, int] = {}
        self.rows: list[dict[str, Any]] = []

    def say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """A line of the demo's own."""
        self.screen.say(Line(text, tone))

    def worker(self, name: str) -> WorkerView:
        """That unit in the last picture."""
        return next(worker for worker in self.picture.workers if worker.name == name)

    async def until(self, condition: Callable[[], bool], *, within: float, what: str, beside: asyncio.Task[None] | None = None) -> None:
        """
        Plays on until the condition holds; raises `StoryError` after `within` seconds with `what` did not happen.

        If the task `beside` ends first, what it raises is raised here.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while True:
            await self._glance()
            if condition():
                return
            if beside is not None and beside.done():
                beside.result()
            if loop.time() > deadline:
                raise StoryError(f"{what}: not within {within:.0f} s")
            await asyncio.sleep(GLANCE_S)

    async def linger(self, seconds: float, *, beside: asyncio.Task[None] | None = None) -> None:
        """Plays on for so long, for the audience, or to see that something does not happen."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        await self.until(lambda: loop.time() >= end, within=seconds + 5, what="time to pass", beside=beside)

    async def _glance(self) -> None:
        for row in self.agent.news():
            self.rows.append(row)
            if (line := self._telling.tell(row)) is not None:
                self.screen.say(line)
        self.picture = await look(self._client, self.supervisor.units, self.supervisor.pids)
        for queue, waiting in self.picture.waiting.items():
            self.peak[queue] = max(waiting, self.peak.get(queue, 0))
        self.screen.show(self.picture, len(self._telling.firing))

    def _name(self, pid: int) -> str:
        lived = {ended.pid: ended.unit for ended in self.supervisor.ended}
        now = {pid: name for name, pid in self.supervisor.pids.items()}
        return (lived | now).get(pid, f"pid {pid}")
