"""
Following Sidekiq for as long as the agent lives: over lost connections, restarts of Redis, and whatever it answers.

The counterpart of `host.watch`, which follows the same processes through the kernel. It says what it sees and when it
sees nothing; what either means is the engine's business. It never writes to Redis.
"""

from collections.abc import Callable, Sequence

from watchdog.clock import Clock
from watchdog.engine.switches import Pause
from watchdog.model.events import Body
from watchdog.model.kinds import Source
from watchdog.sidekiq.address import Sentinels
from watchdog.sidekiq.broken import BrokenDatum
from watchdog.sidekiq.cost import Spent
from watchdog.sidekiq.failures import SourceUnavailableError, unavailable
from watchdog.sidekiq.flight import Noted
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.outage import Outage
from watchdog.sidekiq.pace import BUDGET
from watchdog.sidekiq.place import Place
from watchdog.sidekiq.reading import Reading
from watchdog.sidekiq.reconcile import PERIOD
from watchdog.sidekiq.reconnecting import again_and_again
from watchdog.sidekiq.session import Memory, Session
from watchdog.sidekiq.tracking import Dirty
from watchdog.sidekiq.wire import ANSWER_WITHIN, Command, Reply, Wire


class Follower:
    """
    Follows one Sidekiq, and emits `Observed`, `SourceLost` and `SourceBack` of the source REDIS.

    Each connection begins with a snapshot whose last `Observed` is `complete`; readings that were said before the connection was
    lost and still hold are not repeated. `SourceLost` comes once for each kind of failure of an outage, `SourceBack` after the snapshot that ends it.
    `url` is that of the server, or the Sentinels that know it; raises `AddressError` if it can't be understood. `emit` is called from the
    event loop and must not raise; a server that says nothing for `answer_within` seconds counts as lost.
    People's pause of the whole fleet is said as it comes and goes; `paused` is that of before.
    Of processes of `host` the last jobs are kept in memory, payloads included.
    """

    def __init__(
        self,
        *,
        url: str | Sentinels,
        namespace: str = "",
        scheduler_prefix: str = "",
        budget: float = BUDGET,
        clock: Clock,
        emit: Callable[[Body], None],
        answer_within: float = ANSWER_WITHIN,
        host: str = "",
        paused: Pause | None = None,
    ) -> None:
        self._place = Place(url)
        keys = Keys(namespace, scheduler_prefix)
        self._memory = Memory(keys=keys, clock=clock, where=self._place.where, budget=budget, host=host, emit=emit, paused=paused)
        self._clock = clock
        self._emit = emit
        self._answer_within = answer_within
        self._wire: Wire | None = None
        self._session: Session | None = None
        self._why_not = unavailable("starting", self._place.where)
        self._outage = Outage(Source.REDIS, f"Redis at {self._place.where}", emit)
        self._connections = 0
        self._spent = Spent()

    async def run(self) -> None:
        """Follow until cancelled."""
        await again_and_again(self._follow_once, lost=self._lose, clock=self._clock)

    async def reread(self, identity: str) -> Reading:
        """
        Read this process now, and emit what changed before returning what was read.

        Raises `SourceUnavailableError` if Redis can't be read, at once if that is known, and after 2 s at the latest.
        """
        if self._session is None:
            raise SourceUnavailableError(self._why_not.code, self._why_not.message)
        return await self._session.reread(identity)

    async def reread_all(self) -> None:
        """Read every process now, and emit what changed; raises as `reread` does, after 5 s at the latest."""
        if self._session is None:
            raise SourceUnavailableError(self._why_not.code, self._why_not.message)
        await self._session.reread_all()

    def noted(self, identity: str) -> Noted | None:
        """What its work hash held when it was last read, payloads included; None where nothing is kept of it."""
        return self._memory.flight.of(identity)

    async def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """
        Read whatever else somebody wants to know, over the same connection.

        Raises `SourceUnavailableError` if Redis can't be read, or is lost meanwhile.
        """
        if self._wire is None or self._session is None:
            raise SourceUnavailableError(self._why_not.code, self._why_not.message)
        return await self._wire.ask(commands)

    @property
    def keys(self) -> Keys:
        """Of that Sidekiq."""
        return self._memory.keys

    @property
    def where(self) -> str:
        """Which Redis, for people."""
        return self._place.where

    async def count_retries(self) -> None:
        """
        Count the whole retry set anew, which takes as long as Redis can be spared; what changed by it is said in the turns that follow.

        Raises `SourceUnavailableError` if Redis can't be read, or is lost meanwhile.
        """
        if self._session is None:
            raise SourceUnavailableError(self._why_not.code, self._why_not.message)
        await self._session.count_retries()

    def doubt_retries(self) -> None:
        """Retries were moved by somebody other than Sidekiq: they are counted anew as soon as Redis can be spared, or is back."""
        self._memory.retries.doubt()

    @property
    def tracking(self) -> bool:
        """Redis tells of changes; False while it can't be read, or where each second is sampled instead."""
        return self._session is not None and self._session.hears

    def broken(self) -> tuple[BrokenDatum, ...]:
        """What is broken in Redis, at most 200 things."""
        return self._memory.tally.data()

    def cost(self) -> dict[str, int]:
        """What was asked of Redis since the start: `commands`, `round_trips`, `connections`, `bytes_out`; and what it said: `pushes` by itself, `bytes_in`."""
        spent = self._spent if self._wire is None else self._spent.plus(self._wire.spent())
        counted = {name: getattr(spent, name) for name in ("commands", "round_trips", "pushes", "bytes_out", "bytes_in")}
        return counted | {"connections": self._connections}

    def budget(self) -> dict[str, float]:
        """
        What Redis spends on this, by `cost`: `share` of a core of the `limit`, both as ratios.

        `backed_off` is how many times longer the intervals are than usual (1: they are as usual), `reread_within` milliseconds everything is read again.
        """
        pace = self._memory.pace
        return {
            "share": round(pace.share, 6),
            "limit": pace.limit,
            "backed_off": round(pace.stretch, 2),
            "reread_within": pace.age(PERIOD),
            **self._memory.rates,
        }

    async def _follow_once(self) -> None:
        dirty = Dirty(self._memory.keys)
        wire = self._wire = await self._place.connect(dirty.hear, answer_within=self._answer_within)
        self._connections += 1
        try:
            session = Session(wire, dirty, memory=self._memory, clock=self._clock, emit=self._emit)
            await session.open()
            self._session = session
            self._outage.over()
            await session.follow(self._place.watch(wire))
        finally:
            self._session = None
            self._wire = None
            wire.close()
            self._spent = self._spent.plus(wire.spent())

    def _lose(self, failure: SourceUnavailableError) -> None:
        self._why_not = failure
        self._outage.lose(failure)
