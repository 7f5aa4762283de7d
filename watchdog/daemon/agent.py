"""
The agent: starts what is needed, in order, as named tasks, and ends it in order.

Order at the start: the ledger's open incidents, then the sources. Order at the end: nothing new is begun, the last turn is committed, then the tasks end.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from watchdog import __version__, config
from watchdog.checks.checker import Checker
from watchdog.clock import Clock
from watchdog.config import Loaded
from watchdog.daemon.beginning import started
from watchdog.daemon.children import ChildKeeper
from watchdog.daemon.endings import hear_how_it_ended
from watchdog.daemon.evidence import EvidenceKeeper
from watchdog.daemon.federation import Federation
from watchdog.daemon.fleet import FleetKeeper
from watchdog.daemon.heartbeat import Heartbeat
from watchdog.daemon.last_exit import LastExit
from watchdog.daemon.lock_counting import LockCounter
from watchdog.daemon.orders import OrderTaker
from watchdog.daemon.pause_file import BY, PauseFile
from watchdog.daemon.people import People
from watchdog.daemon.performers import executor
from watchdog.daemon.pruning import prune_daily
from watchdog.daemon.quarantining import QuarantineKeeper
from watchdog.daemon.remembering import HistoryKeeper
from watchdog.daemon.status import StatusKeeper
from watchdog.daemon.systemd import Systemd
from watchdog.daemon.tasks import Tasks
from watchdog.daemon.tracing import TraceKeeper
from watchdog.daemon.turns import IDLE, Turns
from watchdog.daemon.unwritten import UnwrittenAlarm
from watchdog.daemon.windows import Windows
from watchdog.engine.adopting import words
from watchdog.engine.fit_to_lead import has_something_to_lead
from watchdog.engine.rules import RuleSet
from watchdog.engine.switches import FLEET
from watchdog.errors import ProblemsError, WatchdogError
from watchdog.host.boot import boot_id, host_name
from watchdog.host.sampling import Sampler
from watchdog.host.systemd.watch import Units
from watchdog.host.watch import LocalProcesses
from watchdog.mastodon.settings_source import ExpectedSettings
from watchdog.model.effects import Command, Effect, SendSignal
from watchdog.model.events import Body, EffectDone, Event, Observed, ReloadRefused, RulesLoaded, Stopping
from watchdog.model.kinds import Source
from watchdog.model.results import Refused, Sent
from watchdog.model.targets import Signal
from watchdog.model.verdicts import Mode, lower
from watchdog.receivers.build import build
from watchdog.receivers.receiver import Receiver
from watchdog.recovery.left_behind import LeftBehind
from watchdog.recovery.quarantine import Quarantine
from watchdog.sidekiq.app_server import AppServer
from watchdog.sidekiq.edit.agents import Present
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.follow import Follower
from watchdog.sidekiq.place import place_of
from watchdog.store.aside import words_on_room
from watchdog.store.store import Store
from watchdog.store.trace.limits import Limits
from watchdog.store.trace.recorder import Recorder

LOG: Final = logging.getLogger("watchdog")
LAST_WORDS: Final = 3.0
"""Seconds that the end may take before tasks are simply ended; what counts is committed by then or resumed at the next start."""
LAST_EXIT: Final = 4.5
"""Seconds after which the process just ends, whatever hangs."""


def _limits(loaded: Loaded) -> Limits:
    return Limits(loaded.settings.trace.keep, loaded.settings.trace.most)


class Agent:
    """One running agent. `ceiling` is the command line's mode, which a reload can't raise."""

    def __init__(
        self,
        path: Path,
        loaded: Loaded,
        *,
        ceiling: Mode | None,
        store: Store,
        clock: Clock,
        observe: Callable[[Event, tuple[Effect, ...]], None],
        until: asyncio.Event | None = None,
    ) -> None:
        self._path = path
        self._loaded = loaded
        self._ceiling = ceiling
        self._warning = words_on_room(loaded.state)
        self._store = store
        self._clock = clock
        self._heeds_signals = until is None
        self._stop = asyncio.Event() if until is None else until
        self._commands: asyncio.Queue[Command] = asyncio.Queue()
        self._systemd = Systemd()
        idle = IDLE if self._systemd.period is None else min(IDLE, self._systemd.period)
        self._host = loaded.settings.host or host_name()
        recorder = Recorder(loaded.state, _limits(loaded), wall=clock.wall)
        self._trace = TraceKeeper(recorder, clock=clock, memory=store.name, host=self._host, boot_id=boot_id())
        self._turns = Turns(
            store=store, clock=clock, perform=self._commands.put_nowait, after_turn=self._after_turn, observe=observe, idle=idle, trace=self._trace,
        )  # fmt: skip
        self._local = LocalProcesses(
            host=self._host, clock=clock, emit=self._found, ask=self._ask_how_it_ended, before=self._turns.state.ledger.here
        )
        self._units = Units(loaded.settings.units, clock=clock, emit=self._turns.offer)
        self._checker = Checker(loaded.settings.checks, clock=clock, emit=self._turns.offer)
        app = loaded.settings.app
        self._sampler = Sampler(
            self._local, host=self._host, folder=loaded.state, clock=clock, emit=self._turns.offer,
            app_folder=None if app.folder is None else Path(app.folder), app_user=app.user,
        )  # fmt: skip
        self._expected = ExpectedSettings(
            loaded.settings.expected, folder=self._sampler.application.where, clock=clock, emit=self._turns.offer
        )
        self._status = StatusKeeper(store=store, clock=clock, turns=self._turns, host=self._host)
        self._federation = self._status.federation = Federation(state=loaded.state, clock=clock, emit=self._turns.offer)
        self._status.trace, self._status.sampler, self._status.units = self._trace, self._sampler, self._units
        self._people = People(store=store, turns=self._turns, clock=clock, host=self._host)
        self._status.ears = self._people.ears
        self._memory = HistoryKeeper(store=store, clock=clock, turns=self._turns)
        self._follower = self._new_follower(loaded)
        other = loaded.settings.app_redis
        self._left_behind = self._status.left_behind = LeftBehind(
            ask=self._follower.ask,
            keys=self._follower.keys,
            where=self._follower.where,
            host=self._host,
            found=lambda: self._local.found,
            clock=clock,
            emit=self._turns.offer,
        )
        self._app_server = None if other is None else AppServer(url=place_of(other), clock=self._clock, emit=self._turns.offer)
        edits = partial(Edits, url=place_of(loaded.settings.redis), keys=self._follower.keys)
        self._edits = edits()
        self._quarantine = Quarantine(store.quarantine, self._edits, wall=clock.wall)
        self._limit_quarantine(loaded)
        self._locks = self._status.locks = LockCounter(edits, wall=clock.wall)
        self._evidence = EvidenceKeeper(
            picture=self._follower, store=store, clock=clock, host=self._host, log_settings=lambda: self._loaded.settings.log
        )
        self._fleet = self._status.fleet = FleetKeeper(
            edits=edits(),
            follower=self._follower,
            clock=clock,
            emit=self._turns.offer,
            held=lambda: self._turns.state.ledger.fleet.lock,
            lead=lambda: self._turns.state.ledger.fleet.lead,
            mode=lambda: self._turns.rules.mode,
            can_lead=lambda: has_something_to_lead(self._turns.rules, self._turns.state.ledger),
            token=f"{store.name}-{boot_id()}",
            me=Present(host=self._host, version=__version__, pid=os.getpid(), since=clock.wall()),
        )
        self._executor = executor(
            follower=self._follower,
            edits=self._edits,
            store=store,
            quarantine=self._quarantine,
            evidence=self._evidence,
            units=self._units,
            fleet=self._fleet,
            children=ChildKeeper(sampler=self._sampler, processes=self._local, host=self._host, reread=self._follower.reread),
            clock=clock,
            host=self._host,
            log=lambda: self._loaded.settings.log,
            commands=lambda: self._loaded.folder / self._loaded.settings.commands,
            mastodon=lambda: self._loaded.settings.mastodon,
        )
        self._unwritten = UnwrittenAlarm(
            lambda: self._people.receivers, audience=lambda: self._turns.rules.audience, clock=clock, memory=store.name, host=self._host
        )  # fmt: skip
        self._heartbeat = Heartbeat(loaded.settings.heartbeat, clock)
        pause = self._turns.state.ledger.pauses.get(BY)
        self._pause = PauseFile(loaded.state, self._turns.offer, said=None if pause is None else pause.reason)
        self._orders = OrderTaker(loaded.state, self._turns.settle)
        self._windows = Windows(loaded, self._turns, clock, self._status, store, host=self._host)
        # What is remembered belongs to this folder, this host and this Redis.
        self._fixed = (loaded.state, loaded.settings.host, loaded.settings.redis, loaded.settings.app_redis, loaded.settings.app)
        self._tasks: Tasks | None = None
        self.last_exit = LastExit(LAST_EXIT, still_there=lambda: self._tasks.names() if self._tasks is not None else [])

    async def run(self) -> int:
        """From the first event to the last."""
        loop = asyncio.get_running_loop()
        reload_wanted = asyncio.Event()
        if self._heeds_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._stop.set)
            loop.add_signal_handler(signal.SIGHUP, reload_wanted.set)
        self._warn(self._loaded)
        if self._warning:
            LOG.warning("%s", self._warning)
        receivers = build(self._loaded.settings.receivers, self._clock)
        self._trace.limit(_limits(self._loaded))
        self._trace.begin(self._turns.state, self._turns.seq)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = self._tasks = Tasks(group)
                try:
                    tasks.serve("turns", self._turns.run)
                    # Beside the wait for the end: a start that can't be written down must not keep anybody from ending it.
                    tasks.do("start", lambda: self._start(tasks, receivers, reload_wanted))
                    await self._stop.wait()
                finally:
                    # Also when a task has died: then those that don't heed it must not keep a dead agent alive.
                    self.last_exit.arm()
                    # Nobody could be asked any more how a process ended.
                    self._local.close()
                self._systemd.stopping()
                await self._say_goodbye()
                tasks.cancel()
        finally:
            self._local.close()
            self._edits.close()
            self._fleet.close()
            self._systemd.close()
            await self._trace.close()
        return 0

    async def _start(self, tasks: Tasks, receivers: dict[str, Receiver], reload_wanted: asyncio.Event) -> None:
        await self._turns.settle(started(self._store, self._loaded.settings.redis, self._host))
        await self._turns.settle(
            RulesLoaded(self._loaded.rules.digest, self._mode(self._loaded), self._warning, passing=not self._heeds_signals),
            rules=self._rules(self._loaded),
        )
        if (doubt := self._turns.state.ledger.doubt) is not None:
            LOG.error("%s", words(doubt))
        # What people have left while no agent ran is heard before anything is done.
        await self._orders.look()
        tasks.serve("commands", lambda: self._carry_out(tasks))
        tasks.serve("orders", self._orders.run)
        tasks.serve("status", self._status.run)
        tasks.serve("alarm", self._unwritten.run)
        tasks.serve("heartbeat", self._heartbeat.run)
        tasks.serve("histories", self._memory.run)
        tasks.serve("reload", lambda: self._reload_when(reload_wanted, tasks))
        tasks.serve("follower", self._follower.run)
        if self._app_server is not None:
            tasks.serve("app redis", self._app_server.run)
        tasks.serve("sampler", self._sampler.run)
        tasks.serve("units", self._units.run)
        tasks.serve("left behind", self._left_behind.run)
        tasks.serve("checks", self._checker.run)
        tasks.serve("expected settings", self._expected.run)
        self._federation.serve(tasks, self._loaded.settings)
        self._people.serve(tasks, self._loaded.settings.receivers, receivers)
        tasks.serve("prune", lambda: prune_daily(self._store, self._clock))
        tasks.serve(
            "quarantine",
            QuarantineKeeper(self._quarantine, self._turns.offer, expire_evidence=self._evidence.expire, rests=self._is_in_doubt).run,
        )
        tasks.serve("locks", self._locks.run)
        tasks.serve("fleet", self._fleet.run)
        tasks.serve("windows", self._windows.run)
        self._systemd.ready()
        LOG.info(
            "sidekiq-watchdog %s runs in mode %s on %s with %d rules", __version__, self._turns.state.ledger.mode, self._host, len(self._turns.rules.rules)
        )  # fmt: skip

    async def _carry_out(self, tasks: Tasks) -> None:
        while True:
            command = await self._commands.get()
            tasks.do(f"{type(command).__name__} {command.id}", partial(self._perform, command))

    async def _perform(self, command: Command) -> None:
        killed = command.target.identity if isinstance(command, SendSignal) and command.signal is Signal.KILL else ""
        if killed:
            self._local.will_kill(killed)
        try:
            result = await self._executor.perform(command)
        except Exception as error:
            # A fault of ours in the middle of an incident: the engine hears of it and holds or denies, which a restart loop would not.
            LOG.exception("%s could not be carried out", type(command).__name__)
            result = Refused(f"internal error: {type(error).__name__}")
        if killed and not isinstance(result, Sent):
            self._local.did_not_kill(killed)
        self._turns.offer(EffectDone(command.id, result))

    def _ask_how_it_ended(self, identity: str) -> None:
        assert self._tasks is not None  # nothing is found before they are there
        hear = partial(hear_how_it_ended, wall=self._clock.wall, journal=self._loaded.settings.log.journal)
        self._tasks.do(f"end of {identity}", partial(hear, identity, self._follower, self._local))

    def _hear(self, body: Body) -> None:
        # The host first: a rule that fires on this reading must find out whether its target is one of ours.
        if isinstance(body, Observed) and body.source is Source.REDIS:
            self._local.hear(body)
        self._turns.offer(body)
        self._units.hear(body)

    def _found(self, body: Body) -> None:
        self._turns.offer(body)
        self._units.hear(body)

    def _after_turn(self) -> None:
        self._pause.look()
        self._unwritten.turned(self._turns.failing)
        self._heartbeat.turned(self._turns.failing, self._turns.state.ledger)
        self._status.turned()
        self._systemd.status(self._status.line())
        self._systemd.turned()

    async def _reload_when(self, wanted: asyncio.Event, tasks: Tasks) -> None:
        while True:
            await wanted.wait()
            wanted.clear()
            self._systemd.reloading()
            try:
                loaded = await asyncio.to_thread(config.load, self._path)
                receivers = build(loaded.settings.receivers, self._clock)
            except ProblemsError as error:
                LOG.error("reload refused, the old rules and settings stay:\n%s", error)
                await self._refuse(*map(str, sorted(error.problems, key=lambda one: one.is_warning)))
            except WatchdogError as error:
                LOG.error("reload refused, the old rules and settings stay: %s", error)
                await self._refuse(str(error))
            else:
                await self._take_over(loaded, receivers, tasks)
            self._systemd.ready()

    async def _refuse(self, *problems: str) -> None:
        self._status.reload_refused(problems[0])
        await self._turns.settle(ReloadRefused(problems))

    async def _take_over(self, loaded: Loaded, receivers: dict[str, Receiver], tasks: Tasks) -> None:
        self._warn(loaded)
        self._loaded = loaded
        if (loaded.state, loaded.settings.host, loaded.settings.redis, loaded.settings.app_redis, loaded.settings.app) != self._fixed:
            LOG.warning("a changed state folder, host name, application or Redis is taken over at a restart only")
        await self._turns.settle(RulesLoaded(loaded.rules.digest, self._mode(loaded)), rules=self._rules(loaded))
        # Histories that the new rules no longer ask for are gone: what is kept must not be carried on under others.
        await self._memory.keep()
        self._trace.limit(_limits(loaded))
        self._limit_quarantine(loaded)
        self._units.mean(loaded.settings.units)
        self._checker.mean(loaded.settings.checks)
        self._expected.mean(loaded.settings.expected)
        self._federation.serve(tasks, loaded.settings)
        self._heartbeat.mean(loaded.settings.heartbeat)
        self._windows.mean(loaded)
        self._people.serve(tasks, loaded.settings.receivers, receivers)
        self._status.reload_refused("")
        LOG.info("reloaded: mode %s, %d rules", self._turns.state.ledger.mode, len(loaded.rules.rules))

    async def _say_goodbye(self) -> None:
        try:
            async with asyncio.timeout(LAST_WORDS):
                await self._turns.settle(Stopping("asked to end"))
                await self._status.keep()
                await self._memory.keep()
                await self._windows.keep()
                await self._federation.keep()
        except TimeoutError:
            LOG.error("the end could not be written down in %s s; what is open is resumed at the next start", LAST_WORDS)

    def _limit_quarantine(self, loaded: Loaded) -> None:
        self._quarantine.keep(loaded.settings.quarantine.keep, in_dead_set=loaded.settings.quarantine.in_dead_set)

    def _new_follower(self, loaded: Loaded) -> Follower:
        redis = loaded.settings.redis
        follower = self._status.follower = Follower(
            url=place_of(redis),
            namespace=redis.namespace,
            scheduler_prefix=redis.scheduler_prefix,
            budget=redis.budget,
            clock=self._clock,
            emit=self._hear,
            host=self._host,
            paused=self._turns.state.ledger.pauses.get(FLEET),
        )
        return follower

    def _is_in_doubt(self) -> bool:
        return self._turns.state.ledger.doubt is not None

    def _mode(self, loaded: Loaded) -> Mode:
        return loaded.settings.mode if self._ceiling is None else lower(loaded.settings.mode, self._ceiling)

    def _rules(self, loaded: Loaded) -> RuleSet:
        return loaded.rules.but(mode=self._mode(loaded))

    def _warn(self, loaded: Loaded) -> None:
        for warning in loaded.warnings:
            LOG.warning("%s", warning)
