"""
A store, the deliverer, and far sides behind rude middles, all real, in a time that can be set forward.

What is told here stands for what an engine commits; its titles bear numbers, by which they are known again at the far side.
"""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.service.faults.account import Account, Told, account
from tests.service.faults.far_sides import FarSide, token
from tests.service.faults.rude import Rude
from tests.service.faults.sides import SIDES
from tests.service.faults.virtual import Busy, Skipping
from watchdog.config.loading import load
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.build import build
from watchdog.receivers.delivery import Deliverer
from watchdog.receivers.habits import habits_of
from watchdog.rulefile.receivers import ReceiverSettings
from watchdog.store.opening import DATABASE
from watchdog.store.outbox import Handed
from watchdog.store.standing import OutboxCounts
from watchdog.store.store import Commit, Store

TIMEOUT: Final = "1m"
"""How long one attempt may take: who is well answers sooner, however busy the machine."""
RULES: Final = "rules: [{rule: idle, each: process, when: process.beat_age > 1h}]"


class Line:
    """One receiver: its far side, the middle before it, and what it was told."""

    def __init__(self, name: str, side: FarSide) -> None:
        self.name = name
        self.side = side
        self.rude = Rude(side.port, side.speech)
        self.told: list[Told] = []

    async def account(self) -> Account:
        """What became of it."""
        return account(self.told, await self.side.seen())


class Station:
    """
    Up for as long as it is entered; `names` are those of far sides. With `tls` receivers expect that of their middle. `settings` are added to those of every receiver.

    `restart` ends the deliverer, as the agent does it, and begins another one. `number` is that of the last notice.
    """

    def __init__(
        self, folder: Path, *names: str, tls: bool = False, settings: Mapping[str, Any] | None = None, timeout: str = TIMEOUT
    ) -> None:
        self.folder = folder
        self.busy = Busy()
        self.lines: dict[str, Line] = {}
        self._names, self._tls, self._more, self._timeout = names, tls, dict(settings or {}), timeout
        self._stack = contextlib.AsyncExitStack()
        self._task: asyncio.Task[None] | None = None
        self.number = self._seq = 0

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.clock = Skipping(self.busy)
        async with self._stack as stack:
            stack.enter_context(self.busy.sleepers())
            for name in self._names:
                side = await stack.enter_async_context(SIDES[name](self.clock.wall))
                self.lines[name] = Line(name, side)
                await stack.enter_async_context(self.lines[name].rude)
            self.settings = self._read()
            await self.reopen()
            stack.push_async_callback(self._close)
            self.start()
            stack.push_async_callback(self.stop)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, cls: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    async def reopen(self) -> None:
        """The store, where somebody else has had it."""
        self.store = await Store.open(self.folder / "state", clock=self.clock)
        self.store.post = self.busy.watched(self.store.post)

    async def _close(self) -> None:
        await self.store.close()

    def start(self) -> None:
        """A deliverer begins."""
        receivers = {name: self.busy.watched(one) for name, one in build(self.settings, self.clock).items()}
        habits = {name: habits_of(one) for name, one in self.settings.items()}
        self._task = asyncio.create_task(Deliverer(self.store, receivers, self.clock, habits).run())

    async def stop(self) -> None:
        """It ends."""
        assert self._task is not None, "none has begun"
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def restart(self) -> None:
        """One ends, another one begins."""
        await self.stop()
        self.start()

    async def tell(self, thread: str, kind: NoticeKind) -> int:
        """Commits one turn of a story, which is a group of its own, to all of them; its number."""
        self.number += 1
        self._seq += 1
        notice = Notice(
            f"n_{self.number}", thread, kind, Severity.CRITICAL, self.clock.wall(), f"{kind.value} {token(self.number)} of {thread}",
            rule="stuck-job", entity=thread, host="web1",
        )  # fmt: skip
        await self.store.commit(Commit(seq=self._seq, notices=tuple(Handed(name, notice) for name in self.lines)))
        for line in self.lines.values():
            line.told.append(Told(self.number, thread))
        return self.number

    async def counts(self, name: str) -> OutboxCounts:
        """How a receiver stands, as `status` says it."""
        return (await self.store.post.counts())[name]

    async def stands(self, name: str) -> tuple[int, int]:
        """How many alerts go on and how many are over, by the cards that the receiver was shown."""
        on = over = 0
        with contextlib.closing(sqlite3.connect(self.folder / "state" / DATABASE)) as connection:
            groups = [group for (group,) in connection.execute("SELECT grp FROM cards WHERE receiver = ? AND card IS NOT NULL", (name,))]
        for group in groups:
            card = await self.store.post.card_of(name, group)
            assert card is not None, group
            on += card.more + sum(entry.over is None for entry in card.entries)
            over += card.more_over + sum(entry.over is not None for entry in card.entries)
        return on, over

    def _read(self) -> dict[str, ReceiverSettings]:
        (self.folder / "rules.yml").write_text(RULES)
        receivers = {
            name: {"type": line.side.name, **line.side.settings(line.rude.port, tls=self._tls, timeout=self._timeout), **self._more}
            for name, line in self.lines.items()
        }
        config = self.folder / "config.yml"
        told = {"redis": {"url": "redis://127.0.0.1:1/0"}, "rules": ["rules.yml"], "state": "state", "receivers": receivers}
        config.write_text(json.dumps(told))
        return load(config).settings.receivers
