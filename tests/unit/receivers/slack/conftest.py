"""A strict stand-in for Slack, a channel on it, and dispatches to send there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from tests.service.slack_standin import APP, BOT, CHANNEL, SlackStandIn
from watchdog.model.cards import Card, Entry, Standing
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.hearing import Posted, Said
from watchdog.receivers.receiver import Dispatch
from watchdog.receivers.slack.api import Api, Web
from watchdog.receivers.slack.channel import SlackChannel
from watchdog.receivers.slack.hearing import SlackConversation


class Memory:
    """What is remembered of a group, as the outbox does; `fails` is raised instead at the next time."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}
        self.fails: Exception | None = None

    async def remember(self, lines: Mapping[str, str]) -> None:
        if self.fails is not None:
            raise self.fails
        self.lines = {name: value for name, value in {**self.lines, **lines}.items() if value}


class Counter:
    """A desk that keeps what it is told and answers `answer`, after `open` is set."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[Said] = asyncio.Queue()
        self.known: dict[str, Posted] = {}
        self.answer = "approved by ada"
        self.open = asyncio.Event()
        self.open.set()

    async def about(self, ref: str) -> Posted | None:
        return self.known.get(ref)

    async def tell(self, said: Said) -> str:
        await self.open.wait()
        self.said.put_nowait(said)
        return self.answer

    async def kept(self, name: str) -> str:
        return ""

    async def keep(self, name: str, value: str) -> None:
        raise AssertionError("Slack remembers nothing between connections")


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    """A Slack that takes messages as fast as they come."""
    async with SlackStandIn(apart=0) as server:
        yield server


@pytest.fixture
async def channel(slack, clock) -> AsyncIterator[SlackChannel]:
    """A channel that is told by an app, and where nobody can answer."""
    web = Web(timeout=30_000, clock=clock)
    receiver = SlackChannel(
        api=Api(slack.api, web), web=web, token=BOT, channel=CHANNEL, mention="here", with_buttons=False, clock=clock, apart=0
    )
    yield receiver
    await receiver.close()


@pytest.fixture
async def conversation(slack, clock) -> AsyncIterator[SlackConversation]:
    """A channel where people can answer."""
    web = Web(timeout=30_000, clock=clock)
    receiver = SlackConversation(
        api=Api(slack.api, web), web=web, app_token=APP, token=BOT, channel=CHANNEL, mention="", clock=clock, apart=0
    )
    yield receiver
    await receiver.close()


@pytest.fixture
def memory() -> Memory:
    """Empty."""
    return Memory()


@pytest.fixture
def desk() -> Counter:
    """Open."""
    return Counter()


@pytest.fixture
def entry() -> Callable[..., Entry]:
    """One alert on a card."""

    def make(thread: str = "a1", **fields: Any) -> Entry:
        its: dict[str, Any] = {
            "standing": Standing.FIRING,
            "severity": Severity.CRITICAL,
            "title": f"job stuck on {thread}",
            "first": 1,
            "last": 1,
            "rule": "stuck",
        }
        return Entry(thread=thread, **(its | fields))

    return make


@pytest.fixture
def dispatch() -> Callable[..., Dispatch]:
    """A dispatch of these entries, with a notice of each by default."""

    def make(id_: str, *entries: Entry, notices: tuple[Notice, ...] | None = None, **fields: Any) -> Dispatch:
        if notices is None:
            notices = tuple(turn(f"{id_}-{one.thread}", one.thread, NoticeKind.FIRING) for one in entries)
        its: dict[str, Any] = {"card": Card(group="g1", entries=entries, told=len(entries))}
        return Dispatch(id=id_, group="g1", notices=notices, **(its | fields))

    return make


def turn(id_: str, thread: str, kind: NoticeKind = NoticeKind.STAGE, **fields: Any) -> Notice:
    """One turn of a story."""
    its: dict[str, Any] = {"severity": Severity.CRITICAL, "at": 1_699_999_999_123, "title": f"title of {id_}"}
    return Notice(id=id_, thread=thread, kind=kind, **(its | fields))
