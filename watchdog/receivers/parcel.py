"""
Putting a dispatch together: all that waits of a group, folded into its card, and the notices that are worth telling one by one.

However much waits, it is read in pages and only what is told stays in memory.
"""

from typing import Final

import msgspec

from watchdog.model.cards import Card
from watchdog.model.notices import ALONE, Notice
from watchdog.receivers.folding import fold
from watchdog.receivers.receiver import Dispatch
from watchdog.store.cards import Shown
from watchdog.store.outbox import Outgoing
from watchdog.store.post import Post, read_card

MANY: Final = 10
"""Of more notices than these only the newest of each thread is told by itself; to people no more than a few, and what they are asked."""
PAGE: Final = 200
"""Messages that are read at a time."""
AT_ONCE: Final = 500
"""Messages in one dispatch at most, where each thread is told."""


class Parcel(msgspec.Struct, frozen=True):
    """
    A dispatch as it is kept until it has arrived. `is_over` says that nothing of the group goes on once it has.

    It tells of so many messages that ended untold before it, `given_up` and `left_out`; what ends so later is for the next one to tell.
    """

    id: str
    card: Card
    notices: tuple[Notice, ...]
    missed: int
    is_over: bool
    upto: int
    given_up: int = 0
    left_out: int = 0

    def dispatch(self, *, posted: dict[str, str], attempts: int) -> Dispatch:
        """As the receiver is given it."""
        return Dispatch(
            id=self.id, group=self.card.group, card=self.card, notices=self.notices, missed=self.missed, posted=posted, attempts=attempts
        )


async def put_together(post: Post, receiver: str, group: str, shown: Shown, *, memory: str, few: int | None, now: int) -> Parcel | None:
    """Of all that may go now; None if nothing of it can be read. Where there is much, `few` notices are told by themselves; None: one of each thread. Raises `StoreError`."""
    card = known_card(shown, group)
    telling = _Telling(few)
    last, alone = 0, True
    while rows := await post.page(receiver, group, after=last, upto=shown.upto, limit=PAGE, now=now):
        last = rows[-1].id
        card = fold(card, (row.notice for row in rows))
        alone = alone and all(row.notice.kind in ALONE for row in rows)
        telling.take(rows)
        if few is None and telling.count >= AT_ONCE:
            break
    if not telling.count:
        return None
    notices = telling.notices()
    return Parcel(
        id=f"{memory}_{last}",
        card=msgspec.structs.replace(card, left_out=card.left_out + shown.left_out),
        notices=notices,
        missed=telling.count - len(notices) + shown.missed,
        is_over=card.is_over or alone,
        upto=last,
        given_up=shown.missed,
        left_out=shown.left_out,
    )


def known_card(shown: Shown, group: str) -> Card:
    """The card that is gone on from; an empty one where there is none, or none that this version can read."""
    card = None if shown.card is None else read_card(shown.card)
    return Card(group=group) if card is None else card


def packed(parcel: Parcel) -> bytes:
    """To bytes."""
    return msgspec.json.encode(parcel)


def unpacked(data: bytes) -> Parcel | None:
    """And back; None if another version has packed it."""
    try:
        return msgspec.json.decode(data, type=Parcel)
    except msgspec.DecodeError:
        return None


class _Telling:
    """
    Which notices are told by themselves: all, or of many the newest of each thread, or where even these are many the newest `few`; None: one of each thread.

    A question is told by itself wherever there is room, or nobody could answer it.
    """

    def __init__(self, few: int | None) -> None:
        self._few = few
        self._all: list[Notice] = []
        self._newest: dict[tuple[str, str], Notice] = {}
        self._are_many = False
        self.count = 0

    def take(self, rows: list[Outgoing]) -> None:
        """Those that come next."""
        for notice in (row.notice for row in rows):
            self.count += 1
            if self.count <= MANY:
                self._all.append(notice)
            key = (notice.thread, notice.approval)
            self._newest.pop(key, None)
            self._newest[key] = notice
            if self._few is not None and len(self._newest) > MANY:
                self._are_many = True
                self._forget_one()

    def notices(self) -> tuple[Notice, ...]:
        """Oldest first."""
        if self.count <= MANY:
            return tuple(self._all)
        while self._few is not None and self._are_many and len(self._newest) > self._few:
            self._forget_one()
        return tuple(self._newest.values())

    def _forget_one(self) -> None:
        self._newest.pop(next((one for one in self._newest if not one[1]), next(iter(self._newest))))
