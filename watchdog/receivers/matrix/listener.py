"""
Follows a room: what people say in it goes to the desk, and its answer into the thread where it was said.

How far it has read is put away only when everything up to there has been told and answered: who is cut off in between tells some of it again, which the desk knows, and the answer has the same transaction. What was
said before it listened for the first time is not read.
"""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
import orjson

from watchdog.receivers.hearing import Desk, Said
from watchdog.receivers.matrix.answers import NoAnswerError
from watchdog.receivers.matrix.cipher import Cipher
from watchdog.receivers.matrix.client import Client
from watchdog.receivers.matrix.contents import QUIET, in_thread, text_of
from watchdog.receivers.matrix.heard import Heard, heard
from watchdog.receivers.matrix.room import Entered, Room
from watchdog.receivers.matrix.writing import put_message
from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.receivers.waits import next_wait

_log: Final = logging.getLogger(__name__)

SINCE: Final = "since"
_POLL: Final = 30_000
_PAGE: Final = 50
_MOST: Final = 500
"""So many events are read again where more was said than fits into one answer; the newest."""
_SOON: Final = 60_000
_SELDOM: Final = 15 * 60_000
"""A server that is away is asked again after this at the latest, and one that refuses us."""
_SAID: Final = ("m.room.message", "m.reaction", "m.room.encrypted")
_TURNS: Final = ("m.room.encryption", "m.room.tombstone")
"""After which the room may be another one for us."""


class Read(msgspec.Struct, frozen=True):
    """How far: in which room, as whom, up to which token of the server."""

    room: str
    user: str
    since: str


class Following:
    """One who listens, in the room of the receiver `name`; `trouble` says why it hears nothing just now."""

    def __init__(self, client: Client, room: Room, *, name: str, cipher: Cipher | None = None) -> None:
        self.trouble = "is not connected yet"
        self._client = client
        self._room = room
        self._name = name
        self._cipher = cipher
        self._failed = 0
        self._is_puzzled = False

    async def run(self, desk: Desk) -> None:
        """For ever."""
        while True:
            try:
                await self._follow(desk)
            except TryAgainError as error:
                await asyncio.sleep(self._put_off(error) / 1000)

    async def _follow(self, desk: Desk) -> None:
        entered = await self._room.enter()
        read = _read(await desk.kept(SINCE))
        if read is None or (read.room, read.user) != (entered.room, entered.user):
            read = await self._begin(entered, desk)
        self._well()
        while True:
            batch = await self._sync(read, entered, desk)
            self._well()
            await self._take(batch, entered)
            events = await self._events(batch, read, entered)
            for event in events:
                if (one := heard(await self._opened(event, entered), me=entered.user)) is not None:
                    await self._hear(one, entered, desk)
            read = msgspec.structs.replace(read, since=_token(batch))
            await desk.keep(SINCE, msgspec.json.encode(read).decode())
            if _has_turned(batch, entered.room):
                self._room.forget()
            entered = await self._room.enter()
            if (entered.room, entered.user) != (read.room, read.user):
                return

    async def _begin(self, entered: Entered, desk: Desk) -> Read:
        batch = await self._client.get(
            "sync", query={"filter": _filter(entered), "timeout": "0", "set_presence": "offline"}, patience=_POLL
        )
        await self._take(batch, entered)
        read = Read(entered.room, entered.user, _token(batch))
        await desk.keep(SINCE, msgspec.json.encode(read).decode())
        return read

    async def _sync(self, read: Read, entered: Entered, desk: Desk) -> dict[str, Any]:
        query = {"filter": _filter(entered), "timeout": str(_POLL), "since": read.since, "set_presence": "offline"}
        try:
            return await self._client.get("sync", query=query, patience=_POLL)
        except NoAnswerError as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                # It is not about how far was read: a proxy, perhaps, that lets nobody through just now.
                raise
            # It may have been set up anew, or from an older copy: what we had read means nothing to it.
            await desk.keep(SINCE, "")
            raise RefusedError(f"the homeserver does not know how far was read, so that is begun anew ({error.reason})") from None

    async def _events(self, batch: Mapping[str, Any], read: Read, entered: Entered) -> list[Any]:
        timeline = _at(batch, "rooms", "join", entered.room, "timeline")
        events = _list(timeline.get("events"))
        start = timeline.get("prev_batch")
        if timeline.get("limited") is True and isinstance(start, str):
            return [*await self._missed(start, read, entered), *events]
        return events

    async def _take(self, batch: Mapping[str, Any], entered: Entered) -> None:
        if self._cipher is not None and entered.is_encrypted:
            await self._cipher.take(batch, user=entered.user, device=entered.device)

    async def _opened(self, event: Any, entered: Entered) -> Any:
        if self._cipher is None or not entered.is_encrypted or not isinstance(event, Mapping):
            return event
        opened = await self._cipher.unseal(event, entered.room, user=entered.user, device=entered.device)
        if opened.get("type") == "m.room.encrypted" and not self._is_puzzled:
            self._is_puzzled = True
            _log.warning("Receiver %s: something in its room can't be decrypted; who wrote it can answer by a reaction", self._name)
        return opened

    async def _missed(self, start: str, read: Read, entered: Entered) -> list[Any]:
        """What was said between what was read and the page that begins at `start`, the oldest first."""
        found: list[Any] = []
        query = {"dir": "b", "to": read.since, "limit": str(_PAGE), "filter": orjson.dumps(_of_others(entered)).decode()}
        while len(found) < _MOST:
            try:
                page = await self._client.get("rooms", entered.room, "messages", query={**query, "from": start})
            except NoAnswerError as error:
                # It will not be otherwise the next time, and what is said from now on must be heard.
                _log.warning("Receiver %s: what was said in its room while it did not listen was not heard: %s", self._name, error.reason)
                return found[::-1]
            found.extend(_list(page.get("chunk")))
            end = page.get("end")
            if not isinstance(end, str) or end == start or not _list(page.get("chunk")):
                return found[::-1]
            start = end
        _log.warning(
            "Receiver %s: more was said in its room than is read again; what is older than the last %d messages was not heard",
            self._name,
            len(found),
        )
        return found[::-1]

    async def _hear(self, one: Heard, entered: Entered, desk: Desk) -> None:
        about = None
        for ref in one.about:
            about = about or await desk.about(ref)
        if about is None and one.is_reaction and (root := await self._root_of(one.thread, entered)):
            # What rang was a line in the thread of our message, and that is what is meant.
            about = await desk.about(root)
            one = msgspec.structs.replace(one, thread=root)
        if about is None and one.is_reaction:
            return
        answer = await desk.tell(Said(id=one.id, by=one.by, text=one.text, asked=one.asked, about=about))
        if answer:
            await self._answer(answer, one, entered)

    async def _root_of(self, event: str, entered: Entered) -> str:
        """The message in whose thread we have written that event; empty if we have not."""
        try:
            found = await self._client.get("rooms", entered.room, "event", event)
        except NoAnswerError:
            return ""
        relation = _at(found, "content", "m.relates_to")
        root = relation.get("event_id")
        is_ours = found.get("sender") == entered.user and relation.get("rel_type") == "m.thread"
        return root if is_ours and isinstance(root, str) else ""

    async def _answer(self, answer: str, one: Heard, entered: Entered) -> None:
        transaction = f"answer.{hashlib.sha256(one.id.encode()).hexdigest()[:32]}"
        content = in_thread(text_of(answer, kind=QUIET), one.thread)
        try:
            await put_message(self._client, self._cipher, entered, content, transaction)
        except RefusedError as error:
            # It has been heard all the same, and what comes after it must be heard, too.
            self._room.forget()
            _log.warning("Receiver %s could not answer in its room: %s", self._name, error.reason)

    def _well(self) -> None:
        if self._failed:
            _log.info("Receiver %s hears again what is said in its room", self._name)
        self._failed = 0
        self.trouble = ""

    def _put_off(self, error: TryAgainError) -> int:
        """Says so once, and for how many milliseconds to wait."""
        self._failed += 1
        if error.reason != self.trouble:
            level = logging.DEBUG if self._failed > 1 and not isinstance(error, RefusedError) else logging.WARNING
            _log.log(level, "Receiver %s hears nothing: %s", self._name, error.reason)
        self.trouble = error.reason
        self._room.forget()
        return min(next_wait(error, attempts=self._failed), _SELDOM if isinstance(error, RefusedError) else _SOON)


