"""
Whether a message has arrived, where the answer was lost: looked for in the channel by its metadata, or by the name of its first block
where Slack shows no metadata.

For that the app needs a scope that it may not have been given; then nobody can tell.
"""

from collections.abc import Iterator
from typing import Any, Final

from watchdog.receivers.slack.api import SCOPES, Api
from watchdog.receivers.slack.refusals import SaidNoError

READING: Final = SCOPES["conversations.history"]
"""Scopes without which nothing can be looked for."""
_EARLIER: Final = 10 * 60 * 1000
"""Slack's clock and ours may differ by that (milliseconds)."""
_PAGES: Final = 5
_BUSY: Final = frozenset({"ratelimited", "rate_limited"})


class Looking:
    """In one channel. `sees` says whether Slack let us look the last time; None before."""

    def __init__(self, api: Api, token: str, channel: str) -> None:
        self._api = api
        self._token = token
        self._channel = channel
        self.sees: bool | None = None

    async def find(self, key: str, *, since: int, thread: str) -> str | None:
        """
        The message (in that thread, if one is named) with that key; empty if it is not there; None if nobody can tell.

        Raises `SaidNoError` only where Slack is busy, `TryAgainError`.
        """
        method = "conversations.replies" if thread else "conversations.history"
        where: dict[str, Any] = {"ts": thread} if thread else {}
        cursor = ""
        for _ in range(_PAGES):
            try:
                answer = await self._api.call(
                    method, self._token, channel=self._channel, oldest=f"{(since - _EARLIER) / 1000:.6f}", limit=200,
                    include_all_metadata=True, **where, **({"cursor": cursor} if cursor else {}),
                )  # fmt: skip
            except SaidNoError as said:
                if said.code in _BUSY:
                    raise
                self.sees = False
                return None
            self.sees = True
            for message in answer.get("messages") or ():
                if key in _keys(message):
                    return str(message.get("ts", ""))
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return ""
        return None


def _keys(message: Any) -> Iterator[object]:
    match message:
        case {"metadata": {"event_payload": {"id": id_}}}:
            yield id_
    match message:
        case {"blocks": [{"block_id": name}, *_]}:
            yield name
