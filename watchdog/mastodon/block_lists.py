"""
Asking each watched host once a day whether it publishes that it blocks us: the source PEERS.

One after the other and never two at a time; what came of it is kept, so that a restart asks nobody again. That a host can't be asked is no loss of the source: it is not known of that host.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from watchdog.clock import Clock
from watchdog.mastodon.asking_peers import NotPublishedError, PeerAsker, PeerError
from watchdog.mastodon.peer_answers import BrokenAnswersError, PeerAnswers, Said, decode
from watchdog.mastodon.published_blocks import StrangeListError, Us, names_of
from watchdog.mastodon.watched_hosts import Kept, Memory, Tell, Teller, of_all
from watchdog.model.events import Body
from watchdog.model.kinds import Source
from watchdog.rulefile.mastodon import MastodonSettings

LOG: Final = logging.getLogger("watchdog")
FIRST: Final = 20.0
"""Seconds after the start, or after other settings, until anybody is asked: whoever tries a config a few times must not be a nuisance."""
APART: Final = 10.0
"""Seconds between two hosts."""
LOOK: Final = 60.0
"""Seconds between two looks at what is due, and at answers that have become too old."""
FILE: Final = "mastodon-peers"
Ask = Callable[[str], Awaitable[bytes]]
"""The list of a host; raises `PeerError`."""


class BlockLists:
    """Emits `Observed`. `asker` makes what asks in the name of a domain; `chance` gives numbers between 0 and 1."""

    def __init__(
        self,
        settings: MastodonSettings | None,
        *,
        clock: Clock,
        emit: Callable[[Body], None],
        tell: Tell,
        kept: Kept,
        asker: Callable[[str], Ask] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._teller = Teller(Source.PEERS, tell=tell, emit=emit)
        self._memory = Memory(kept, "the answers of watched hosts")
        self._asker = asker or _asker
        self._chance = chance
        self._changed = asyncio.Event()
        self._said: dict[str, str] = {}

    def mean(self, settings: MastodonSettings | None) -> None:
        """From now on these are in force."""
        if settings != self._settings:
            self._settings = settings
            self._changed.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            self._changed.clear()
            if self._settings is None or not self._settings.watch:
                self._teller.say({})
                await self._changed.wait()
            else:
                await self._follow(self._settings)

    async def _follow(self, settings: MastodonSettings) -> None:
        """As long as these are meant."""
        names = names_of(settings.domain, urlsplit(settings.url).hostname or "")
        us, answers, ask = Us(names), await self._remembered(names), self._asker(settings.domain)
        self._tell(settings, answers, complete=True)
        pause = FIRST
        while not await self._wait(pause):
            wall = self._clock.wall()
            due = [host for host in settings.watch if not answers.due(host, wall=wall)]
            if due:
                await self._ask(due[0], ask, us, answers)
                await self._memory.write(answers.encode())
            self._tell(settings, answers)
            pause = APART if len(due) > 1 else LOOK

    async def _ask(self, host: str, ask: Ask, us: Us, answers: PeerAnswers) -> None:
        said: Said
        try:
            said = us.blocked_by(await ask(host))
        except NotPublishedError:
            said = "nothing"
        except (PeerError, StrangeListError) as error:
            answers.failed(host, wall=self._clock.wall(), chance=self._chance())
            self._note(host, f"whom it blocks could not be found out: {error}")
            return
        answers.found(host, said, wall=self._clock.wall(), chance=self._chance())
        self._note(host, _WORDS[said])

    def _note(self, host: str, words: str) -> None:
        # Once for each change: it is asked every day.
        if self._said.get(host) != words:
            self._said[host] = words
            LOG.info("%s: %s", host, words)

    def _tell(self, settings: MastodonSettings, answers: PeerAnswers, *, complete: bool = False) -> None:
        wall = self._clock.wall()
        self._teller.say(of_all(settings.watch, lambda host: answers.readings(host, wall=wall)), complete=complete)

    async def _remembered(self, names: tuple[str, ...]) -> PeerAnswers:
        data = await self._memory.read()
        if data is not None:
            try:
                return decode(data, names)
            except BrokenAnswersError as error:
                self._memory.complain(str(error))
        return PeerAnswers(names)

    async def _wait(self, seconds: float) -> bool:
        """Whether other settings came meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        return self._changed.is_set()


_WORDS: Final[dict[Said, str]] = {
    "": "it publishes whom it blocks, and we are not among them",
    "silence": "it publishes that it limits us",
    "suspend": "it publishes that it suspends us",
    "nothing": "it does not publish whom it blocks",
}


def _asker(domain: str) -> Ask:
    return PeerAsker(domain).blocks_of
