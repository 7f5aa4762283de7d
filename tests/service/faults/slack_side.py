"""A channel of Slack (the strict stand-in), by an app that may look for what it has posted, by one that may not, and by an incoming webhook."""

import html
import json
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.service.faults.far_sides import Seen, missed_in
from tests.service.faults.hostile import refused
from tests.service.faults.rude import HTTP
from tests.service.slack_standin import ALL_SCOPES, BOT, CHANNEL, SlackStandIn


class SlackSide:
    """As `FarSide` says. `now` is the clock of the test, in milliseconds."""

    name = "slack"
    speech = HTTP
    is_program = False
    counts_missed = True
    never_twice = True
    scopes = ALL_SCOPES

    def __init__(self, now: Callable[[], int]) -> None:
        self.port = 0
        self._standin = _Recording(now, self.scopes)

    def settings(self, port: int, *, tls: bool, timeout: str) -> dict[str, Any]:
        """As the protocol says."""
        return {"token": BOT, "channel": CHANNEL, "api": f"http{'s' if tls else ''}://127.0.0.1:{port}/api", "timeout": timeout}

    async def seen(self) -> list[Seen]:
        """As the protocol says."""
        return list(self._standin.seen)

    async def harmful(self) -> list[str]:
        """As the protocol says: nobody is called, and what is left once it is read as Slack reads it is text."""
        found = [f"calls {call}" for call in self._standin.called]
        return found + [why for one in self._standin.seen for why in refused(html.unescape(one.text))]

    async def __aenter__(self) -> Self:
        await self._standin.up()
        self.port = int(self._standin.url.rpartition(":")[2])
        return self

    async def __aexit__(self, cls: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._standin.down()


class SlackWithoutHistorySide(SlackSide):
    """The same, but the app may not read the channel: it can't know whether a message has arrived whose answer was lost."""

    never_twice = False
    scopes = frozenset({"chat:write"})


class SlackWebhookSide(SlackSide):
    """By an incoming webhook, to which nothing is known again."""

    name = "slack_webhook"
    never_twice = False
    counts_missed = False

    def settings(self, port: int, *, tls: bool, timeout: str) -> dict[str, Any]:
        """As the protocol says."""
        return {"url": f"http{'s' if tls else ''}://127.0.0.1:{port}/services/T012/B012/topsecret", "timeout": timeout}


class _Recording(SlackStandIn):
    """Keeps what was posted and changed, in order. Its messages are of the time of the test; how close they are is looked at elsewhere."""

    def __init__(self, now: Callable[[], int], scopes: frozenset[str]) -> None:
        super().__init__(apart=0.0, scopes=scopes)
        self.seen: list[Seen] = []
        self._now = now

    def _keep(self, message: dict[str, Any]) -> None:
        super()._keep(message)
        # By a webhook no key comes along: what is the same is the same once more.
        payload = message.get("metadata", {}).get("event_payload", {})
        self._see(payload.get("id") or json.dumps([message["text"], message.get("blocks", [])]), message["ts"], message)

    def _update(self, its: dict[str, Any]) -> web.Response:
        answer = super()._update(its)
        if json.loads(answer.text or "{}").get("ok"):
            # A change that comes twice changes nothing.
            self._see(f"change {len(self.seen)}", str(its["ts"]), its)
        return answer

    def _ts(self) -> str:
        self._number += 1
        return f"{self._now() // 1000}.{self._number:06d}"

    def _see(self, key: str, place: str, message: dict[str, Any]) -> None:
        text = "\n".join((message["text"], *_strings(message.get("blocks") or [])))
        self.seen.append(Seen(key, place, text, self._now(), missed_in(text), "thread_ts" in message))


def _strings(value: object) -> Iterator[str]:
    match value:
        case {"text": str() as text}:
            yield text
        case dict():
            for one in value.values():
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)
