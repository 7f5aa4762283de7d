"""What an agent leaves behind that has lived through a conversation: the same rows, incidents and messages, in a store of their own."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from watchdog.model.effects import Audit, Effect, KeepIncident, Notify
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit, Store


def keep(folder: Path, effects: Iterable[Effect]) -> Path:
    """Writes down what the engine has asked for, and gives the folder back; nobody has delivered anything."""
    effects = tuple(effects)

    async def agent() -> None:
        store = await Store.open(folder)
        try:
            await store.commit(
                Commit(
                    store.last_seq + 1,
                    audit=tuple(effect.row for effect in effects if isinstance(effect, Audit)),
                    incidents=tuple(effect.incident for effect in effects if isinstance(effect, KeepIncident)),
                    notices=tuple(
                        Handed(receiver, effect.notice, effect.not_before, effect.takes)
                        for effect in effects
                        if isinstance(effect, Notify)
                        for receiver in effect.receivers
                    ),
                )
            )
        finally:
            await store.close()

    # In a thread of its own: the loop that is made there is not that of pytest's plugins.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(agent())).result()
    return folder
