"""
One connection to the system bus: calls that end, signals, and its loss.

The only module that knows the library, which is imported when the first connection is made: where there is no systemd nobody pays for it.
Nothing here knows a unit.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from watchdog.host.systemd.failures import CallError, SystemdUnavailableError, meant_by

SYSTEMD: Final = "org.freedesktop.systemd1"
DBUS: Final = "org.freedesktop.DBus"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
ANSWER_WITHIN: Final = 25.0
"""Seconds that systemd may take for an answer, as long as D-Bus itself gives: while it reads its files anew it answers nothing."""


class Heard(NamedTuple):
    """One signal."""

    path: str
    interface: str
    member: str
    body: list[Any]


class Bus:
    """
    A connection. `hear` is called with each signal that was asked for, in the order of arrival and between two steps of whoever waits for an answer.

    `ended` is set once the connection is gone; nothing is heard and nothing can be called any more then.
    """

    def __init__(self, connection: Any, where: str, hear: Callable[[Heard], None]) -> None:
        from dbus_fast import DBusFastError, Message, MessageFlag, MessageType, unpack_variants

        self.where = where
        self.ended = asyncio.Event()
        self._connection = connection
        self._message = Message
        self._types = MessageType
        self._flags = MessageFlag
        self._plain = unpack_variants
        # The last two: what came is not D-Bus.
        self._broken = (OSError, EOFError, ValueError, DBusFastError)
        self._hear = hear
        connection.add_message_handler(self._take)
        self._watch = asyncio.ensure_future(self._until_it_ends())

    @classmethod
    async def connect(cls, where: str, hear: Callable[[Heard], None]) -> "Bus":
        """Connect to the socket at that path. Raises `SystemdUnavailableError`."""
        from dbus_fast.aio import MessageBus
        from dbus_fast.errors import AuthError

        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                connection = await MessageBus(bus_address=f"unix:path={where}").connect()
        except TimeoutError:
            raise SystemdUnavailableError("timeout", where) from None
        except AuthError:
            raise SystemdUnavailableError("auth", where) from None
        except PermissionError:
            raise SystemdUnavailableError("forbidden", where) from None
        except (ConnectionResetError, EOFError):
            raise SystemdUnavailableError("reset", where) from None
        except OSError:
            raise SystemdUnavailableError("refused", where) from None
        return cls(connection, where, hear)

    async def call(self, path: str, interface: str, member: str, signature: str = "", *body: Any, to: str = SYSTEMD) -> list[Any]:
        """What is answered. Raises `CallError` where it is refused, `SystemdUnavailableError` where there is no answer."""
        if not self._is_whole():
            raise SystemdUnavailableError("reset", self.where)
        message = self._message(destination=to, path=path, interface=interface, member=member, signature=signature, body=list(body))
        answer = asyncio.ensure_future(self._connection.call(message))
        end = asyncio.ensure_future(self.ended.wait())
        try:
            await asyncio.wait((answer, end), timeout=ANSWER_WITHIN, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise SystemdUnavailableError("reset" if self.ended.is_set() else "timeout", self.where)
            return self._read(answer)
        finally:
            answer.add_done_callback(_let_go)
            answer.cancel()
            end.cancel()

    def _read(self, answer: "asyncio.Future[Any]") -> list[Any]:
        try:
            reply = answer.result()
        except self._broken:
            raise SystemdUnavailableError("reset", self.where) from None
        if reply is None:
            raise SystemdUnavailableError("reset", self.where)
        body: list[Any] = self._plain(reply.body)
        if reply.message_type is self._types.ERROR:
            raise CallError(reply.error_name or "", str(body[0]) if body else "")
        return body

    async def expect(self, path: str, interface: str, member: str, signature: str = "", *body: Any, to: str = SYSTEMD) -> list[Any]:
        """As `call`, where a refusal means that nothing can be read: `SystemdUnavailableError`."""
        try:
            return await self.call(path, interface, member, signature, *body, to=to)
        except CallError as error:
            raise SystemdUnavailableError(meant_by(error), self.where) from None

    async def listen(self, rule: str) -> None:
        """From now on signals that fit this match rule are heard."""
        await self.expect("/org/freedesktop/DBus", DBUS, "AddMatch", "s", rule, to=DBUS)

    async def ignore(self, rule: str) -> None:
        """No longer, unless another rule fits; one that was never asked for is no matter."""
        try:
            await self.call("/org/freedesktop/DBus", DBUS, "RemoveMatch", "s", rule, to=DBUS)
        except CallError as error:
            if not error.name.endswith("MatchRuleNotFound"):
                raise SystemdUnavailableError(meant_by(error), self.where) from None

    def ignore_soon(self, rule: str) -> None:
        """As `ignore`, for whoever can't wait; once the connection has broken there is nothing left to be ignored."""
        if not self._is_whole():
            return
        message = self._message(
            destination=DBUS, path="/org/freedesktop/DBus", interface=DBUS, member="RemoveMatch", signature="s", body=[rule]
        )
        message.flags = self._flags.NO_REPLY_EXPECTED
        with contextlib.suppress(*self._broken):
            self._connection.send(message).add_done_callback(_let_go)

    def close(self) -> None:
        """End it."""
        self._watch.cancel()
        if not self.ended.is_set():
            self._connection.disconnect()
            self.ended.set()

    def _is_whole(self) -> bool:
        # The library knows of a loss a moment before `ended` says so, and what is sent then is an error that nobody would ever hear of.
        return bool(self._connection.connected) and not self.ended.is_set()

    def _take(self, message: Any) -> None:
        if message.message_type is self._types.SIGNAL:
            self._hear(Heard(message.path, message.interface, message.member, self._plain(message.body)))

    async def _until_it_ends(self) -> None:
        try:
            await self._connection.wait_for_disconnect()
        except self._broken:
            pass
        finally:
            self.ended.set()


def _let_go(future: "asyncio.Future[Any]") -> None:
    """Nobody waits for it any more, however it ends."""
    if not future.cancelled():
        future.exception()
