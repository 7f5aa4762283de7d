"""
What one dispatch is in a room: the card of the group, sent once and changed as it moves, the questions that belong to it, and what happened in its thread.

Each call is remembered as soon as it has succeeded, and its transaction's id is made of the dispatch and of what it is for: who begins again, begins behind it, and what was sent is not sent twice even where nobody could remember it.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import msgspec

from watchdog.model.cards import Card, Standing
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.folding import ASKED
from watchdog.receivers.hearing import ASK, CARD
from watchdog.receivers.matrix.contents import QUIET, RINGS, Content, changed, content_of, in_thread, lines_of
from watchdog.receivers.message.message import Message
from watchdog.receivers.message.words import line_of, message_of
from watchdog.receivers.receiver import Dispatch, Remember, TryAgainError

MOST_ASKED: Final = 10
"""So many questions of a group stand open in messages of their own."""
_ROOM: Final = "room"
_STEP: Final = "step"
_HOW_TO_ANSWER: Final = "👍 approves, 👎 denies; or write: !watchdog approve {id}"
_NOT_ASKED: Final = "nobody is asked any more"
_URGENT: Final = frozenset({NoticeKind.REMINDER, NoticeKind.ESCALATED, NoticeKind.AGENT})
_CALM: Final = frozenset({NoticeKind.RESOLVED, NoticeKind.ACKNOWLEDGED})

Put = Callable[[Content, str], Awaitable[str]]
"""Sends a content under that id of a transaction, and gives the event's."""


class Sending:
    """One attempt to send one dispatch to the room of that id."""

    def __init__(self, dispatch: Dispatch, room: str, *, put: Put, remember: Remember) -> None:
        self._dispatch = dispatch
        self._room = room
        self._put = put
        self._remember = remember
        # What was posted in another room, which the config named before, or in a channel of something else, can't be changed from here.
        is_here = dispatch.posted.get(_ROOM) == room
        self._posted = dict(dispatch.posted) if is_here else {}
        id_, _, done = self._posted.get(_STEP, "").partition(" ")
        self._done = set(done.split()) if id_ == dispatch.id else set()
        self._last = ""

    async def run(self) -> str:
        """Sends what has not been sent, and returns the event of the card. Raises `TryAgainError`, untouched only where nothing of the dispatch has gone out."""
        try:
            return await self._run()
        except TryAgainError as error:
            error.untouched = error.untouched and not self._done
            raise

    async def _run(self) -> str:
        is_new = CARD not in self._posted or "new" in self._done
        asks = self._to_ask()
        over = self._to_settle()
        lines = tuple(line_of(notice) for notice in self._dispatch.notices) if not is_new or len(self._dispatch.notices) > 1 else ()
        self._last = "lines" if lines else f"settled.{over[-1]}" if over else f"ask.{asks[-1]}" if asks else "card"
        card = await self._card()
        for id_ in asks:
            await self._step(f"ask.{id_}", content_of(question(self._dispatch, id_)), name=f"{ASK}{id_}")
        for id_ in over:
            name = f"{ASK}{id_}"
            await self._step(f"settled.{id_}", changed(content_of(settled(self._dispatch, id_)), self._posted[name]), forget=name)
        if lines:
            kind = RINGS if not is_new and any(map(_rings, self._dispatch.notices)) else QUIET
            await self._step("lines", in_thread(lines_of(lines, kind=kind), card))
        return card

    def _to_ask(self) -> tuple[str, ...]:
        """The questions that have no message yet; of many only so many that the room does not overflow with them. The card tells of the others."""
        here = [name for name in self._posted if name.startswith(ASK)]
        return tuple(id_ for id_ in asked(self._dispatch) if f"{ASK}{id_}" not in here)[: max(MOST_ASKED - len(here), 0)]

    def _to_settle(self) -> tuple[str, ...]:
        """Those that are over, and still stand there as open."""
        still = asked(self._dispatch)
        return tuple(id_ for name in self._posted if name.startswith(ASK) and (id_ := name.removeprefix(ASK)) not in still)

    async def _card(self) -> str:
        content = content_of(message_of(self._dispatch.card, missed=self._dispatch.missed))
        card = self._posted.get(CARD)
        if card is None:
            # Both words in one step: what comes after has to know whether anybody was rung.
            return await self._step("card", content, name=CARD, also="new")
        await self._step("card", changed(content, card))
        return card

    async def _step(self, what: str, content: Content, *, name: str = "", forget: str = "", also: str = "") -> str:
        if what in self._done:
            return self._posted.get(name, "")
        event = await self._put(content, f"{self._dispatch.id}.{what}")
        self._done |= {what, also} - {""}
        lines = {name: event} if name else {forget: ""} if forget else {}
        if what == self._last and not lines:
            # The dispatch is over with it. To remember costs a turn, and would only help a retry that doubles nothing anyway.
            return event
        if name:
            self._posted[name] = event
        await self._remember({_STEP: f"{self._dispatch.id} {' '.join(sorted(self._done))}", _ROOM: self._room, **lines})
        return event


def asked(dispatch: Dispatch) -> tuple[str, ...]:
    """The questions that are open by this dispatch, the oldest first: those that the card shows, and those that have no room in it."""
    open_ = dict.fromkeys(entry.approval for entry in dispatch.card.entries if entry.approval and entry.standing is Standing.ASKING)
    for notice in dispatch.notices:
        if notice.approval and notice.outcome in ASKED:
            open_[notice.approval] = None
        elif notice.approval and notice.outcome and notice.kind is NoticeKind.DECIDED:
            open_.pop(notice.approval, None)
    return tuple(open_)


def question(dispatch: Dispatch, id_: str) -> Message:
    """What a person is asked: how its alert stands, and how to answer."""
    how = _HOW_TO_ANSWER.format(id=id_)
    for entry in dispatch.card.entries:
        if entry.approval == id_:
            whole = message_of(Card(group=dispatch.group, entries=(entry,)))
            return msgspec.structs.replace(whole, notes=(*whole.notes, how))
    told = list(_about(dispatch, id_))[-1]  # what is asked by no entry is asked by a notice
    return Message(line_of(told), told.severity, is_over=False, sections=(), notes=(how,))


def settled(dispatch: Dispatch, id_: str) -> Message:
    """What stands in place of a question that is over: what became of it, so far as it is told."""
    last = "; ".join(line_of(notice) for notice in list(_about(dispatch, id_))[-1:])
    return Message(last or _NOT_ASKED, Severity.INFO, is_over=True, sections=(), notes=(f"({_NOT_ASKED}: {id_})",))


def _about(dispatch: Dispatch, id_: str) -> Iterator[Notice]:
    return (notice for notice in dispatch.notices if notice.approval == id_)


def _rings(notice: Notice) -> bool:
    """Whether people are to look now, though the message of the group has been there before and is only changed."""
    return notice.kind in _URGENT or (notice.severity is Severity.CRITICAL and notice.kind not in _CALM)
