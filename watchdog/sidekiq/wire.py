"""
One connection to Redis on which requests, replies and pushed messages share a line.

The counterpart of `redis.asyncio`, which serves everything that asks and waits: a follower must hear
what Redis pushes at any moment, keep many questions under way, and know exactly what failed. Replies
are parsed by hiredis. It knows nothing of Sidekiq.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import hiredis

from watchdog.sidekiq.address import Address
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError, from_exception, from_reply, unavailable

Command = tuple[bytes | str | int, ...]
"""One command with its arguments."""
Reply = Any
"""Whatever the server answered: bytes, int, float, bool, None, list, dict, or a `ServerError`."""

ANSWER_WITHIN: Final = 3.0
"""Seconds after which a server that says nothing counts as lost."""
_NOT_ENOUGH: Final = object()


class Request:
    """Commands under way, and the replies that have come so far."""

    __slots__ = ("done", "replies", "wanted")

    def __init__(self, wanted: int, done: "asyncio.Future[list[Reply]]") -> None:
        self.wanted = wanted
        self.done = done
        self.replies: list[Reply] = []


class Wire(asyncio.Protocol):
    """
    An open connection. `ended` is done with the reason when it is no longer of use.

    `on_push` gets each pushed message as a list, while it is being read: it must be quick and must not raise.
    `speaks_resp3` is set by whoever has greeted the server: without RESP3 nothing is ever pushed.
    """

    def __init__(self, where: str, on_push: Callable[[list[Reply]], None], *, answer_within: float) -> None:
        self.where = where
        self.speaks_resp3 = False
        self.ended: asyncio.Future[SourceUnavailableError] = asyncio.get_running_loop().create_future()
        self.commands = 0
        self.round_trips = 0
        self.pushes = 0
        self._on_push = on_push
        self._answer_within = answer_within
        self._reader = hiredis.Reader(replyError=ServerError, notEnoughData=_NOT_ENOUGH)
        self._under_way: deque[Request] = deque()
        self._transport: asyncio.WriteTransport | None = None  # None only until `connection_made`

    async def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """
        Send commands in one go and wait for all their replies, which come in the same order.

        Error replies stand among them as `ServerError`. Raises `SourceUnavailableError` if the connection
        has ended or no answer comes in time; a connection that was too slow is left as it is.
        """
        if self.ended.done():
            failed = self.ended.result()
            raise SourceUnavailableError(failed.code, failed.message)
        request = Request(len(commands), asyncio.get_running_loop().create_future())
        self._under_way.append(request)
        self.commands += len(commands)
        self.round_trips += 1
        self._write(b"".join(map(_pack, commands)))
        try:
            async with asyncio.timeout(self._answer_within):
                return await request.done
        except TimeoutError:
            raise unavailable("timeout", self.where) from None

    def close(self) -> None:
        """End the connection; whoever still waits is told."""
        self._end(unavailable("reset", self.where))

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Take in what has come, and hand out every reply and push that is complete."""
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _NOT_ENOUGH:
                self._hand_out(reply)
        except (hiredis.HiredisError, TypeError, UnicodeDecodeError):
            # TypeError: a map whose keys can't be keys; no Redis sends one.
            self._end(unavailable("protocol", self.where))

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side, or the network, has ended it."""
        self._end(unavailable("reset", self.where) if exc is None else from_exception(exc, self.where))

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _hand_out(self, reply: Reply) -> None:
        if isinstance(reply, hiredis.PushNotification):
            self.pushes += 1
            self._on_push(reply)
            return
        if not self._under_way:
            # A server that refuses a connection says so before it was asked anything.
            self._end(_unasked(reply, self.where))
            return
        request = self._under_way[0]
        request.replies.append(reply)
        if len(request.replies) == request.wanted:
            self._under_way.popleft()
            if not request.done.done():
                request.done.set_result(request.replies)

    def _end(self, reason: SourceUnavailableError) -> None:
        if self.ended.done():
            return
        self.ended.set_result(reason)
        if self._transport is not None:
            self._transport.abort()
        while self._under_way:
            request = self._under_way.popleft()
            if not request.done.done():
                request.done.set_exception(SourceUnavailableError(reason.code, reason.message))


def _pack(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub means a tuple of any length
    return packed


def _unasked(reply: Reply, where: str) -> SourceUnavailableError:
    return from_reply(reply, where) if isinstance(reply, ServerError) else unavailable("protocol", where)


async def open_wire(address: Address, on_push: Callable[[list[Reply]], None], *, answer_within: float = ANSWER_WITHIN) -> Wire:
    """Connect, nothing more; raises `SourceUnavailableError`."""
    loop = asyncio.get_running_loop()

    def wire() -> Wire:
        return Wire(address.where, on_push, answer_within=answer_within)

    try:
        async with asyncio.timeout(answer_within):
            if address.path:
                _, made = await loop.create_unix_connection(wire, address.path)
            else:
                context: ssl.SSLContext | None = address.tls.context() if address.tls else None
                _, made = await loop.create_connection(wire, address.host, address.port, ssl=context)
    except (OSError, TimeoutError) as error:
        raise from_exception(error, address.where) from error
    return made
