"""
Socket Mode: a connection that this side opens, by which Slack hands over what people do.

Each envelope is acknowledged before anything is done with it, for Slack waits three seconds. Slack asks for a new connection every few hours; the next one is opened before the old one goes,
and nothing is missed in between. One that breaks is opened anew, ever more slowly as long as that does not succeed.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import aiohttp

from watchdog.receivers.receiver import TryAgainError
from watchdog.receivers.slack import envelopes
from watchdog.receivers.slack.api import Api, Web
from watchdog.receivers.slack.envelopes import Frame
from watchdog.receivers.slack.refusals import SaidNoError, failure
from watchdog.receivers.waits import next_wait
from watchdog.store.encoding import encode

_HEARTBEAT_S: Final = 30.0
_GREETING_S: Final = 10.0
_LEFT_S: Final = 60.0
"""How long a connection that Slack is about to close is still listened to."""
_SOUND_S: Final = 60.0
"""A connection that held for so long was a good one."""
_BRIEF_S: Final = 10.0
_BRIEF_ONES: Final = 3
"""So many connections that were taken back sooner than that are thought nothing of."""
_LONGEST: Final = 1024 * 1024
_BROKE: Final = "the connection broke"
_RENEWED: Final = frozenset({"warning", "refresh_requested"})
_log: Final = logging.getLogger(__name__)


class Sockets:
    """`take` is given every envelope, once it is acknowledged, and must return at once; `state` why nothing can be heard, empty once something can. `others` of this agent are connected as the same app."""

    def __init__(
        self, *, api: Api, web: Web, app_token: str, take: Callable[[Frame], None], state: Callable[[str], None], others: int = 0
    ) -> None:
        self._api = api
        self._web = web
        self._app_token = app_token
        self._take = take
        self._state = state
        self._others = others
        self._open = 0

    async def run(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        failed = brief = 0
        async with asyncio.TaskGroup() as group:
            while True:
                begun = loop.time()
                try:
                    socket = await self._connect()
                    self._state("")
                    ending: asyncio.Future[str] = loop.create_future()
                    group.create_task(self._serve(socket, ending), name="one connection to Slack")
                    reason = await ending
                    error = _what_to_do(reason)
                except SaidNoError as said:
                    error = failure(said)
                except TryAgainError as broken:
                    error = broken
                if error is None:
                    failed, brief = 0, brief + 1 if loop.time() - begun < _BRIEF_S else 0
                    if brief <= _BRIEF_ONES:
                        continue
                    failed, error = brief - _BRIEF_ONES - 1, TryAgainError("Slack takes back each connection at once")
                failed = 1 if loop.time() - begun > _SOUND_S else failed + 1
                # Connections break; that is worth a word only where the next one does not come about.
                if failed > 1 or error.reason != _BROKE:
                    self._state(error.reason)
                await asyncio.sleep(next_wait(error, attempts=failed) / 1000)

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        """A connection that has been greeted. Raises `SaidNoError`, `TryAgainError`."""
        answer = await self._api.call("apps.connections.open", self._app_token)
        url = str(answer.get("url", ""))
        if not self._api.is_ours(url):
            raise TryAgainError("Slack named no address to connect to")
        try:
            socket = await self._web.session.ws_connect(
                url,
                heartbeat=_HEARTBEAT_S,
                max_msg_size=_LONGEST,
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # The address has a ticket in it.
            raise TryAgainError(f"no connection for answers came about ({type(error).__name__})") from None
        try:
            async with asyncio.timeout(_GREETING_S):
                message = await socket.receive()
        except TimeoutError:
            await socket.close()
            raise TryAgainError("Slack opened a connection and said nothing") from None
        frame = _frame(message)
        if frame is None or frame.type != "hello":
            await socket.close()
            if frame is not None and frame.type == "disconnect":
                raise SaidNoError(frame.reason or "disconnect")
            raise TryAgainError("Slack opened a connection and closed it")
        self._open += 1
        unknown = frame.num_connections - self._open - 2 * self._others
        if unknown > 0:
            _log.warning(
                "%d others are connected as the same Slack app: if it is not an agent that has just ended, each needs an app of its own, for Slack gives a press of a button to only one",
                unknown,
            )
        return socket

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse, ending: asyncio.Future[str]) -> None:
        try:
            reason = await self._listen(socket)
            if not ending.done():
                ending.set_result(reason)
            # Until it goes, it may still bring something.
            try:
                async with asyncio.timeout(_LEFT_S):
                    while reason in _RENEWED and not socket.closed:
                        await self._listen(socket)
            except TimeoutError:
                _log.debug("A connection to Slack that was to go is closed from here")
        finally:
            self._open -= 1
            if not ending.done():
                ending.cancel()
            await socket.close()

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        """Until it is to end; returns why."""
        while True:
            message = await socket.receive()
            if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}:
                return _BROKE
            frame = _frame(message)
            if frame is None:
                continue
            if frame.type == "disconnect":
                return frame.reason or "warning"
            if not frame.envelope_id:
                continue
            try:
                await socket.send_str(encode({"envelope_id": frame.envelope_id}).decode())
            except (aiohttp.ClientError, OSError):
                # Slack will say that it was not taken; whoever did it sees that, and does it again.
                return _BROKE
            self._take(frame)


def _frame(message: aiohttp.WSMessage) -> Frame | None:
    return envelopes.read(message.data) if message.type is aiohttp.WSMsgType.TEXT else None


def _what_to_do(reason: str) -> TryAgainError | None:
    """None where the next connection is to be opened at once."""
    if reason in _RENEWED:
        return None
    return TryAgainError(reason) if reason == _BROKE else failure(SaidNoError(reason))
