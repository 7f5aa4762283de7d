"""An incoming webhook of Slack: it takes messages, and nothing can be done with them afterwards. Its address is its secret."""

from http import HTTPStatus
from typing import Final

from watchdog.model.notices import Severity
from watchdog.receivers.message.words import message_of
from watchdog.receivers.receiver import Dispatch, Remember
from watchdog.receivers.slack import blocks
from watchdog.receivers.slack.api import Web, judge
from watchdog.receivers.slack.blocks import Post
from watchdog.receivers.slack.refusals import UNREADABLE, SaidNoError, failure

_CODES: Final = 80


class IncomingWebhook:
    """One message for each dispatch: the group as it stands. Sent again, it is a second message."""

    def __init__(self, url: str, *, web: Web, mention: str) -> None:
        self._url = url
        self._web = web
        self._mention = mention

    async def send(self, dispatch: Dispatch, remember: Remember) -> str:  # noqa: ARG002  (nothing that comes of it could be used again)
        """Returns once Slack has said `ok`; raises `TryAgainError`."""
        message = message_of(dispatch.card, missed=dispatch.missed)
        calling = message.severity is Severity.CRITICAL and not message.is_over
        post = blocks.card(message, mention=self._mention if calling else "", with_buttons=False)
        try:
            try:
                await self._post(post)
            except SaidNoError as said:
                if said.code not in UNREADABLE:
                    raise
                await self._post(Post(post.text))
        except SaidNoError as said:
            raise failure(said) from None
        return "ok"

    async def close(self) -> None:
        """Lets go of connections."""
        await self._web.close()

    async def _post(self, post: Post) -> None:
        body = {"text": post.text, "unfurl_links": False, "unfurl_media": False, **({"blocks": post.blocks} if post.blocks else {})}
        status, answer, after, _ = await self._web.post(self._url, body)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise SaidNoError("ratelimited", after)
        if 400 <= status < 500 and 0 < len(answer) <= _CODES and answer.replace(b"_", b"").isalnum():
            raise SaidNoError(answer.decode("ascii"), after)
        judge(status, after)
