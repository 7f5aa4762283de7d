"""
Following what Mastodon itself keeps of deliveries that fail: in the Redis of the application, where that is another than Sidekiq's.

The counterpart of `web_log_source`, which reads what comes in. Nobody announces these keys, and the only way to find them is to look through all keys there are: in small
pages, a minute or more for all of them, so that Redis hardly feels it. It never writes.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from watchdog.clock import Clock
from watchdog.mastodon.exhausted import KEY, Failing, failing
from watchdog.mastodon.lights import Generation, Light, generation_of, is_red, light_of, questions
from watchdog.mastodon.peers import Peers
from watchdog.model.events import Body, Delta, Gone, Observed
from watchdog.model.kinds import Source
from watchdog.sidekiq.address import Sentinels
from watchdog.sidekiq.connection import demand
from watchdog.sidekiq.failures import ServerError, from_reply, unavailable
from watchdog.sidekiq.hosts import canonical
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.outage import Outage
from watchdog.sidekiq.place import Place
from watchdog.sidekiq.reconnecting import again_and_again
from watchdog.sidekiq.replies import is_wrong_type
from watchdog.sidekiq.together import together
from watchdog.sidekiq.wire import ANSWER_WITHIN, Command, Reply, Wire

LOG: Final = logging.getLogger("watchdog")
ROUND: Final = 60.0
"""Seconds in which all keys are looked through, or more where there are very many."""
PAGE: Final = 1_000
"""Keys that one command looks through."""
ASKED: Final = 500
"""Questions that are asked in one go."""
_APART: Final = 0.15
"""Seconds between two pages at least: a page takes up to 0.8 ms (measured on Redis 7.0 with a million keys), which is half a percent of a core."""
_APART_AT_FIRST: Final = 0.05
"""The same in the first round."""
_DAYS_READ: Final = 64
"""A set is read in one such page: seven days end all deliveries, and each more takes a person who has lifted that."""
MOST_HOSTS: Final = 50_000
"""Of more hosts than so many the records are not looked at in a round, but for those of hosts that are told already."""
MOST_LIGHTS: Final = 20_000
"""More than so many are not looked at in a round."""
_MOST_TOLD: Final = 1_000
_DAY: Final = 86_400_000
_DRIFT: Final = 2_000
_GLOB: Final = rb"\*?[]^-"


class Deliveries:
    """Emits `Observed`, `SourceLost` and `SourceBack` of the source DELIVERIES; see `Follower` for `url`, `namespace` and `answer_within`."""

    def __init__(
        self,
        *,
        url: str | Sentinels,
        namespace: str,
        peers: Peers,
        clock: Clock,
        emit: Callable[[Body], None],
        answer_within: float = ANSWER_WITHIN,
        every: float = ROUND,
    ) -> None:
        self._place = Place(url)
        self._prefix = Keys(namespace).prefix
        # One pattern for all that is wanted: each further one would be a further round. It lets little else through.
        self._pattern = b"".join(b"\\" + bytes([one]) if one in _GLOB else bytes([one]) for one in self._prefix) + b"[es][xt][ho]*"
        self._peers = peers
        self._clock = clock
        self._emit = emit
        self._answer_within = answer_within
        self._every = every
        self._outage = Outage(Source.DELIVERIES, f"Redis at {self._place.where}", emit)
        self._pages = 0
        self._generation: Generation | None = None
        self._offset: int | None = None
        self._is_complete = False
        self.trouble = ""
        """Why the lights are not known, a sentence; empty where they are."""

    async def run(self) -> None:
        """Follow until cancelled."""
        await again_and_again(self._follow_once, lost=self._outage.lose, clock=self._clock)

    def end(self) -> None:
        """It is to be followed no more: what was told by it becomes unknown, and it is no loss any longer."""
        if changes := self._peers.retract(Source.DELIVERIES):
            self._emit(Observed(Source.DELIVERIES, changes))
        self._outage.over()

    async def _follow_once(self) -> None:
        wire = await self._place.connect(_ignore, answer_within=self._answer_within)
        try:
            await together(watch_the_place=self._place.watch(wire), deliveries=self._read(wire))
        finally:
            wire.close()

    async def _read(self, wire: Wire) -> None:
        # The first time faster: nobody knows anything yet.
        apart = _APART_AT_FIRST
        while True:
            began = self._clock.at()
            look = _Look(self._generation, frozenset(self._peers.chosen) | self._peers.watched)
            await self._look_through(wire, look, apart)
            self._tell(look)
            apart = max(_APART, self._every / max(1, self._pages))
            left = self._every - (self._clock.at() - began) / 1000
            if left > 0:
                await asyncio.wait((wire.ended,), timeout=left)

    async def _look_through(self, wire: Wire, look: "_Look", apart: float) -> None:
        cursor, pages = b"0", 0
        while True:
            (reply,) = demand(await wire.ask([("SCAN", cursor, "MATCH", self._pattern, "COUNT", PAGE)]), wire.where)
            match reply:
                case [bytes() as cursor, [*names]] if all(isinstance(one, bytes) for one in names):
                    await self._ask_about(wire, look, [name.removeprefix(self._prefix) for name in names])
                case _:
                    raise unavailable("protocol", wire.where)
            pages += 1
            if cursor == b"0":
                self._pages = pages
                return
            await asyncio.sleep(apart)

    async def _ask_about(self, wire: Wire, look: "_Look", keys: Sequence[bytes]) -> None:
        asked: list[tuple[tuple[Command, ...], Callable[[list[Reply]], None]]] = []
        for key in keys:
            if (host := look.host_to_ask(key)) is not None:
                asked.append(((("SSCAN", self._prefix + key, 0, "COUNT", _DAYS_READ),), _then(look.hear_days, host)))
            elif (light := look.light_to_ask(key)) is not None:
                asked.append((questions(light, self._prefix), _then_light(look, light, self._clock.wall())))
        rest = iter(asked)
        while some := list(islice(rest, ASKED)):
            replies: Iterator[Reply] = iter(_answers(await wire.ask([command for commands, _ in some for command in commands]), wire.where))
            for commands, hear in some:
                hear(list(islice(replies, len(commands))))

    def _tell(self, look: "_Look") -> None:
        self._generation = look.generation
        trouble = look.trouble
        if trouble != self.trouble:
            self.trouble = trouble
            if trouble:
                LOG.warning("%s", trouble)
        at, wall = self._clock.at(), self._clock.wall()
        if self._offset is None or abs(wall - at - self._offset) > _DRIFT:
            self._offset = wall - at
        self._peers.claim(Source.DELIVERIES, look.weights(wall))
        changes: list[Delta | Gone] = list(self._peers.choose())
        lit = look.lit
        for host in self._peers.chosen:
            changes += self._peers.tell(Source.DELIVERIES, host, look.readings(host, lit[host], self._offset))
        self._say(changes)
        self._outage.over()

    def _say(self, changes: Sequence[Delta | Gone]) -> None:
        complete, self._is_complete = not self._is_complete, True
        for start in range(0, len(changes) or complete, _MOST_TOLD):
            some = tuple(changes[start : start + _MOST_TOLD])
            self._emit(Observed(Source.DELIVERIES, some, complete=complete and start + _MOST_TOLD >= len(changes)))


class _Look:
    """What one look through all keys has found. `known` is which generation of lights was in force at the last one, `told` are the hosts that are told already."""

    def __init__(self, known: Generation | None, told: Collection[str]) -> None:
        self.generation: Generation | None = None
        self._known = known
        self._told = told
        self._left_out = False
        self._failing: dict[str, Failing] = {}
        self._asked = 0
        # SCAN may show a key twice: each light is counted once.
        self._red: dict[Generation, dict[bytes, str]] = {}

    def host_to_ask(self, key: bytes) -> str | None:
        """Whose record that is, if it is one and there is room for it."""
        if not key.startswith(KEY):
            return None
        host = canonical(key.removeprefix(KEY).decode("utf-8", "replace"))
        if host is not None and len(self._failing) >= MOST_HOSTS and host not in self._failing and host not in self._told:
            self._left_out = True
            return None
        return host

    def light_to_ask(self, key: bytes) -> Light | None:
        """The light that must be asked for, if the key is of one."""
        generation = generation_of(key)
        if generation is None:
            return None
        self.generation = max(self.generation or generation, generation)
        if generation < max(self.generation, self._known or generation) or self._asked >= MOST_LIGHTS:
            return None
        light = light_of(key)
        self._asked += light is not None
        return light

    def hear_days(self, host: str, replies: list[Reply]) -> None:
        """The answer to what was asked of its record."""
        match replies:
            case [[bytes() as cursor, [*members]]] if (found := failing(members, whole=cursor == b"0")) is not None:
                self._failing[host] = found
            case _:
                # It is gone since, or holds something else.
                pass

    def hear_light(self, light: Light, replies: list[Reply], wall: int) -> None:
        """The answers to what was asked of it."""
        if is_red(light, replies, wall=wall):
            self._red.setdefault(light.generation, {})[light.name] = light.host

    @property
    def trouble(self) -> str:
        """Why not all lights are known."""
        if self.generation is Generation.HASHED:
            return "the circuits of deliveries can't be read: stoplight 6 and later hide whose they are"
        if self._asked >= MOST_LIGHTS:
            return f"there are more circuits of deliveries than the {MOST_LIGHTS} that are looked at"
        if self._left_out:
            return f"deliveries fail to more servers than the {MOST_HOSTS} that are looked at"
        return ""

    def weights(self, wall: int) -> dict[str, float]:
        """Who failed last comes first, and of those the ones that have for longer."""
        found = {host: (one.last or 0) / _DAY + min(one.days, 50) / 100 for host, one in self._failing.items()}
        return found | {host: wall / _DAY for host in self.lit if host not in found}

    def readings(self, host: str, circuits: int, offset: int) -> dict[str, Any]:
        """All that was found of that host, by slot; `circuits` are its lights that are red, `offset` is what UTC is ahead of engine time."""
        one = self._failing.get(host)
        readings: dict[str, Any] = {}
        # Whoever was not looked at is not known to be well.
        if one is not None or not self._left_out or host in self._told:
            readings["failing_days"] = 0 if one is None else one.days
        if one is not None and one.first is not None:
            readings["failing_at"] = one.first - offset
        if self.generation is not Generation.HASHED and (circuits or self._asked < MOST_LIGHTS):
            readings["circuits"] = circuits
        return readings

    @property
    def lit(self) -> Counter[str]:
        """How many lights are red, by host."""
        return Counter(self._red.get(self.generation, {}).values() if self.generation is not None else ())


def _answers(replies: list[Reply], where: str) -> list[Reply]:
    """These; raises what an error among them means for the source, but for that of a key that holds something else: what may not be read is not empty."""
    for reply in replies:
        if isinstance(reply, ServerError) and not is_wrong_type(reply):
            raise from_reply(reply, where)
    return replies


def _then(hear: Callable[[str, list[Reply]], None], host: str) -> Callable[[list[Reply]], None]:
    return lambda replies: hear(host, replies)


def _then_light(look: _Look, light: Light, wall: int) -> Callable[[list[Reply]], None]:
    return lambda replies: look.hear_light(light, replies, wall)


def _ignore(_message: list[Reply]) -> None:
    """Nothing was asked for that would be pushed."""
