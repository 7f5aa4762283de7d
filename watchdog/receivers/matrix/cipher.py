"""
End-to-end encryption, by `matrix-nio` (an extra): what is sent to an encrypted room is sealed for every device of everybody in it, and what is typed there can be read.

The library does the arithmetic and keeps the keys; every call to the homeserver goes through our own client, which follows no redirect and says what became of it. Devices are not verified: whoever the homeserver says is in the
room can read, as in a room without encryption, and nobody else can, the homeserver included.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from watchdog.receivers.matrix.answers import NoAnswerError
from watchdog.receivers.matrix.client import Client
from watchdog.receivers.receiver import RefusedError, TryAgainError

_SEALED: Final = "m.room.encrypted"
_ABOUT_KEYS: Final = ("to_device", "device_lists", "device_one_time_keys_count", "device_unused_fallback_key_types")
_NOT_INSTALLED: Final = (
    "the room is encrypted, and what can encrypt is not installed: the extra matrix-e2e, see packaging/README.md, Matrix"
)

_OTHERS: Final = (
    "the homeserver does not take the keys of this device, most likely since it has others of it: where the folder `keys` was lost, or is an older copy, "
    "log in again for a new token, remove the folder, and reload"
)


class Cipher:
    """
    One device of one user, whose keys lie in the folder `folder`. One at a time may use them.

    A folder that is lost, or an older copy of it, makes the device worthless: then it needs a new token.
    """

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._box: Any = None
        self._members: dict[str, frozenset[str]] = {}
        self._alone = asyncio.Lock()

    async def seal(self, room: str, kind: str, content: Mapping[str, Any], *, user: str, device: str) -> tuple[str, dict[str, Any]]:
        """What is sent in place of that event: its kind and content. Raises `TryAgainError`; nothing has been sent then that anybody sees."""
        async with self._keys(user, device) as box:
            await self._meet(box, room)
            if box.olm.should_share_group_session(room):
                box.failure = None
                await box.share_group_session(room, ignore_unverified_devices=True)
                if box.failure is not None:
                    # Somebody has no key: the next attempt begins with a new one, for all.
                    box.invalidate_outbound_session(room)
                    raise box.failure
            sealed_kind, sealed = box.encrypt(room, kind, dict(content))
            return sealed_kind, sealed

    async def unseal(self, event: Mapping[str, Any], room: str, *, user: str, device: str) -> Mapping[str, Any]:
        """The event as it was sealed; itself, where it is not sealed or can't be read by us."""
        if event.get("type") != _SEALED:
            return event
        async with self._keys(user, device) as box:
            from nio import Event, MegolmEvent
            from nio.exceptions import EncryptionError

            sealed = Event.parse_encrypted_event({**event, "room_id": room})
            if not isinstance(sealed, MegolmEvent):
                return event
            sealed.room_id = room
            try:
                inside = box.decrypt_event(sealed).source
            except EncryptionError:
                return event
        # Who said it and when is what the server says, as it is of everything else.
        return {**event, "type": inside.get("type"), "content": inside.get("content")}

    async def take(self, batch: Mapping[str, Any], *, user: str, device: str) -> None:
        """What an answer to /sync says of keys: those that were sent to us, and whose devices have changed. Raises `TryAgainError`."""
        async with self._keys(user, device) as box:
            from nio import SyncResponse

            about = {name: batch[name] for name in _ABOUT_KEYS if name in batch}
            empty: dict[str, Any] = {
                "rooms": {},
                "to_device": {"events": []},
                "device_one_time_keys_count": {},
                "device_lists": {"changed": [], "left": []},
            }
            response = SyncResponse.from_dict({**empty, **about, "next_batch": batch.get("next_batch", "")})
            if isinstance(response, SyncResponse):
                await box.receive_response(response)
            await _tend(box)

    def look(self) -> None:
        """Raises `RefusedError` where what encrypts is not installed; touches no keys."""
        try:
            import peewee  # noqa: F401

            _box_class()
        except ImportError:
            raise RefusedError(_NOT_INSTALLED, untouched=True) from None

    async def close(self) -> None:
        """Lets go of the keys."""
        if self._box is not None:
            await self._box.close()
            if self._box.store is not None:
                self._box.store.database.close()
            self._box = None

    @contextlib.asynccontextmanager
    async def _keys(self, user: str, device: str) -> AsyncIterator[Any]:
        async with self._alone:
            try:
                from peewee import PeeweeException
            except ImportError:
                raise RefusedError(_NOT_INSTALLED, untouched=True) from None
            try:
                yield self._open(user, device)
            except PeeweeException as error:
                raise TryAgainError(f"the keys can't be read or written: {type(error).__name__}", untouched=True) from None

    def _open(self, user: str, device: str) -> Any:
        if self._box is not None:
            return self._box
        if not device:
            raise RefusedError(
                "the access token belongs to no device, so it can have no keys: make another one by logging in", untouched=True
            )
        if not self._folder.is_absolute():
            raise RefusedError("`keys` must be the absolute path of a folder", untouched=True)
        try:
            box = _box_class()(self._client, user, device, self._folder)
        except (ImportError, ImportWarning):
            raise RefusedError(_NOT_INSTALLED, untouched=True) from None
        except OSError as error:
            raise RefusedError(f"the folder of the keys can't be used: {error.strerror}", untouched=True) from None
        self._box = box
        return box

    async def _meet(self, box: Any, room: str) -> None:
        """Knows everybody who is in the room, and their devices."""
        from nio import MatrixRoom

        answer = await self._client.get("rooms", room, "joined_members")
        members = answer.get("joined")
        names = frozenset(members) if isinstance(members, Mapping) else frozenset[str]()
        if names != self._members.get(room):
            box.invalidate_outbound_session(room)
            there = MatrixRoom(room, box.user_id, encrypted=True)
            for name in names:
                there.add_member(name, None, None)
            there.members_synced = True
            box.rooms[room] = there
            box.olm.update_tracked_users(there)
        await _tend(box)
        self._members[room] = names


