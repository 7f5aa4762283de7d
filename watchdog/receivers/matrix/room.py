"""
The way into the room: who we are, which room an alias means, and whether it can be written to.

Looked at again every minute, since a room can be encrypted, replaced or closed while we are in it.
"""

import re
from typing import Final

import msgspec

from watchdog.clock import Clock
from watchdog.receivers.matrix.answers import NoAnswerError
from watchdog.receivers.matrix.client import Client
from watchdog.receivers.receiver import RefusedError

_ID: Final = re.compile(r"![!-~]{1,254}")
_ALIAS: Final = re.compile(r"#[^\s\0:]+:[!-~]+")
_USER: Final = re.compile(r"@[!-~]+:[!-~]+")
_LOOK_AGAIN: Final = 60_000
_WAYS_OUT: Final = "make a room without encryption (it can't be switched off again in this one), or leave this one to people and have alerts sent to another; see packaging/README.md, Matrix"


class Entered(msgspec.Struct, frozen=True):
    """We are in the room `room` (its id) as `user` and can write there; by which `device`, if the server has told."""

    room: str
    user: str
    device: str = ""
    is_encrypted: bool = False


class Room:
    """The room that the config names, by id or alias, as `shown` to people. `can_encrypt` says that we may enter one that is encrypted."""

    def __init__(self, client: Client, named: str, clock: Clock, *, can_encrypt: bool = False) -> None:
        self.shown = named
        self._client = client
        self._clock = clock
        self._can_encrypt = can_encrypt
        self._is_encrypted = False
        self._user = ""
        self._device = ""
        self._room = ""
        self._joined = False
        self._looked: int | None = None

    async def enter(self) -> Entered:
        """
        Goes in, accepting an invitation where there is one, unless we are in it. Raises `TryAgainError`.

        `RefusedError` says what a person has to do: invite us, name the room that came after this one, take one that is not encrypted.
        """
        if not self._user:
            self._user, self._device = await self._whoami()
        if self._looked is None or self._clock.at() - self._looked >= _LOOK_AGAIN:
            room = await self._resolved()
            if room != self._room or not self._joined:
                await self._join()
            self._room, self._joined = room, True
            await self._look(room)
            self._looked = self._clock.at()
        return Entered(self._room, self._user, self._device, self._is_encrypted)

    def forget(self) -> None:
        """Something was refused there: look at everything again, the next time."""
        self._looked = None
        self._joined = False

    async def _whoami(self) -> tuple[str, str]:
        try:
            answer = await self._client.get("account", "whoami")
        except NoAnswerError as error:
            raise RefusedError(f"it can't be found out whose the access token is: {error.reason}", untouched=True) from None
        user, device = answer.get("user_id"), answer.get("device_id")
        if not isinstance(user, str) or not _USER.fullmatch(user):
            raise RefusedError("the homeserver does not say whose the access token is", untouched=True)
        return user, device if isinstance(device, str) else ""

    async def _resolved(self) -> str:
        if _ID.fullmatch(self.shown):
            return self.shown
        if not _ALIAS.fullmatch(self.shown):
            raise RefusedError("`room` must be the id of a room (!…) or an alias (#NAME:SERVER)", untouched=True)
        try:
            room = (await self._client.get("directory", "room", self.shown)).get("room_id")
        except NoAnswerError as error:
            raise RefusedError(f"nothing is known of the alias {self.shown}: {error.reason}", untouched=True) from None
        if not isinstance(room, str) or not _ID.fullmatch(room):
            raise RefusedError(f"the homeserver does not say which room {self.shown} is", untouched=True)
        return room

    async def _join(self) -> None:
        try:
            await self._client.post("join", self.shown, body={})
        except NoAnswerError as error:
            raise RefusedError(
                f"{self._user} is not in the room {self.shown}, and was not let in ({error.reason}): invite it there", untouched=True
            ) from None

    async def _look(self, room: str) -> None:
        replaced = await self._state(room, "m.room.tombstone")
        if replaced is not None:
            raise RefusedError(
                f"the room {self.shown} was closed for a new one: invite {self._user} there, and put it into the config", untouched=True
            )
        self._is_encrypted = await self._state(room, "m.room.encryption") is not None
        if self._is_encrypted and not self._can_encrypt:
            raise RefusedError(f"the room {self.shown} is encrypted, and the receiver has no keys: {_WAYS_OUT}", untouched=True)

    async def _state(self, room: str, kind: str) -> dict[str, object] | None:
        try:
            return await self._client.get("rooms", room, "state", kind, "")
        except NoAnswerError as error:
            if error.code == "M_NOT_FOUND":
                return None
            self._joined = False
            raise RefusedError(
                f"{self._user} can't look into the room {self.shown} ({error.reason}): invite it there", untouched=True
            ) from None
