"""A channel where people can answer, too: they press buttons or say `/watchdog …`, and what they did is brought to the desk."""

import asyncio
import logging
from typing import Any, Final

from watchdog.receivers.hearing import Desk, Said
from watchdog.receivers.message.mrkdwn import quoted
from watchdog.receivers.receiver import TryAgainError
from watchdog.receivers.slack.api import Api, Web
from watchdog.receivers.slack.blocks import ACKNOWLEDGE, TEXT, cut
from watchdog.receivers.slack.channel import SlackChannel
from watchdog.receivers.slack.envelopes import Deed, Frame, deed_of
from watchdog.receivers.slack.sockets import Sockets

_AT_ONCE: Final = 256
"""So many deeds can wait for the desk; who presses a button beyond that has to do it again."""
_log: Final = logging.getLogger(__name__)


class SlackConversation(SlackChannel):
    """The same, with ears: `app_token` opens the connection. `trouble` says why nothing can be heard just now, and is empty if something can."""

    def __init__(self, *, api: Api, web: Web, app_token: str, **channel: Any) -> None:
        super().__init__(api=api, web=web, with_buttons=True, **channel)
        self._app_token = app_token
        self._waiting: asyncio.Queue[Deed] = asyncio.Queue(_AT_ONCE)
        self.trouble = "not connected yet"

    async def listen(self, desk: Desk) -> None:
        """For ever; connects anew by itself."""
        sockets = Sockets(api=self._api, web=self._web, app_token=self._app_token, take=self._take, state=self._say)
        async with asyncio.TaskGroup() as group:
            group.create_task(sockets.run(), name="connections to Slack")
            group.create_task(self._bring(desk), name="what people do in Slack")

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
            about = await desk.about(deed.ref) if deed.ref else None
            if about is None and deed.text == ACKNOWLEDGE:
                # Another agent's message, or one that is long over.
                continue
            answer = await desk.tell(Said(id=deed.id, by=deed.by, text=deed.text, asked=deed.at or self.now(), about=about))
            if answer:
                await self._answer(deed, answer)

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
