"""
The webhook: one POST of JSON, signed after Standard Webhooks.

The counterpart is any HTTP server. An answer is its status and `Retry-After`; its body is nobody's business and is not
read, however long it is. Redirects are not followed: a signed message goes where the operator sent it and nowhere else.
Addresses can hold tokens, so they are never shown.
"""

from typing import Final

import aiohttp

from watchdog.clock import Clock
from watchdog.model.cards import Card
from watchdog.model.notices import Notice
from watchdog.model.runbook import brief
from watchdog.receivers.http import failed, judge, named, open_session
from watchdog.receivers.receiver import Dispatch, Remember, TryAgainError
from watchdog.receivers.signing import key_of, signature
from watchdog.receivers.waits import retry_after
from watchdog.store.encoding import encode
from watchdog.store.moments import rfc3339

_LAST: Final = "last"
"""The name under which the last notice that has arrived is remembered."""


class Webhook:
    """A receiver that is posted to. `timeout` is for one attempt as a whole, in milliseconds; without `secret` nothing is signed."""

    def __init__(self, url: str, *, secret: str | None, timeout: int, clock: Clock) -> None:
        self._url = url
        self._key = None if secret is None else key_of(secret)
        self._timeout = timeout
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def send(self, dispatch: Dispatch, remember: Remember, /) -> str:
        """
        Posts its notices, oldest first, and goes on behind the last that has arrived. Returns once the server has answered 2xx to all of them; raises `TryAgainError` for everything else.

        What was left out between two dispatches is said with the first, and all that goes on by then with the last.
        """
        ids = [notice.id for notice in dispatch.notices]
        begin = ids.index(dispatch.posted[_LAST]) + 1 if dispatch.posted.get(_LAST) in ids else 0
        answer = "nothing was left to post"
        for number, notice in enumerate(dispatch.notices[begin:], start=begin):
            try:
                goes_on = _goes_on(dispatch.card) if dispatch.missed and number == len(ids) - 1 else ()
                answer = await self._post(body_of(notice, missed=0 if number else dispatch.missed, goes_on=goes_on), notice.id)
            except TryAgainError as error:
                # What has come before this one has arrived, and so has a part of the dispatch.
                raise (error if not number else _touched(error)) from None
            if number < len(ids) - 1:
                await remember({_LAST: notice.id})
        return answer

    async def close(self) -> None:
        """Closes what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, body: bytes, id_: str) -> str:
        if self._session is None:
            self._session = open_session(self._timeout)
        try:
            async with self._session.post(self._url, data=body, headers=self._headers(id_, body), allow_redirects=False) as response:
                status, wish = response.status, response.headers.get("Retry-After")
        except (aiohttp.ClientError, OSError) as error:
            # The errors of aiohttp repeat the address; what we raise does not, nor does it carry them along.
            raise failed(error, timeout=self._timeout) from None
        judge(status, retry_after(wish, wall=self._clock.wall()))
        return f"answered {named(status)}"

    def _headers(self, id_: str, body: bytes) -> dict[str, str]:
        timestamp = self._clock.wall() // 1000
        headers = {
            "content-type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": str(timestamp),
        }
        if self._key is not None:
            headers["webhook-signature"] = signature(self._key, id_=id_, timestamp=timestamp, body=body)
        return headers


def body_of(notice: Notice, *, missed: int = 0, goes_on: tuple[str, ...] = ()) -> bytes:
    """
    The body: `type` is the kind of the notice, `timestamp` when it happened; `data` has always the same keys.

    `missed` is how many notices before this one are not told by themselves, because they had to wait for too long, or were too many; `goes_on` is then a line for each alert of
    the group that goes on.
    """
    return encode(
        {
            "type": notice.kind.value,
            "timestamp": rfc3339(notice.at),
            "data": {
                "id": notice.id,
                "thread": notice.thread,
                "severity": notice.severity.value,
                "title": notice.title,
                "rule": notice.rule,
                "entity": notice.entity,
                "target": notice.target,
                "decision": notice.decision,
                "guard": notice.guard,
                "reason": notice.reason,
                "action": notice.action,
                "stage": notice.stage,
                "outcome": notice.outcome,
                "approval": notice.approval,
                "group": notice.group or notice.thread,
                "since": rfc3339(notice.since) if notice.since else "",
                "host": notice.host,
                "condition": notice.condition,
                "seen": notice.seen,
                "plan": notice.plan,
                "next": notice.next,
                "jobs": notice.jobs,
                "by": notice.by,
                "runbook": brief(notice.runbook),
                "page": notice.page,
                "labels": notice.labels,
                "missed": missed,
                "goes_on": goes_on,
            },
        }
    )


def _touched(error: TryAgainError) -> TryAgainError:
    return type(error)(error.reason, error.after)


def _goes_on(card: Card) -> tuple[str, ...]:
    lines = tuple(f"{entry.severity} {entry.title}" for entry in card.entries if entry.over is None)
    return (*lines, f"and {card.more} more") if card.more else lines