_ROOM_FILTER: Final = {"types": [*_SAID, *_TURNS], "lazy_load_members": True}
_NONE: Final[dict[str, list[str]]] = {"types": []}


def _of_others(entered: Entered) -> dict[str, Any]:
    return {**_ROOM_FILTER, "not_senders": [entered.user]}


def _filter(entered: Entered) -> str:
    """Only this room, and of it only what is read here: nobody's presence, typing, receipts or account data."""
    timeline = {**_of_others(entered), "limit": _PAGE}
    of_rooms = {
        "rooms": [entered.room],
        "include_leave": True,
        "timeline": timeline,
        "state": {**_NONE, "lazy_load_members": True},
        "ephemeral": _NONE,
        "account_data": _NONE,
    }
    return orjson.dumps({"room": of_rooms, "presence": _NONE, "account_data": _NONE}).decode()


def _read(kept: str) -> Read | None:
    try:
        return msgspec.json.decode(kept, type=Read)
    except msgspec.MsgspecError:
        return None


def _token(batch: Mapping[str, Any]) -> str:
    token = batch.get("next_batch")
    if not isinstance(token, str) or not token:
        raise RefusedError("answered without saying how far that is; what answers there is no homeserver")
    return token


def _has_turned(batch: Mapping[str, Any], room: str) -> bool:
    """Whether we are out of it, or it was encrypted or closed."""
    events = _list(_at(batch, "rooms", "join", room, "timeline").get("events"))
    kinds = {event.get("type") for event in events if isinstance(event, Mapping)}
    return room in _at(batch, "rooms", "leave") or not kinds.isdisjoint(_TURNS)


def _at(data: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """What lies there, if that is an object; else an empty one."""
    for key in path:
        below = data.get(key)
        if not isinstance(below, Mapping):
            return {}
        data = below
    return data


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
