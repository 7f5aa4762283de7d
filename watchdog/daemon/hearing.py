"""
The desk: what people say by a receiver goes through here into the engine, and the answer back to them.

The counterpart of `orders.py`, which takes what is left on the machine. Who may say what the engine decides (`engine/speaking.py`, `engine/answering.py`); here is
only found out what is meant, which agent is meant, and whether somebody says too much of it. Arming, pausing and orders can't be said here at all.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from hashlib import sha256
from typing import Final, Protocol

from watchdog.clock import Clock
from watchdog.daemon.answers import answer_to
from watchdog.daemon.crowd import Crowd
from watchdog.daemon.turns import Turns
from watchdog.engine.speaking import person_of
from watchdog.lang.harmless import harmless
from watchdog.model.cards import Card
from watchdog.model.effects import Audit, Effect
from watchdog.model.told import (
    SAID,
    OperatorAcknowledged,
    OperatorApproved,
    OperatorDenied,
    OperatorLooked,
    OperatorSilenced,
)
from watchdog.receivers.hearing import ASK, Posted, Said
from watchdog.receivers.spoken import SEEN_FOR, Answered, Hushed, Looked, Meant, Puzzled, Seen, read

LOG: Final = logging.getLogger("watchdog")
_OVER: Final = "nothing of it goes on any more"
_SEEN: Final = "seen"
_LONGEST_NAME: Final = 255
"""No server calls anybody by more letters."""
_ByReceiver = OperatorApproved | OperatorDenied | OperatorAcknowledged | OperatorSilenced | OperatorLooked


class Memory(Protocol):
    """As much of `store.post.Post` as a desk needs."""

    async def about(self, receiver: str, ref: str, /) -> tuple[str, str] | None:
        """Group and name of the message that the receiver remembered as `ref`."""

    async def card_of(self, receiver: str, group: str, /) -> Card | None:
        """The group as that receiver was shown it last."""

    async def noted(self, receiver: str, name: str, /) -> str:
        """What its listener has put away."""

    async def note(self, receiver: str, name: str, value: str, /) -> None:
        """Puts it away."""


Answer = Callable[[str], Awaitable[tuple[str, str] | None]]
"""Outcome and reason of the command with that id, as they stand in the audit log; None where none does."""


class ReceiverDesk:
    """
    The desk of one receiver; `channel` is its type, by which the config names people. `host` is the name of this one, which can be addressed.

    `crowd` is the same for all receivers: whoever is in several rooms is one.
    """

    def __init__(
        self, receiver: str, channel: str, *, memory: Memory, answer: Answer, turns: Turns, clock: Clock, host: str, crowd: Crowd
    ) -> None:
        self._receiver = receiver
        self._channel = channel
        self._memory = memory
        self._answer_to = answer
        self._turns = turns
        self._clock = clock
        self._host = host
        self._crowd = crowd

    async def about(self, ref: str) -> Posted | None:
        """Which of our messages that is. Raises `StoreError`."""
        found = await self._memory.about(self._receiver, ref)
        return None if found is None else Posted(*found)

    async def kept(self, name: str) -> str:
        """What was put away. Raises `StoreError`."""
        return await self._memory.noted(self._receiver, name)

    async def keep(self, name: str, value: str) -> None:
        """Puts it away. Raises `StoreError`."""
        await self._memory.note(self._receiver, name, value)

    async def tell(self, said: Said) -> str:
        """Into the engine, and the answer. Raises `StoreError` where only what is remembered can't be read."""
        host, meant = read(said.text, is_reply=said.about is not None)
        if (host and host.lower() != self._host.lower()) or len(said.by) > _LONGEST_NAME:
            return ""
        person = person_of(self._turns.rules, self._channel, said.by)
        told = await self._meant(said, meant, is_addressed=bool(host))
        if isinstance(told, str):
            return self._answered(told) if person else ""
        now = self._clock.wall()
        who = f"{self._channel}:{said.by}"
        if not (self._crowd.hears_person(who, now) if person else self._crowd.hears_stranger(who, now)):
            LOG.debug("%s says too much by %s", harmless(said.by, 100), self._receiver)
            return ""
        row = _row_of(await self._turns.settle(told), told.id) or await self._answer_to(told.id)
        if not person:
            return ""
        answer = "" if row is None else sentence(*row)
        if isinstance(told, OperatorLooked) and isinstance(meant, Looked):
            answer = answer_to(meant, rules=self._turns.rules, state=self._turns.state, at=self._clock.at())
        return self._answered(answer)

    def _answered(self, answer: str) -> str:
        return f"{self._host}: {answer}" if answer else ""

    async def _meant(self, said: Said, meant: Meant, *, is_addressed: bool) -> "_ByReceiver | str":
        """What the engine is told, or the answer where it need not be told anything; empty where another agent may be meant."""
        match meant:
            case Puzzled(answer=answer):
                return answer
            case Answered():
                return await self._answer(said, meant, is_addressed=is_addressed)
            case Seen():
                return await self._seen(said, meant, is_addressed=is_addressed)
            case Hushed(lasts=lasts, reason=reason, matches=matches, labels=labels):
                asked = self._asked(said)
                return OperatorSilenced(
                    id=self._id(said), by=said.by, reason=reason or _SEEN, asked=asked, until=asked + lasts, rule=matches.get("rule", ""),
                    target=matches.get("target", ""), entity=matches.get("entity", ""), labels=dict(labels), channel=self._channel,
                )  # fmt: skip
            case Looked(what=what):
                return OperatorLooked(id=self._id(said), by=said.by, reason="", asked=self._asked(said), what=what, channel=self._channel)

    async def _answer(self, said: Said, meant: Answered, *, is_addressed: bool) -> "_ByReceiver | str":
        about = said.about
        approval = meant.approval or (about.name.removeprefix(ASK) if about is not None and about.name.startswith(ASK) else "")
        if not approval:
            assert about is not None  # without an id and without a message it would have been puzzling
            return await self._seen_as_card(said, about, yes=meant.yes)
        if approval not in self._turns.state.ledger.approvals and about is None and not is_addressed:
            return ""
        common = {"id": self._id(said), "by": said.by, "approval": approval, "channel": self._channel}
        if meant.yes:
            return OperatorApproved(**common, reason=meant.reason, asked=self._asked(said))
        return OperatorDenied(**common, reason=meant.reason or "no reason given", asked=self._asked(said))

    async def _seen_as_card(self, said: Said, about: Posted, *, yes: bool) -> "_ByReceiver | str":
        """A yes or no to a message that asks nothing: a yes says that it was seen, a no says nothing at all."""
        card = await self._memory.card_of(self._receiver, about.group)
        asked = [entry.approval for entry in card.entries if entry.approval and entry.over is None] if card is not None else []
        if asked:
            return f"what is asked has a message of its own; answer that, or write: {'approve' if yes else 'deny'} {asked[-1]}"
        return await self._seen(said, Seen(SEEN_FOR, ""), is_addressed=True) if yes else ""

    async def _seen(self, said: Said, meant: Seen, *, is_addressed: bool) -> "_ByReceiver | str":
        if meant.incident:
            if is_addressed or said.about is not None:
                return self._acknowledged(said, meant, incident=meant.incident)
            # Every agent counts from one.
            return (
                f"several hosts may have a {meant.incident}; write: {self._host} ack {meant.incident}" if self._has(meant.incident) else ""
            )
        if meant.rule:
            if not is_addressed and self._is_elsewhere(meant.target):
                return ""
            return self._acknowledged(said, meant, rule=meant.rule, target=meant.target)
        assert said.about is not None  # without words and without a message it would have been puzzling
        if said.about.name.startswith(ASK):
            one = self._turns.state.ledger.approvals.get(said.about.name.removeprefix(ASK))
            return _OVER if one is None else self._acknowledged(said, meant, rule=one.rule, target=one.target)
        card = await self._memory.card_of(self._receiver, said.about.group)
        alerts = tuple(entry.thread for entry in card.entries if entry.over is None and entry.rule) if card is not None else ()
        return self._acknowledged(said, meant, alerts=alerts) if alerts else _OVER

    def _acknowledged(
        self, said: Said, meant: Seen, *, incident: str = "", alerts: tuple[str, ...] = (), rule: str = "", target: str = ""
    ) -> OperatorAcknowledged:
        asked = self._asked(said)
        return OperatorAcknowledged(
            id=self._id(said), by=said.by, reason=meant.reason or _SEEN, asked=asked, until=asked + meant.lasts, channel=self._channel, incident=incident,
            alerts=alerts, rule=rule, target=target,
        )  # fmt: skip

    def _has(self, incident: str) -> bool:
        """Whether there is an incident or an alert of that id here."""
        ledger = self._turns.state.ledger
        return incident in ledger.playbooks or any(one.id == incident for one in ledger.alerts.values())

    def _is_elsewhere(self, target: str) -> bool:
        """Whether a target names the host that it is on, and it is not this one."""
        host, slash, _ = target.partition("/")
        return (
            bool(slash)
            and host.lower() != self._host.lower()
            and not any(target in (one.target, one.entity) for one in self._turns.state.ledger.alerts.values())
        )

    def _asked(self, said: Said) -> int:
        """A server whose clock is ahead makes nobody's word younger than it is."""
        return min(said.asked, self._clock.wall())

    def _id(self, said: Said) -> str:
        return f"{SAID}{sha256(f'{self._receiver}|{said.id}'.encode(errors='surrogatepass')).hexdigest()[:24]}"


def _row_of(effects: Iterable[Effect], told: str) -> tuple[str, str] | None:
    """Outcome and reason of what the engine has answered; None where it had heard it before."""
    rows = (effect.row for effect in effects if isinstance(effect, Audit))
    return next(((row.outcome, row.reason) for row in rows if row.kind == "operator" and row.detail.get("told") == told), None)


def sentence(outcome: str, reason: str) -> str:
    """An answer of the engine on one line."""
    return harmless(f"{outcome}: {reason}" if reason else outcome, 500)