async def _tend(box: Any) -> None:
    """Publishes keys of ours that are missing there, and gets those of others."""
    if box.should_upload_keys:
        try:
            await box.keys_upload()
        except NoAnswerError as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                raise
            raise RefusedError(f"{_OTHERS} ({error.reason})", untouched=True) from None
    if box.should_query_keys:
        await box.keys_query()
    if box.should_claim_keys:
        await box.keys_claim(box.get_users_for_key_claiming())
    await box.send_to_device_messages()


def _box_class() -> Any:
    """The library's client with our transport in place of its own."""
    from nio import AsyncClient, AsyncClientConfig, Response

    # What it thinks of the world is for its authors; what became of a call is said by ours.
    logging.getLogger("nio").setLevel(logging.CRITICAL)

    class Box(AsyncClient):  # type: ignore[misc]
        """Keys, and nothing else: it has no connection of its own."""

        def __init__(self, client: Client, user: str, device: str, folder: Path) -> None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            super().__init__(
                "https://nowhere.invalid", user, device_id=device, store_path=str(folder), config=AsyncClientConfig(encryption_enabled=True)
            )
            self._calls = client
            self.failure: TryAgainError | None = None
            self.restore_login(user, device, "ours")

        async def _send(
            self, response_class: Any, method: str, path: str, data: Any = None, response_data: Iterable[Any] | None = None, **_more: Any
        ) -> Response:
            body = json.loads(data) if data else None
            try:
                answer = await self._calls.raw(method, path.partition("?")[0], body)
            except TryAgainError as error:
                self.failure = error
                raise
            response = response_class.from_dict(answer, *(response_data or ()))
            await self.receive_response(response)
            return response

    return Box
