"""
Collects all that is wanted at the same time, keeps it, and says who is suspected: in five seconds at most, whatever does not answer.

The counterpart of `engine.collecting`, which asks for it. It never raises, and never refuses: each thing that can't be had is a word in the answer.
"""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from watchdog.clock import Clock
from watchdog.engine.culprit import Judged, judge_traces
from watchdog.errors import WatchdogError
from watchdog.host.boot import Here
from watchdog.model.effects import CollectEvidence
from watchdog.model.evidence import Came, Piece
from watchdog.model.results import EvidenceCollected
from watchdog.recovery.evidence import log, proc, redis, thread_dump
from watchdog.recovery.evidence.judging import traces_of
from watchdog.recovery.evidence.subject import Picture, Subject
from watchdog.recovery.evidence.views import LogTail, ThreadDumps, View
from watchdog.rulefile.log import LogSettings
from watchdog.store.evidence import Summary
from watchdog.store.store import Store

_LOG: Final = logging.getLogger(__name__)
KEPT_FOR: Final = 30 * 86_400_000
"""Milliseconds for which evidence is kept."""
KEEPING: Final = 0.4
"""Seconds of the whole time that are left for writing it down."""


class Collector(msgspec.Struct, frozen=True):
    """How one thing is collected, and how many seconds that may take."""

    collect: Callable[[Subject], Awaitable[View]]
    bound: float


COLLECTORS: Final[Mapping[str, Collector]] = {
    "thread_dump": Collector(thread_dump.collect, thread_dump.BOUND + 0.2),
    "log": Collector(log.collect, 3.0),
    "proc": Collector(proc.collect, 3.5),
    "redis": Collector(redis.collect, 2.5),
}
"""Name of `model.evidence` → who collects it; a test proves that the names are the same."""


class Evidence:
    """Collects; `here` is this host, `log_settings` where logs are, as the config now stands."""

    def __init__(
        self, *, picture: Picture, store: Store, here: Here, clock: Clock, log_settings: Callable[[], LogSettings],
        collectors: Mapping[str, Collector] = COLLECTORS,
    ) -> None:  # fmt: skip
        self._picture = picture
        self._store = store
        self._here = here
        self._clock = clock
        self._log_settings = log_settings
        self._collectors = collectors

    async def collect(self, command: CollectEvidence) -> EvidenceCollected:
        """As `CollectEvidence` says."""
        seconds = max(0.0, (command.until - self._clock.at()) / 1000)
        subject = Subject(
            target=command.target, still=command.still, here=self._here, log=self._log_settings(), picture=self._picture, clock=self._clock,
            tail_read=asyncio.Event(),
        )  # fmt: skip
        if "log" not in command.kinds:
            subject.tail_read.set()
        taken = self._clock.wall()
        found = await self._ask_all(subject, command.kinds, max(0.0, seconds - KEEPING))
        views = {kind: one for kind, one in found.items() if not isinstance(one, Piece)}
        judged = judge_traces(traces_of(views, still=command.still, wall=taken))
        pieces = tuple(one if isinstance(one, Piece) else Piece(kind, Came.KEPT, _lacking(one)) for kind, one in found.items())
        if views and (reason := await self._keep(command, taken, pieces, judged, views)):
            pieces = tuple(Piece(piece.kind, Came.REFUSED, reason) if piece.came is Came.KEPT else piece for piece in pieces)
        return EvidenceCollected(pieces, judged.suspects, judged.alone, judged.note)

    async def _ask_all(self, subject: Subject, kinds: tuple[str, ...], seconds: float) -> dict[str, View | Piece]:
        asked = {kind: asyncio.create_task(self._ask(subject, kind), name=f"evidence {kind}") for kind in kinds if kind in self._collectors}
        if not asked:
            return {}
        done, late = await asyncio.wait(asked.values(), timeout=seconds)
        for task in late:
            # Not awaited: who does not answer may not hear this, either.
            task.cancel()
        return {kind: self._came(subject, kind, task) if task in done else Piece(kind, Came.TIMED_OUT) for kind, task in asked.items()}

    async def _ask(self, subject: Subject, kind: str) -> View | Piece:
        collector = self._collectors[kind]
        try:
            async with asyncio.timeout(collector.bound):
                return await collector.collect(subject)
        except TimeoutError:
            return Piece(kind, Came.TIMED_OUT, f"no answer within {collector.bound:g} s")
        except WatchdogError as error:
            return Piece(kind, Came.REFUSED, str(error))

    def _came(self, subject: Subject, kind: str, task: "asyncio.Task[View | Piece]") -> View | Piece:
        if (error := task.exception()) is None:
            return task.result()
        # A fault of ours, and the recovery goes on all the same. Its text could repeat what was read.
        where = traceback.extract_tb(error.__traceback__)[-1]
        _LOG.error(
            "the evidence of %s lacks %s: %s in %s:%s", subject.target.name, kind, type(error).__name__, where.filename, where.lineno
        )
        return Piece(kind, Came.REFUSED, f"internal error: {type(error).__name__}")

    async def _keep(
        self, command: CollectEvidence, taken: int, pieces: tuple[Piece, ...], judged: Judged, views: Mapping[str, View]
    ) -> str:
        """Why it could not be kept, or ''."""
        summary = Summary(
            incident=command.incident, process=command.target.identity, target=command.target.name, taken=taken, until=taken + KEPT_FOR,
            pieces=pieces, suspects=judged.suspects, note=judged.note,
        )  # fmt: skip
        try:
            async with asyncio.timeout(max(KEEPING, (command.until - self._clock.at()) / 1000)):
                await self._store.keep_evidence(summary, {kind: msgspec.to_builtins(view) for kind, view in views.items()})
        except (WatchdogError, TimeoutError) as error:
            return f"it could not be kept: {error}" if str(error) else "it could not be kept in time"
        return ""


def _lacking(view: View) -> str:
    """What is missing from something that was kept."""
    match view:
        case ThreadDumps(dumps=dumps) if not all(dump.whole for dump in dumps):
            return "not all threads were written in time"
        case LogTail(missing=missing) if missing:
            return "; ".join(missing)
        case _:
            return ""
