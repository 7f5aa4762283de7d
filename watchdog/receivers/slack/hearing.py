"""A channel where people can answer, too: they press buttons or say `/watchdog …`, and what they did is brought to the desk."""

import asyncio
import logging
from typing import Any, Final

from watchdog.receivers.hearing import Desk, Posted, Said
from watchdog.receivers.message.mrkdwn import quoted
from watchdog.receivers.receiver import TryAgainError
from watchdog.receivers.slack.api import Api, Web
from watchdog.receivers.slack.blocks import ACKNOWLEDGE, TEXT, cut
from watchdog.receivers.slack.channel import SlackChannel
from watchdog.receivers.slack.envelopes import Deed, Frame, deed_of
from watchdog.receivers.slack.refusals import SaidNoError, failure
from watchdog.receivers.slack.sockets import Sockets
from watchdog.store.failures import StoreError

_AT_ONCE: Final = 256
"""So many deeds can wait for the desk; who presses a button beyond that has to do it again."""
_log: Final = logging.getLogger(__name__)


class SlackConversation(SlackChannel):
    """
    The same, with ears: `app_token` opens the connection. `trouble` says why nothing can be heard just now, and is empty if something can.

    `neighbours` are those of this agent by the same app: Slack gives what is done in one of their channels to any of their connections.
    """

    def __init__(self, *, api: Api, web: Web, app_token: str, **channel: Any) -> None:
        super().__init__(api=api, web=web, with_buttons=True, **channel)
        self.app_token = app_token
        self._waiting: asyncio.Queue[Deed] = asyncio.Queue(_AT_ONCE)
        self._desk: Desk | None = None
        self.neighbours: tuple[SlackConversation, ...] = ()
        self.trouble = "not connected yet"

    async def look(self) -> str:
        """Who both tokens belong to; opens no connection. Raises `TryAgainError`."""
        found = await super().look()
        try:
            await self._api.call("apps.connections.open", self.app_token)
        except SaidNoError as said:
            error = failure(said)
            raise type(error)(f"nobody can answer: {error.reason}") from None
        return f"{found}; people can answer"

    async def listen(self, desk: Desk) -> None:
        """For ever; connects anew by itself."""
        sockets = Sockets(
            api=self._api, web=self._web, app_token=self.app_token, others=len(self.neighbours), take=self._take, state=self._say
        )
        self._desk = desk
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(sockets.run(), name="connections to Slack")
                group.create_task(self._bring(desk), name="what people do in Slack")
        finally:
            self._desk = None

    async def knows(self, deed: Deed) -> tuple[Desk, Posted] | None:
        """The desk, and the message of this channel that it was done to; None if that is none of ours. Raises `StoreError`."""
        if self._desk is None or not deed.ref or deed.channel != self._channel:
            return None
        about = await self._desk.about(deed.ref)
        return None if about is None else (self._desk, about)

    def _take(self, frame: Frame) -> None:
        deed = deed_of(frame)
        if deed is None:
            return
        try:
            self._waiting.put_nowait(deed)
        except asyncio.QueueFull:
            _log.error("Too much was said in Slack at once: what %s did is not heard", quoted(deed.by)[:40])

    async def _bring(self, desk: Desk) -> None:
        while True:
            deed = await self._waiting.get()
            try:
                answer = await self._told(desk, deed)
            except StoreError as error:
                _log.warning("What was said in Slack can't be written down: %s", error)
                answer = "That can't be written down just now; say it again in a minute."
            if answer:
                await self._answer(deed, answer)

    async def _told(self, desk: Desk, deed: Deed) -> str:
        about: Posted | None = None
        for one in (self, *self.neighbours):
            if (known := await one.knows(deed)) is not None:
                desk, about = known
                break
        if about is None and deed.text == ACKNOWLEDGE:
            # Another agent's message, or one that is long over.
            return ""
        return await desk.tell(Said(id=deed.id, by=deed.by, text=deed.text, asked=deed.at or self.now(), about=about))

    async def _answer(self, deed: Deed, answer: str) -> None:
        """To that person alone; what has come of it everybody sees by the message."""
        if not self._api.is_ours(deed.answer_to):
            return
        body = {"response_type": "ephemeral", "replace_original": False, "text": cut(quoted(answer), TEXT)}
        try:
            status, *_ = await self._web.post(deed.answer_to, body)
        except TryAgainError as error:
            _log.info("An answer in Slack did not arrive: %s", error.reason)
        else:
            if status != 200:
                _log.info("An answer in Slack was not taken: %d", status)

    def _say(self, trouble: str) -> None:
        if trouble == self.trouble:
            return
        if trouble:
            _log.warning("Nobody can answer by Slack: %s", trouble)
        else:
            _log.info("People can answer by Slack")
        self.trouble = trouble
