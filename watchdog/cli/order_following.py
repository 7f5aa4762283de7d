"""
Leaving an order with the agent, and following what becomes of it to its end.

What is shown is what the agent has written down of it, and nothing else: so what is read here is what is in the audit log tomorrow. Whoever stops looking stops nothing, but an
order that can still be taken back is withdrawn.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from watchdog.cli.desk import EVERY, Desk, agent_of
from watchdog.cli.exits import NothingToShowError, UnfinishedError
from watchdog.cli.order_view import is_over
from watchdog.model.told import OperatorAsked, OperatorWithdrew

TAKEN_WITHIN: Final = 15.0
"""Seconds that an agent has to take an order; it looks for some twice a second."""
HELD_FOR: Final = 60.0
"""Seconds after which nobody waits any longer for an order that is held, while an agent runs that does."""
BACK_WITHIN: Final = 60.0
"""Seconds that systemd has to start an agent again that has ended meanwhile."""
SOON: Final = 5.0
"""Seconds for the answer to a withdrawal."""


def be_silent() -> None:
    """Print nothing more: whoever has read it is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


class DetachedError(UnfinishedError):
    """The order goes on without somebody who looks."""


class Interrupts:
    """Ctrl-C and its kin, counted; a handler for as long as it is needed."""

    def __init__(self) -> None:
        self.count = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._note)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._lose_terminal)

    def _note(self) -> None:
        self.count += 1

    def _lose_terminal(self) -> None:
        # A connection that breaks at night must not leave a process half-way.
        be_silent()
        self._note()


class Following:
    """One order at one desk; `show` gets each row of it."""

    def __init__(self, desk: Desk, order: OperatorAsked, *, show: Callable[[dict[str, Any]], None], interrupts: Interrupts) -> None:
        self._desk = desk
        self._order = order
        self._show = show
        self._interrupts = interrupts
        self._before = interrupts.count
        self._seen = 0
        self._rows: list[dict[str, Any]] = []
        self._withdrawn_at: float | None = None
        self._held_since: float | None = None
        self._gone_since: float | None = None

    async def run(self) -> dict[str, Any]:
        """
        The row with which the order is over.

        Raises `NothingToShowError` where no agent takes it, `DetachedError` where it goes on and nobody waits for it any more.
        """
        from watchdog.store.orders import lay_down

        self._seen = await asyncio.to_thread(self._newest)
        lay_down(self._desk.state, self._order)
        laid = time.monotonic()
        while True:
            for row in await asyncio.to_thread(self._read):
                self._take(row)
                if is_over(row):
                    return row
            self._desk.check()
            if not self._rows:
                self._give_up_unanswered(time.monotonic() - laid)
            self._heed_interrupts()
            self._lose_patience()
            await asyncio.sleep(EVERY)

    def _newest(self) -> int:
        from watchdog.store.reading import read_audit

        return max((row["seq"] for row in read_audit(self._desk.state, limit=1)), default=0)

    def _read(self) -> list[dict[str, Any]]:
        from watchdog.store.reading import read_audit

        return list(read_audit(self._desk.state, after=self._seen, rule=f"order:{self._order.id}"))

    def _take(self, row: dict[str, Any]) -> None:
        self._seen = row["seq"]
        self._rows.append(row)
        held = row["kind"] == "incident" and row.get("outcome") == "held"
        self._held_since = time.monotonic() if held else None
        self._show(row)

    def _give_up_unanswered(self, seconds: float) -> None:
        from watchdog.store.orders import lay_down, take_back

        is_interrupted = self._interrupts.count > self._before
        if seconds <= TAKEN_WITHIN and not is_interrupted:
            return
        if take_back(self._desk.state, self._order.id):
            raise NothingToShowError(f"no agent has taken the order within {seconds:.0f} s; it is taken back, and nothing was done")
        if is_interrupted or seconds > TAKEN_WITHIN + BACK_WITHIN:
            lay_down(self._desk.state, OperatorWithdrew(self._order.id, self._order.by))
            raise NothingToShowError(
                "the agent has the order and says nothing of it: `status` tells whether it can write; the order is withdrawn"
            )

    def _heed_interrupts(self) -> None:
        from watchdog.store.orders import lay_down

        count = self._interrupts.count - self._before
        if not count or not self._rows:
            return
        if self._withdrawn_at is None:
            self._withdrawn_at = time.monotonic()
            lay_down(self._desk.state, OperatorWithdrew(self._order.id, self._order.by))
            return
        if self._desk.hosted is not None:
            if count > 1:
                raise DetachedError("it is left half-way; the next agent that is started goes on with it")
        elif self._is_too_late() or time.monotonic() - self._withdrawn_at > SOON:
            raise DetachedError("it can't be taken back any more, and the agent goes on with it: `status` and `audit` tell how")

    def _is_too_late(self) -> bool:
        return any(row["kind"] == "order" and row.get("outcome") == "too late" for row in self._rows)

    def _lose_patience(self) -> None:
        if self._desk.hosted is not None:
            return
        now = time.monotonic()
        if self._held_since is not None and now - self._held_since > HELD_FOR:
            raise DetachedError("it is held, and the agent goes on trying: `status` tells why, and how it stands")
        if agent_of(self._desk.state) is not None:
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = now
        elif now - self._gone_since > BACK_WITHIN:
            raise NothingToShowError("the agent has ended in the middle of it; as soon as one is started it goes on")
