"""
From a config file to an agent that runs, and to its end.

Order: config, store (one agent a state folder), what the last one remembered, the agent; and the same backwards, whatever ended it.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog import config
from watchdog.clock import Clock
from watchdog.config import Loaded
from watchdog.daemon.agent import Agent
from watchdog.daemon.last_exit import LastExit, UnwaitedThreads
from watchdog.daemon.remembering import carried_on
from watchdog.errors import WatchdogError
from watchdog.model.effects import Effect
from watchdog.model.events import Event
from watchdog.model.verdicts import Mode
from watchdog.store.failures import StoreDamagedError, StoreError
from watchdog.store.store import Store

LOG: Final = logging.getLogger("watchdog")


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
    asyncio.get_running_loop().set_default_executor(UnwaitedThreads())
    loaded = await asyncio.to_thread(config.load, path)
    if mode is not None and mode.rank > loaded.settings.mode.rank:
        raise ModeAboveConfigError(f"--mode {mode} is above the mode of {path}, which is {loaded.settings.mode}; it can only be lowered")
    return await run_loaded(path, loaded, ceiling=mode, observe=observe)


async def run_loaded(
    path: Path,
    loaded: Loaded,
    *,
    ceiling: Mode | None = None,
    observe: Callable[[Event, tuple[Effect, ...]], None] = lambda _event, _effects: None,
    until: asyncio.Event | None = None,
) -> int:
    """The same of what has been loaded from `path`, under that mode. With `until` it runs until that is set, and heeds no signals: they are for whoever runs it."""
    clock = Clock()
    store = await Store.open(loaded.state, clock=clock)
    last_exit: LastExit | None = None
    try:
        if store.history is not None:
            store.history = await asyncio.to_thread(carried_on, store.history, loaded.state, memory=store.name, series=loaded.rules.series)
        agent = Agent(path, loaded, ceiling=ceiling, store=store, clock=clock, observe=observe, until=until)
        last_exit = agent.last_exit
        return await agent.run()
    except ExceptionGroup as died:
        # Whatever else ended because of it: this is the one that the operator can do something about.
        if (damaged := died.subgroup(StoreDamagedError)) is None:
            raise
        raise _first(damaged) from None
    finally:
        try:
            await store.close()
        except StoreError as error:
            LOG.warning("the database could not be tidied up: %s", error)
        if last_exit is not None:
            last_exit.disarm()


def _first(group: BaseExceptionGroup[StoreDamagedError]) -> StoreDamagedError:
    one = group.exceptions[0]
    return _first(one) if isinstance(one, BaseExceptionGroup) else one
