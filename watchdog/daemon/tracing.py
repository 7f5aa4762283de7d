"""
What the loop of turns tells the trace: each event as it was taken, and a checkpoint whenever a new file begins.

The counterpart of `store.trace.recorder`, which writes and knows no engine. It never waits and never raises for a trace that can't be written.
"""

import logging
import time
from functools import partial
from typing import Final

from watchdog import __version__
from watchdog.clock import Clock
from watchdog.engine.checkpoint import hold
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.state import State
from watchdog.model.events import Event, Observed, RulesLoaded
from watchdog.store.trace.limits import Limits
from watchdog.store.trace.recorder import Recorder, Recording
from watchdog.store.trace.segment import FORMAT, Header, Mark

LOG: Final = logging.getLogger("watchdog")


class TraceKeeper:
    """Hears of every turn. `memory` is the name of the store's, `boot_id` that of this boot."""

    def __init__(self, recorder: Recorder, *, clock: Clock, memory: str, host: str, boot_id: str) -> None:
        self._recorder = recorder
        self._clock = clock
        self._memory = memory
        self._host = host
        self._boot_id = boot_id
        self._rules = NO_RULES

    def begin(self, state: State, seq: int) -> None:
        """Before the first event: `seq` is the number of the last one of a predecessor."""
        if cause := self._recorder.wants(at := self._clock.at()):
            self._begin(state, seq=seq, at=at, wall=self._clock.wall(), cause=cause)

    def taken(self, event: Event, state: State, rules: RuleSet) -> None:
        """Its turn was committed, and led to this state under these rules."""
        self._recorder.add(Mark.TAKEN, event)
        reloaded = isinstance(event.body, RulesLoaded) and self._rules is not NO_RULES and self._recorder.is_open
        self._rules = rules
        if rules is NO_RULES:
            # Between its start and its rules nothing is complete.
            return
        if cause := "rules" if reloaded else self._recorder.wants(event.at):
            self._begin(state, seq=event.seq, at=event.at, wall=event.wall, cause=cause)

    def undone(self, event: Event) -> None:
        """Its turn could not be committed."""
        self._recorder.add(Mark.UNDONE, event)

    def noted(self, observed: Observed, *, seq: int, at: int) -> None:
        """It was put into the picture without a turn; the next turn has that number."""
        self._recorder.add(Mark.NOTED, Event(seq, at, self._clock.wall(), observed))

    def limit(self, limits: Limits) -> None:
        """Other limits are in force."""
        self._recorder.limit(limits)

    def how(self) -> Recording:
        """How it goes."""
        return self._recorder.how()

    async def close(self) -> None:
        """Nothing more comes."""
        await self._recorder.close()

    def _begin(self, state: State, *, seq: int, at: int, wall: int, cause: str) -> None:
        rules = self._rules
        header = Header(
            format=FORMAT,
            version=__version__,
            memory=self._memory,
            host=self._host,
            boot_id=self._boot_id,
            digest=rules.digest,
            mode="" if rules is NO_RULES else rules.mode.value,
            seq=seq,
            at=at,
            wall=wall,
            cause=cause,
        )
        # Encoded on the recorder's thread, which lets the loop have its turn after each piece.
        self._recorder.begin(header, partial(hold(state, at=at, wall=wall), partial(time.sleep, 0)))
