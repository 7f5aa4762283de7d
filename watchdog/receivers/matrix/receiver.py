"""The receiver `matrix`: its parts put together."""

from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final

from watchdog.clock import Clock
from watchdog.receivers.hearing import Desk
from watchdog.receivers.matrix.answers import NoAnswerError
from watchdog.receivers.matrix.cipher import Cipher
from watchdog.receivers.matrix.client import Client
from watchdog.receivers.matrix.contents import Content, shortest
from watchdog.receivers.matrix.listener import Following
from watchdog.receivers.matrix.room import Entered, Room
from watchdog.receivers.matrix.sender import Sending
from watchdog.receivers.matrix.writing import put_message
from watchdog.receivers.receiver import Dispatch, RefusedError, Remember

_TOO_LARGE: Final = frozenset({"M_TOO_LARGE"})


class Matrix:
    """
    A room that is told and listened to. `timeout` is for one call, in milliseconds; `name` that of the receiver, for the log; `keys` the folder for keys, where it may be an encrypted one.

    Raises `BadSecretError` for what can be no access token.
    """

    may_double = False
    """The homeserver knows an event again by the id of its transaction, which is made of that of the dispatch."""

    def __init__(self, homeserver: str, *, token: str, room: str, timeout: int, clock: Clock, name: str, keys: str = "") -> None:
        self._new_client = partial(Client, homeserver, token, timeout=timeout, clock=clock)
        self._client = self._new_client()
        self._cipher = Cipher(self._client, Path(keys)) if keys else None
        self._room = Room(self._client, room, clock, can_encrypt=bool(keys))
        self._clock = clock
        self._named = room
        self._name = name
        self._following: Following | None = None

    @property
    def trouble(self) -> str:
        """What keeps it from hearing just now; empty if nothing does."""
        return "does not listen" if self._following is None else self._following.trouble

    async def send(self, dispatch: Dispatch, remember: Remember) -> str:
        """Returns once the room has all of it; raises `TryAgainError`."""
        entered = await self._room.enter()

        async def put(content: Content, transaction: str) -> str:
            return await self._put(entered, content, transaction)

        event = await Sending(dispatch, entered.room, put=put, remember=remember).run()
        return f"event {event} in {self._named}"

    async def look(self) -> str:
        """As whom we are signed in, and that the room can be written to; raises `TryAgainError` with what to do."""
        self._room.forget()
        entered = await self._room.enter()
        if self._cipher is not None and entered.is_encrypted:
            self._cipher.look()
        return f"signed in as {entered.user}, in the room {self._named}, which is {'' if entered.is_encrypted else 'not '}encrypted"

    async def listen(self, desk: Desk) -> None:
        """Hears what people say in the room, for ever."""
        client = self._new_client()
        room = Room(client, self._named, self._clock, can_encrypt=self._cipher is not None)
        self._following = Following(client, room, name=self._name, cipher=self._cipher)
        try:
            await self._following.run(desk)
        finally:
            self._following = None
            await client.close()

    async def close(self) -> None:
        """Closes what is open."""
        if self._cipher is not None:
            await self._cipher.close()
        await self._client.close()

    async def _put(self, entered: Entered, content: Content, transaction: str) -> str:
        try:
            return await put_message(self._client, self._cipher, entered, content, transaction)
        except NoAnswerError as error:
            if error.code in _TOO_LARGE or error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                return await put_message(self._client, self._cipher, entered, shortest(content), f"{transaction}.short")
            self._room.forget()
            if error.status == HTTPStatus.FORBIDDEN:
                reason = f"{entered.user} may not write in the room {self._named} ({error.reason}): invite it again, or give it the right"
                raise RefusedError(reason, untouched=True) from None
            raise
