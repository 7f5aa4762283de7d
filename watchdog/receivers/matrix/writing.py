"""A message into a room, sealed where the room is."""

from typing import Final

from watchdog.receivers.matrix.cipher import Cipher
from watchdog.receivers.matrix.client import Client
from watchdog.receivers.matrix.contents import Content
from watchdog.receivers.matrix.room import Entered
from watchdog.receivers.receiver import RefusedError, TryAgainError

_MESSAGE: Final = "m.room.message"


async def put_message(client: Client, cipher: Cipher | None, entered: Entered, content: Content, transaction: str) -> str:
    """Its event. Raises `TryAgainError`."""
    if not entered.is_encrypted:
        return await client.put_event(entered.room, _MESSAGE, content, transaction=transaction)
    if cipher is None:
        raise RefusedError("the room is encrypted", untouched=True)
    try:
        kind, sealed = await cipher.seal(entered.room, _MESSAGE, content, user=entered.user, device=entered.device)
    except TryAgainError as error:
        error.untouched = True  # keys may have gone out; the message has not
        raise
    return await client.put_event(entered.room, kind, sealed, transaction=transaction)
