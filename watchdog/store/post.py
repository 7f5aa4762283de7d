"""The outbox from asyncio, as the deliverer and those who listen use it: each call one transaction."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence

import msgspec

from watchdog.model.cards import Card
from watchdog.store import cards, outbox, standing
from watchdog.store.cards import Failure, Group, Look, Shown, Terms
from watchdog.store.outbox import Outgoing
from watchdog.store.standing import OutboxCounts
from watchdog.store.writer import Writer


class Post:
    """
    What is to be told, and what was. What is written is on the disk when a call returns; every call raises `StoreError` where that fails. Times are wall milliseconds.

    `on_news` is called in the event loop whenever there may be something to do.
    """

    on_news: Callable[[], None] | None

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.on_news = None

    def tell(self) -> None:
        """There may be something to do."""
        if self.on_news is not None:
            self.on_news()

    async def look(self, receiver: str, terms: Terms, now: int) -> Look:
        """What there is to do for a receiver now."""
        return await self._writer.read(lambda connection: cards.look(connection, receiver, terms, now=now))

    async def new_groups(self, receiver: str) -> list[Group]:
        """Those of which the receiver has seen nothing yet, due or not; none that is held back, and none that he has said no to."""
        return await self._writer.read(lambda connection: cards.new_groups(connection, receiver))

    async def shown(self, receiver: str, group: str, now: int) -> Shown:
        """How a group that has messages, or had some, stands with its receiver."""
        return await self._writer.read(lambda connection: cards.shown(connection, receiver, group, now=now))

    async def page(self, receiver: str, group: str, *, after: int, upto: int, limit: int, now: int) -> list[Outgoing]:
        """The messages of the group that wait, with numbers above `after` and up to `upto`. One that can't be read any more is given up."""
        return await self._writer.write(
            lambda connection: outbox.page(connection, receiver, group, after=after, upto=upto, limit=limit, now=now)
        )

    async def prepare(self, receiver: str, group: str, *, id_: str, body: bytes, upto: int) -> None:
        """A dispatch of the group's messages up to that one is on its way from now on."""
        await self._writer.write(lambda connection: cards.prepare(connection, receiver, group, id_=id_, body=body, upto=upto))

    async def take_apart(self, receiver: str, group: str) -> None:
        """It is not any more, and was not seen by anybody."""
        await self._writer.write(lambda connection: cards.take_apart(connection, receiver, group))

    async def sent_again(self, receiver: str, group: str, *, may_double: bool) -> None:
        """The dispatch of the group is sent once more, and nobody knows whether it has arrived before."""
        await self._writer.write(lambda connection: cards.sent_again(connection, receiver, group, may_double=may_double))

    async def arrived(
        self,
        receiver: str,
        group: str,
        *,
        card: Card,
        is_over: bool,
        crowded: bool = False,
        upto: int,
        wall: int,
        answer: str,
        missed: int = 0,
        left_out: int = 0,
    ) -> None:
        """
        The receiver has the dispatch; the group now stands as `card` says. `crowded`: there was more than could be told one by one.

        It told of so many messages that had ended untold, `missed` and `left_out`.
        """
        data = msgspec.json.encode(card)

        def work(connection: sqlite3.Connection) -> None:
            cards.arrived(
                connection,
                receiver,
                group,
                card=data,
                is_over=is_over,
                crowded=crowded,
                upto=upto,
                wall=wall,
                answer=answer,
                missed=missed,
                left_out=left_out,
            )

        await self._writer.write(work)

    async def shown_again(self, receiver: str, group: str, wall: int) -> None:
        """The receiver was shown once more what he has."""
        await self._writer.write(lambda connection: cards.shown_again(connection, receiver, group, wall=wall))

    async def failed(self, receiver: str, group: str, failure: Failure) -> None:
        """An attempt failed. Its `error` is kept and shown: no secrets in it."""
        await self._writer.write(lambda connection: cards.failed(connection, receiver, group, failure))

    async def given_up(self, receiver: str, group: str, ids: Sequence[int], *, card: Card, wall: int, error: str) -> None:
        """These messages are not tried any more. The card has them, and is shown with what comes next."""

        def work(connection: sqlite3.Connection) -> None:
            outbox.end(connection, receiver, ids, outcome="given_up", wall=wall, error=error)
            cards.kept(connection, receiver, group, card=msgspec.json.encode(card), ended=wall if card.is_over else None)

        await self._writer.write(work)

    async def gather(self, receiver: str, groups: Sequence[str], into: str) -> None:
        """These groups, of which nothing was shown yet, are one from now on."""
        await self._writer.write(lambda connection: cards.gather(connection, receiver, groups, into))

    async def open_group(self, receiver: str, prefix: str, since: int) -> str:
        """The newest group whose name begins so, which goes on and was shown since then; empty if there is none."""
        return await self._writer.read(lambda connection: cards.open_group(connection, receiver, prefix, since=since))

    async def retry(self, receiver: str) -> None:
        """Everything that waits for the receiver is tried now, whatever failed before."""
        await self._writer.write(lambda connection: cards.retry(connection, receiver), then=self.tell)

    async def remember(self, receiver: str, group: str, lines: Mapping[str, str]) -> None:
        """Writes these lines into what the receiver remembers of the group; an empty value removes its line."""
        await self._writer.write(lambda connection: cards.remember(connection, receiver, group, lines))

    async def about(self, receiver: str, ref: str) -> tuple[str, str] | None:
        """The group, and the name in it, that the receiver remembers as `ref`."""
        return await self._writer.read(lambda connection: cards.about(connection, receiver, ref))

    async def card_of(self, receiver: str, group: str) -> Card | None:
        """The card that the receiver was shown last; None if there is none, or if another version has written it."""
        data = await self._writer.read(lambda connection: cards.card_of(connection, receiver, group))
        return None if data is None else read_card(data)

    async def noted(self, receiver: str, name: str) -> str:
        """What was put away for the receiver under that name; empty if nothing was."""
        return await self._writer.read(lambda connection: standing.noted(connection, receiver, name))

    async def note(self, receiver: str, name: str, value: str) -> None:
        """Puts it away."""
        await self._writer.write(lambda connection: standing.note(connection, receiver, name, value))

    async def counts(self) -> dict[str, OutboxCounts]:
        """Receiver → how it stands."""
        return await self._writer.read(standing.counts)


def read_card(data: bytes) -> Card | None:
    """None if another version has written it."""
    try:
        return msgspec.json.decode(data, type=Card)
    except msgspec.DecodeError:
        return None
