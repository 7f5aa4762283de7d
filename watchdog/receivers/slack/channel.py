"""
A channel that is told by an app: one message a group, changed as things move; what happened in its thread; questions as messages of their own, since threads do not ring.

Remembered of a group: `card` (the message that shows it), `ask:ID` (that of a question, while it is open), `at` (the dispatch that has begun to arrive), `new` (the one that made the
card), `told` (the one whose thread is written), `where` (the id of the channel of it all), and `trying` (what is being posted just now, and since when: whoever finds it there does not know whether it arrived).
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from watchdog.clock import Clock
from watchdog.lang.harmless import harmless
from watchdog.model.cards import Card, Entry
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.hearing import ASK, CARD
from watchdog.receivers.message.message import Message
from watchdog.receivers.message.words import line_of, message_of
from watchdog.receivers.receiver import Dispatch, RefusedError, Remember, TryAgainError
from watchdog.receivers.slack import blocks
from watchdog.receivers.slack.api import Api, Web
from watchdog.receivers.slack.blocks import Post, named
from watchdog.receivers.slack.looking import READING, Looking
from watchdog.receivers.slack.refusals import GONE, UNREADABLE, SaidNoError, failure

WHERE: Final = "where"
EVENT: Final = "sidekiq_watchdog"
"""Under which metadata ours can be told from those of other apps."""

_APART: Final = 1_100
"""Slack takes one message a second and channel (milliseconds)."""
_NEVER_MIND: Final = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}
_log: Final = logging.getLogger(__name__)


class SlackChannel:
    """`mention` is called where something critical begins; with `with_buttons` people can answer. `apart` is how long two messages are kept apart, in milliseconds."""

    paces_itself = True

    def __init__(
        self, *, api: Api, web: Web, token: str, channel: str, mention: str, with_buttons: bool, clock: Clock, apart: int = _APART
    ) -> None:
        self._api = api
        self._web = web
        self._token = token
        self._channel = channel
        self._clock = clock
        self._apart = apart
        self._next = 0.0
        self._looking = Looking(api, token, channel)
        self.mention = mention
        self.with_buttons = with_buttons
        self._scopes: frozenset[str] = frozenset()

    @property
    def place(self) -> str:
        """The id of the channel."""
        return self._channel

    @property
    def may_double(self) -> bool:
        """Whether a message whose answer was lost can't be looked for, as far as is known."""
        if self._looking.sees is None:
            return not self._scopes & READING
        return not self._looking.sees

    async def send(self, dispatch: Dispatch, remember: Remember) -> str:
        """Shows the group as it stands, tells what happened, asks what is asked; raises `TryAgainError`."""
        sending = _Sending(self, dispatch, remember)
        try:
            return await sending.run()
        except SaidNoError as said:
            raise sending.failed(failure(said)) from None
        except TryAgainError as error:
            raise sending.failed(error) from None

    async def look(self) -> str:
        """Who the token belongs to, and what it may not do; changes nothing. Raises `TryAgainError`."""
        try:
            answer = await self._api.call("auth.test", self._token)
        except SaidNoError as said:
            raise failure(said) from None
        self._note_scopes(answer)
        if self._scopes and "chat:write" not in self._scopes:
            raise RefusedError("the app lacks chat:write: add it under OAuth & Permissions and install the app again")
        doubling = "; without channels:history a message can come twice after a broken connection" * (not self._scopes & READING)
        return f"signed in as {_word(answer.get('user'))} of {_word(answer.get('team'))}{doubling}"

    async def close(self) -> None:
        """Lets go of connections."""
        await self._web.close()

    async def post(self, post: Post, *, key: str, thread: str = "", rings: bool = True) -> str:
        """A new message; its id. `key` is found again in its metadata, and as the name of its first block. Raises `SaidNoError`, `TryAgainError`."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._next - loop.time()))
        arguments: dict[str, Any] = {"metadata": {"event_type": EVENT, "event_payload": {"id": key}}, **_NEVER_MIND}
        if thread:
            arguments |= {"thread_ts": thread, "reply_broadcast": rings}
        try:
            answer = await self._legibly("chat.postMessage", named(post, key), arguments)
        finally:
            # From its end on: however long it took, Slack had it by then.
            self._next = loop.time() + self._apart / 1000
        ts = answer.get("ts")
        if not isinstance(ts, str) or not ts:
            raise TryAgainError("what answered is not Slack: it named no message")
        return ts

    async def change(self, ts: str, post: Post) -> None:
        """Changes what was posted; as often as one likes. Raises `SaidNoError`, `TryAgainError`."""
        await self._legibly("chat.update", post, {"ts": ts, "parse": "none", "link_names": False})

    async def find(self, key: str, *, since: int, thread: str = "") -> str | None:
        """The message with that key; empty if there is none, None if nobody can tell. `since` is UTC milliseconds."""
        return await self._looking.find(key, since=since, thread=thread)

    def now(self) -> int:
        """UTC milliseconds."""
        return self._clock.wall()

    async def _legibly(self, method: str, post: Post, arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._api.call(method, self._token, channel=self._channel, text=post.text, blocks=post.blocks, **arguments)
            self._note_scopes(answer)
            return answer
        except SaidNoError as said:
            if said.code not in UNREADABLE:
                raise
            _log.warning("Slack did not like the form of a message (%s): it is sent as plain text", failure(said).reason)
        kept = {name: value for name, value in arguments.items() if name != "metadata"}
        if "ts" in kept:
            # Else those of before would stay.
            kept["blocks"] = ()
        return await self._api.call(method, self._token, channel=self._channel, text=post.text, **kept)

    def _note_scopes(self, answer: Mapping[str, Any]) -> None:
        if scopes := str(answer["scopes"]).replace(" ", ""):
            self._scopes = frozenset(scopes.split(","))


class _Sending:
    """One dispatch on its way."""

    def __init__(self, channel: SlackChannel, dispatch: Dispatch, remember: Remember) -> None:
        self._channel = channel
        self._dispatch = dispatch
        self._remember = remember
        # What was posted in another channel, or elsewhere altogether under this receiver's name, can't be changed from here; and what is asked has to be asked here, too.
        is_here = dispatch.posted.get(WHERE) == channel.place
        self._posted = dict(dispatch.posted) if is_here else {}
        self._stale = {} if is_here else dict.fromkeys(dispatch.posted, "") | {WHERE: channel.place}

    async def run(self) -> str:
        """All of it, from where it has come to."""
        message = message_of(self._dispatch.card, missed=self._dispatch.missed)
        await self._settle()
        shown = await self._show(message)
        asked = await self._ask()
        await self._tell()
        return f"{shown}{asked}"

    def failed(self, error: TryAgainError) -> TryAgainError:
        """The same for the dispatch as a whole: untouched only where nothing of it has arrived, nor may have."""
        error.untouched = error.untouched and self._posted.get("at") != self._dispatch.id and not self._is_trying()
        return error

    async def _show(self, message: Message) -> str:
        # What the agent says of itself is of no rule, and nothing to acknowledge.
        with_buttons = self._channel.with_buttons and any(entry.rule and entry.over is None for entry in self._dispatch.card.entries)
        post = blocks.card(message, with_buttons=with_buttons)
        if ts := self._posted.get(CARD):
            try:
                await self._channel.change(ts, post)
            except SaidNoError as said:
                if said.code not in GONE:
                    raise
                _log.info("A message in Slack can't be changed any more (%s): a new one takes its place", said.code)
                await self._keep({CARD: "", "told": self._dispatch.id})
            else:
                await self._keep({"at": self._dispatch.id})
                return "changed"
        # A question calls by itself, and nobody twice.
        if message.severity is Severity.CRITICAL and not message.is_over and not self._unasked():
            post = blocks.card(message, mention=self._channel.mention, with_buttons=with_buttons)
        await self._post("card", post, {"new": self._dispatch.id}, name=CARD)
        return "posted"

    def _unasked(self) -> list[Entry]:
        return [entry for entry in self._dispatch.card.entries if entry.approval and not self._posted.get(f"{ASK}{entry.approval}")]

    async def _ask(self) -> str:
        unasked = self._unasked()
        for entry in unasked:
            # As a card of its own: that of the group may have no room for it.
            (section,) = message_of(Card(group=self._dispatch.group, entries=(entry,))).sections
            name, action = f"{ASK}{entry.approval}", harmless(entry.action or "an action")
            post = blocks.question(section, action=action, mention=self._channel.mention, with_buttons=self._channel.with_buttons)
            await self._post(name, post, {}, name=name)
        return f", with {len(unasked)} question{'s' * (len(unasked) > 1)}" if unasked else ""

    async def _settle(self) -> None:
        """Questions that are no longer open lose their buttons."""
        card = self._dispatch.card
        still = {entry.approval for entry in card.entries if entry.approval}
        for name, ts in list(self._posted.items()):
            approval = name.removeprefix(ASK)
            # An alert without room on the card may still wait for an answer.
            if approval == name or not ts or approval in still or card.more:
                continue
            told = [line_of(notice) for notice in self._dispatch.notices if notice.approval == approval]
            try:
                await self._channel.change(ts, blocks.lines(told[-1:] or ["This question is over."]))
            except SaidNoError as said:
                if said.code not in GONE:
                    raise
            await self._keep({name: "", "at": self._dispatch.id})

    async def _tell(self) -> None:
        """What happened, in the thread; a card that has just been made says all of it if it was a single thing."""
        dispatch = self._dispatch
        is_new = self._posted.get("new") == dispatch.id
        if self._posted.get("told") == dispatch.id or not dispatch.notices or (is_new and len(dispatch.notices) == 1):
            return
        told = [line_of(notice) for notice in dispatch.notices]
        if dispatch.missed:
            told.insert(0, f"{dispatch.missed} more before that")
        rings = not is_new and any(map(_rings, dispatch.notices))
        mention = self._channel.mention if rings and dispatch.card.severity is Severity.CRITICAL else ""
        await self._post("thread", blocks.lines(told, mention=mention), {"told": dispatch.id}, thread=self._posted[CARD], rings=rings)

    async def _post(self, part: str, post: Post, lines: dict[str, str], *, name: str = "", thread: str = "", rings: bool = True) -> None:
        key = f"{self._dispatch.id}.{part}"
        ts: str | None = ""
        if self._is_trying(key):
            ts = await self._channel.find(key, since=self._since(), thread=thread)
            if ts is None:
                _log.warning("Message %s may come to Slack twice: whether it arrived can't be looked up", key)
        if not ts:
            await self._keep({"trying": f"{key} {self._channel.now()}"})
            try:
                ts = await self._channel.post(post, key=key, thread=thread, rings=rings)
            except SaidNoError as said:
                if failure(said).untouched:
                    await self._keep({"trying": ""})
                raise
            except TryAgainError as error:
                if error.untouched:
                    await self._keep({"trying": ""})
                raise
        await self._keep({**({name: ts} if name else {}), **lines, "at": self._dispatch.id, "trying": ""})

    def _is_trying(self, key: str = "") -> bool:
        tried = self._posted.get("trying", "").partition(" ")[0]
        return tried == key if key else tried.startswith(f"{self._dispatch.id}.")

    def _since(self) -> int:
        since = self._posted.get("trying", "").partition(" ")[2]
        return int(since) if since.isdecimal() else self._channel.now()

    async def _keep(self, lines: dict[str, str]) -> None:
        lines = self._stale | lines
        await self._remember(lines)
        self._stale = {}
        self._posted |= lines


def _rings(notice: Notice) -> bool:
    """Whether it is worth waking somebody for, where its group has a message already."""
    match notice.kind:
        case NoticeKind.REMINDER | NoticeKind.ESCALATED:
            return True
        case NoticeKind.FIRING | NoticeKind.ENDED:
            return notice.severity is Severity.CRITICAL
        case _:
            return False


def _word(name: object) -> str:
    text = str(name or "nobody")
    return text if text.isascii() and text.isprintable() and len(text) <= 80 else "somebody"
