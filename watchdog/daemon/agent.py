"""
The agent: starts what is needed, in order, as named tasks, and ends it in order.

Order at the start: config, store (one agent a state folder), the ledger's open incidents, then the
sources. Order at the end: nothing new is begun, the last turn is committed, then the tasks end.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from watchdog import __version__, config
from watchdog.actions.executor import Executor
from watchdog.clock import Clock
from watchdog.config import Loaded
from watchdog.daemon.pause_file import BY, PauseFile
from watchdog.daemon.status import StatusKeeper
from watchdog.daemon.systemd import Systemd
from watchdog.daemon.turns import Turns
from watchdog.engine.rules import RuleSet
from watchdog.errors import ProblemsError, WatchdogError
from watchdog.host.boot import boot_id, host_name
from watchdog.host.watch import LocalProcesses
from watchdog.model.effects import Command, Effect
from watchdog.model.events import Body, EffectDone, Event, Observed, ReloadRefused, RulesLoaded, Started, Stopping
from watchdog.model.kinds import Source
from watchdog.model.verdicts import Mode, lower
from watchdog.receivers.build import build
from watchdog.receivers.delivery import Deliverer
from watchdog.receivers.receiver import Receiver
from watchdog.sidekiq.follow import Follower
from watchdog.store.failures import StoreDamagedError, StoreError
from watchdog.store.store import Store

LOG: Final = logging.getLogger("watchdog")
DAY: Final = 86_400_000
"""Milliseconds between two looks for rows that are too old."""
KEPT: Final = 365 * DAY
"""Milliseconds for which audit rows, closed incidents and messages that ended are kept."""
LAST_WORDS: Final = 3.0
"""Seconds that the end may take before tasks are simply ended; what counts is committed by then or resumed at the next start."""


class ModeAboveConfigError(WatchdogError):
    """The command line asks for more than the config allows."""


async def run_agent(
    path: Path, *, mode: Mode | None = None, observe: Callable[[Event, tuple[Effect, ...]], None] = lambda _event, _effects: None
) -> int:
    """
    Runs until SIGTERM or SIGINT; returns the exit code.

    Raises `ProblemsError` for a config that can't be used, `ModeAboveConfigError`, `BadSecretError`, `StateInUseError`, and
    `StoreDamagedError` when the memory turns out to be damaged: the next start sets it aside.
    """
    loaded = await asyncio.to_thread(config.load, path)
    if mode is not None and mode.rank > loaded.settings.mode.rank:
        raise ModeAboveConfigError(f"--mode {mode} is above the mode of {path}, which is {loaded.settings.mode}; it can only be lowered")
    clock = Clock()
    store = await Store.open(loaded.state, clock=clock)
    try:
        return await Agent(path, loaded, ceiling=mode, store=store, clock=clock, observe=observe).run()
    except* StoreDamagedError as damaged:
        raise damaged.exceptions[0] from None
    finally:
        await store.close()


class Agent:
    """One running agent. `ceiling` is the command line's mode, which a reload can't raise."""

    def __init__(
        self, path: Path, loaded: Loaded, *, ceiling: Mode | None, store: Store, clock: Clock, observe: Callable[[Event, tuple[Effect, ...]], None]
    ) -> None:
        self._path = path
        self._loaded = loaded
        self._ceiling = ceiling
        self._warning = ""
        if store.set_aside is not None:
            # Without its memory it does not know what it has just done: people must look before it acts again.
            self._ceiling = Mode.DRY_RUN if ceiling is None else lower(ceiling, Mode.DRY_RUN)
            self._warning = f"the database was damaged and is set aside as {store.set_aside.name}; memory begins anew, and nothing is done until a restart"
        self._store = store
        self._clock = clock
        self._stop = asyncio.Event()
        self._commands: asyncio.Queue[Command] = asyncio.Queue()
        self._systemd = Systemd(clock)
        self._turns = Turns(store=store, clock=clock, perform=self._commands.put_nowait, after_turn=self._after_turn, observe=observe)
        self._host = loaded.settings.host or host_name()
        self._local = LocalProcesses(host=self._host, clock=clock, emit=self._turns.offer)
        self._status = StatusKeeper(store=store, clock=clock, turns=self._turns, host=self._host)
        self._follower = self._new_follower(loaded)
        self._executor = Executor(reread=self._reread, clock=clock, host=self._host)
        pause = self._turns.state.ledger.pause
        self._pause = PauseFile(loaded.state, self._turns.offer, paused=pause is not None and pause.by == BY)
        self._exchangeable: dict[str, asyncio.Task[None]] = {}
        self._effects: set[asyncio.Task[None]] = set()

    async def run(self) -> int:
        """From the first event to the last."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        reload_wanted = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, reload_wanted.set)
        self._warn(self._loaded)
        if self._warning:
            LOG.error("%s", self._warning)
        receivers = build(self._loaded.settings.receivers, self._clock)
        async with asyncio.TaskGroup() as group:
            tasks = [_named(group, "turns", self._turns.run())]
            await self._turns.settle(Started(__version__, boot_id(), self._host))
            await self._turns.settle(RulesLoaded(self._loaded.rules.digest, self._mode(self._loaded), self._warning), rules=self._rules(self._loaded))
            tasks.append(_named(group, "commands", self._carry_out(group)))
            tasks.append(_named(group, "status", self._status.run()))
            tasks.append(_named(group, "reload", self._reload_when(reload_wanted, group)))
            self._exchange(group, "follower", self._follower.run())
            self._exchange(group, "receivers", Deliverer(self._store, receivers, self._clock).run())
            tasks.append(_named(group, "prune", self._prune()))
            self._systemd.ready()
            LOG.info("sidekiq-watchdog %s runs in mode %s on %s with %d rules", __version__, self._mode(self._loaded), self._host, len(self._turns.rules.rules))
            await self._stop.wait()
            self._systemd.stopping()
            await self._say_goodbye()
            for task in (*tasks, *self._exchangeable.values(), *self._effects):
                task.cancel()
        self._local.close()
        return 0

    async def _carry_out(self, group: asyncio.TaskGroup) -> None:
        while True:
            command = await self._commands.get()
            task = _named(group, f"{type(command).__name__} {command.id}", self._perform(command))
            self._effects.add(task)
            task.add_done_callback(self._effects.discard)

    async def _perform(self, command: Command) -> None:
        result = await self._executor.perform(command)
        self._turns.offer(EffectDone(command.id, result))

    async def _reread(self, identity: str) -> None:
        await self._follower.reread(identity)

    def _hear(self, body: Body) -> None:
        # The host first: a rule that fires on this reading must find out whether its target is one of ours.
        if isinstance(body, Observed) and body.source is Source.REDIS:
            self._local.hear(body)
        self._turns.offer(body)

    def _after_turn(self) -> None:
        self._pause.look()
        self._status.turned()
        self._systemd.status(self._status.line())
        self._systemd.turned()

    async def _reload_when(self, wanted: asyncio.Event, group: asyncio.TaskGroup) -> None:
        while True:
            await wanted.wait()
            wanted.clear()
            self._systemd.reloading()
            try:
                loaded = await asyncio.to_thread(config.load, self._path)
                receivers = build(loaded.settings.receivers, self._clock)
            except ProblemsError as error:
                LOG.error("reload refused, the old rules and settings stay:\n%s", error)
                await self._turns.settle(ReloadRefused(tuple(str(problem) for problem in error.problems)))
            except WatchdogError as error:
                LOG.error("reload refused, the old rules and settings stay: %s", error)
                await self._turns.settle(ReloadRefused((str(error),)))
            else:
                await self._take_over(loaded, receivers, group)
            self._systemd.ready()

    async def _take_over(self, loaded: Loaded, receivers: dict[str, Receiver], group: asyncio.TaskGroup) -> None:
        self._warn(loaded)
        old, self._loaded = self._loaded, loaded
        fixed = (old.state, old.settings.host, old.settings.redis)
        if (loaded.state, loaded.settings.host, loaded.settings.redis) != fixed:
            # What is remembered belongs to this folder, this host and this Redis.
            LOG.warning("a changed state folder, host name or Redis is taken over at a restart only")
        await self._turns.settle(RulesLoaded(loaded.rules.digest, self._mode(loaded)), rules=self._rules(loaded))
        self._exchange(group, "receivers", Deliverer(self._store, receivers, self._clock).run())
        LOG.info("reloaded: mode %s, %d rules", self._mode(loaded), len(loaded.rules.rules))

    def _exchange(self, group: asyncio.TaskGroup, name: str, work: Coroutine[Any, Any, None]) -> None:
        if name in self._exchangeable:
            self._exchangeable[name].cancel()
        self._exchangeable[name] = _named(group, name, work)

    async def _prune(self) -> None:
        while True:
            await asyncio.sleep(DAY / 1000)
            try:
                await self._store.prune(self._clock.wall() - KEPT)
            except StoreDamagedError:
                raise
            except StoreError as error:
                LOG.warning("old rows could not be removed today: %s", error)

    async def _say_goodbye(self) -> None:
        try:
            async with asyncio.timeout(LAST_WORDS):
                await self._turns.settle(Stopping("asked to end"))
                await self._status.keep()
        except TimeoutError:
            LOG.error("the end could not be written down in %s s; what is open is resumed at the next start", LAST_WORDS)

    def _new_follower(self, loaded: Loaded) -> Follower:
        redis = loaded.settings.redis
        follower = Follower(url=redis.url, namespace=redis.namespace, clock=self._clock, emit=self._hear)
        self._status.follower = follower
        return follower

    def _mode(self, loaded: Loaded) -> Mode:
        return loaded.settings.mode if self._ceiling is None else lower(loaded.settings.mode, self._ceiling)

    def _rules(self, loaded: Loaded) -> RuleSet:
        return RuleSet(loaded.rules.rules, loaded.rules.digest, self._mode(loaded))

    def _warn(self, loaded: Loaded) -> None:
        for warning in loaded.warnings:
            LOG.warning("%s", warning)


def _named(group: asyncio.TaskGroup, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return group.create_task(work, name=name)


