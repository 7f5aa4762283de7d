"""
What orders on the command line have in common: who gives them and why, and the quarantine they are carried out on.

Works whether the agent runs or not, since a person needs it most while it does: what is begun here and not finished, the agent finishes, or the next such
command.
"""

import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdog.cli.exits import UsageError
from watchdog.cli.state import state_folder

if TYPE_CHECKING:
    from watchdog.recovery.quarantine import Quarantine
    from watchdog.sidekiq.edit.edits import Edits

ReasonOption = Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why; it stands in the audit log with your name.")]


@asynccontextmanager
async def opened(config: Path) -> AsyncIterator[tuple["Quarantine", "Edits"]]:
    """The quarantine of a config and the way into its Redis. Raises `ProblemsError`, `UsageError` or `StoreError`."""
    from watchdog.cli.sources import sources_of
    from watchdog.clock import Clock
    from watchdog.recovery.quarantine import Quarantine
    from watchdog.sidekiq.edit.edits import Edits
    from watchdog.sidekiq.keys import Keys
    from watchdog.sidekiq.place import place_of
    from watchdog.store.beside import open_beside

    settings = sources_of(config)
    redis, quarantine = settings.redis, settings.quarantine
    edits = Edits(url=place_of(redis), keys=Keys(namespace=redis.namespace))
    wall = Clock().wall
    try:
        async with open_beside(state_folder(config), wall=wall) as shelf:
            yield Quarantine(shelf, edits, wall=wall, kept_for=quarantine.keep, in_dead_set=quarantine.in_dead_set), edits
    finally:
        edits.close()


def words(reason: str) -> str:
    """The reason as it is written down; raises `UsageError` if none is given."""
    if not reason.strip():
        raise UsageError("--reason is empty; say in a few words why")
    return reason.strip()


def who() -> str:
    """Who ordered it, also by way of sudo."""
    if called := os.environ.get("SUDO_USER"):
        return called
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
