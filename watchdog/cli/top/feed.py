"""
What `top` knows of the agent, kept up to date: the event stream says what has changed, and what is looked at is then asked for once more.

Nothing here knows a terminal. An agent that can't be reached is tried again until it can, and what was last seen stays.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, final

import msgspec

from watchdog.cli.api import Api, NotThereError, RefusedError, UnansweredError, UnreachableError
from watchdog.errors import WatchdogError

PACE: Final = 0.5
"""Seconds between two questions for the same thing: whatever happens, each is asked for twice a second at most."""
TICKING: Final = 5.0
"""Seconds after which it is asked for though nothing has changed: ages and margins move by themselves."""
WAITS: Final = (0.5, 1.0, 2.0, 5.0)
"""Seconds before an agent that was lost is tried again; the last of them from then on."""
_RESET: Final = "reset"
_SECTIONS: Final = "sections"


class Question(msgspec.Struct, frozen=True):
    """What is asked for: a path with its query, the struct of the answer, and the sections of the stream that tell of its changes; `every` is after how many seconds it is asked for though nothing has changed, None for the usual."""

    path: str
    answer: Any
    tells: frozenset[str]
    query: Mapping[str, str | int] = {}
    every: float | None = None


@final
class Feed:
    """
    The answers to the questions of the moment, by name, in `seen`; `trouble` is why no agent is connected (empty while one is), `failed` why a question had no answer.

    `show` is called after each change.
    """

    def __init__(
        self,
        connect: Callable[[], Api],
        show: Callable[[], None],
        *,
        pace: float = PACE,
        ticking: float = TICKING,
        waits: tuple[float, ...] = WAITS,
    ) -> None:
        self.seen: dict[str, Any] = {}
        self.failed: dict[str, str] = {}
        self.trouble = "not connected yet"
        self._connect = connect
        self._show = show
        self._pace, self._ticking, self._waits = pace, ticking, waits
        self._wanted: dict[str, Question] = {}
        self._stale: set[str] = set()
        self._asked: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._last = ""
        self._tries = 0

    def want(self, questions: Mapping[str, Question]) -> None:
        """From now on these, and no others. What is asked for anew is asked at once; the answer to what is not asked for any more stays until it is."""
        for name, question in questions.items():
            if self._wanted.get(name) != question:
                self._asked.pop(name, None)
                self._stale.add(name)
        self._wanted = dict(questions)
        self._changed.set()

    def again(self) -> None:
        """Ask for everything anew, as after something that a person has said."""
        self._stale.update(self._wanted)
        self._changed.set()

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                async with self._connect() as api:
                    await _first(self._listen(api), self._ask(api))
            except WatchdogError as error:  # also a config with a mistake in it: it is read again for each connection
                self.trouble = str(error).partition("\n")[0]
            self._show()
            await asyncio.sleep(self._waits[min(self._tries, len(self._waits) - 1)])
            self._tries += 1

    async def _listen(self, api: Api) -> None:
        async for one in api.events(self._last):
            self._last = one.id or self._last
            if one.event == _SECTIONS:
                self._mark(_named(one.data))
            elif one.event == _RESET:
                self._stale.update(self._wanted)
                self._changed.set()
        raise UnreachableError("the agent has closed the connection; it ends, or this reader was too slow")

    def _mark(self, sections: frozenset[str] | None) -> None:
        self._stale.update(name for name, question in self._wanted.items() if sections is None or question.tells & sections)
        self._changed.set()

    async def _ask(self, api: Api) -> None:
        self._stale.update(self._wanted)
        loop = asyncio.get_running_loop()
        while True:
            for name, question in [one for one in self._wanted.items() if self._due(*one) <= loop.time()]:
                self._stale.discard(name)
                self._asked[name] = loop.time()
                await self._fetch(api, name, question)
                if self.trouble:
                    self.trouble, self._tries = "", 0
                self._show()
            self._changed.clear()
            wait = self._until_next(loop.time())
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _fetch(self, api: Api, name: str, question: Question) -> None:
        try:
            answer = await api.get(question.path, question.answer, **question.query)
        except (NotThereError, UnansweredError, RefusedError) as error:
            self.failed[name] = str(error)
            return
        # Meanwhile something else may be wanted under that name.
        if self._wanted.get(name) == question:
            self.failed.pop(name, None)
            self.seen[name] = answer

    def _due(self, name: str, question: Question) -> float:
        """When it is to be asked for."""
        after = self._pace if name in self._stale else self._ticking if question.every is None else question.every
        return self._asked.get(name, float("-inf")) + after

    def _until_next(self, now: float) -> float:
        return max(0.0, min((self._due(*one) for one in self._wanted.items()), default=now + self._ticking) - now)


async def _first(*works: Coroutine[Any, Any, None]) -> None:
    """Do all of it until one ends, or fails: that is raised. Unlike a group of tasks it never takes an error of one for the cancelling of all."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def _named(data: bytes) -> frozenset[str] | None:
    """The sections that an event names, be it as a list or as the keys of versions; None where it can't be understood, which is all of them."""
    try:
        said = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if isinstance(said, dict) and isinstance(said.get("sections"), dict | list):
        said = said["sections"]
    return frozenset(map(str, said)) if isinstance(said, dict | list) else None
