"""
The follower and the engine in one process, with rules armed in `act`: what would be decided about everything that happens to Redis.

Nothing is carried out: what the engine asks for is kept. Every process that beats is said to be one of this host, so that no
other guard keeps a false decision from coming.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Any, Final

import redis
from redis.asyncio import Redis

from tests.bench.beats import SimulatedProcess
from tests.patience import PATIENCE
from tests.scenario.conversation import found, rules
from watchdog.clock import Clock
from watchdog.engine.advance import advance
from watchdog.engine.arming import in_force_before
from watchdog.engine.due import next_due
from watchdog.engine.ledger import Ledger
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.state import State, begin
from watchdog.model.effects import Audit, Command, Effect
from watchdog.model.events import Body, Event, Observed, RulesLoaded, SourceLost, Started, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.sidekiq.address import Sentinels
from watchdog.sidekiq.follow import Follower

RULES: Final = """
rules:
  - {rule: gone, each: process, on: ProcessVanished, then: [{terminate_process: {process: process}}], guards: {deploy: 0s, keep: 0%}}
  - {rule: lost, each: job, on: JobLost, then: [{terminate_process: {process: job.process}}], guards: {deploy: 0s, keep: 0%}}
  - {rule: few, each: sidekiq, when: sidekiq.processes < 3}
  - {rule: silent, each: process, when: process.beat_age > 15s, then: [{terminate_process: {process: process}}], guards: {deploy: 0s, keep: 0%, settle: 3}}
  - {rule: stuck, each: job, when: job.elapsed > 1h, then: [{terminate_process: {process: job.process}}], guards: {deploy: 0s, keep: 0%}}
"""


class Fleet:
    """Processes of which each runs a job and beats each half second, wherever `master` says that Redis is."""

    def __init__(self, master: Callable[[], Redis], *, size: int = 3) -> None:
        self.master = master
        self.processes = [SimulatedProcess(number + 1, host="web1") for number in range(size)]
        self.jobs = {process.identity: process.run("t1") for process in self.processes}
        self._goes_on = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> "Fleet":
        """Beat once, and from now on; what Redis does not take is tried again, as Sidekiq does."""
        for process in self.processes:
            await process.beat(self.master())
        self._goes_on = True
        self._task = asyncio.create_task(self._beat())
        return self

    async def close(self) -> None:
        """Beat no more."""
        if self._task is not None:
            # By its own will: on Python 3.11 a client in the middle of a command loses a cancellation.
            self._goes_on = False
            await self._task

    async def _beat(self) -> None:
        while self._goes_on:
            for process in self.processes:
                with contextlib.suppress(redis.RedisError, OSError):
                    await process.beat(self.master())
            await asyncio.sleep(0.5)


class Armed:
    """A running follower, and an engine that hears all that it says. `asked` are the effects that would change the world, or prepare that."""

    def __init__(self, *, url: str | Sentinels, text: str = RULES) -> None:
        self._clock = Clock()
        self._rules = rules(text)
        self._seq = 0
        self.state: State = begin(Ledger(arming=in_force_before(self._rules)))
        self.said: list[Body] = []
        self.asked: list[Effect] = []
        self.rows: list[Any] = []
        self._heard = asyncio.Event()
        self._turn(Started("0", secrets.token_hex(4), "web1"), NO_RULES)
        self._turn(RulesLoaded(self._rules.digest, self._rules.mode), self._rules)
        self.follower = Follower(url=url, clock=self._clock, emit=self._hear, answer_within=1.0)
        self._tasks = [asyncio.create_task(self.follower.run()), asyncio.create_task(self._pass_time())]

    @property
    def alerts(self) -> list[str]:
        """The rules that fired, in order."""
        return [row.rule for row in self.rows if row.kind == "alert" and row.outcome == "firing"]

    @property
    def decisions(self) -> set[str]:
        """What was decided, of all that was asked."""
        return {row.decision for row in self.rows if row.kind == "decision"}

    @property
    def losses(self) -> list[str]:
        """The codes of all losses, in order."""
        return [body.code for body in self.said if isinstance(body, SourceLost)]

    def shows(self, fleet: Fleet) -> bool:
        """The picture is the truth: Redis is read, each process has beaten a moment ago, and each runs its job."""
        world, at = self.state.world, self._clock.at()
        rows: Any = world.rows
        ages = {row.id: at - row.confirmed_at for row in rows[Kind.PROCESS].values() if row.confirmed_at is not MISSING}
        jobs = {(row.process, row.jid) for row in rows[Kind.JOB].values()}
        fresh = all(ages.get(process.identity, 60_000) < 3_000 for process in fleet.processes)
        return not self.state.ledger.lost and fresh and set(ages) == set(fleet.jobs) and jobs == set(fleet.jobs.items())

    async def until(self, condition: Callable[[], Any], *, within: float = PATIENCE, what: str) -> None:
        """Wait until it is true, looking after every turn."""
        try:
            async with asyncio.timeout(within):
                while not condition():
                    for task in self._tasks:
                        if task.done():
                            task.result()
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            raise AssertionError(f"waited {within} s for {what}; {self.losses=} {self.alerts=} {self.state.world.rows}") from None

    async def close(self) -> None:
        """Stop both; whatever went wrong in them comes out here."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _hear(self, body: Body) -> None:
        self.said.append(body)
        self._turn(body, self._rules)
        rows: Any = self.state.world.rows[Kind.PROCESS]
        strangers = tuple(found(row.id) for row in rows.values() if row.local is MISSING)
        if strangers:
            self._turn(Observed(Source.HOST, strangers), self._rules)

    def _turn(self, body: Body, ruleset: RuleSet) -> None:
        self._seq += 1
        self.state, effects = advance(ruleset, self.state, Event(self._seq, self._clock.at(), self._clock.wall(), body))
        self.rows += [effect.row for effect in effects if isinstance(effect, Audit)]
        self.asked += [effect for effect in effects if isinstance(effect, Command)]
        self._heard.set()

    async def _pass_time(self) -> None:
        while True:
            due = next_due(self.state)
            wait = 200 if due is None else min(200, max(10, due - self._clock.at()))
            await asyncio.sleep(wait / 1000)
            self._turn(TimeReached(), self._rules)
