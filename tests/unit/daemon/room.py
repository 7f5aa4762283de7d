"""A room in which an agent listens: a desk on a conversation with the engine, with a store's memory of what was posted."""

from typing import Any, cast

import msgspec

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.clock import Clock
from watchdog.daemon.crowd import Crowd
from watchdog.daemon.hearing import ReceiverDesk
from watchdog.daemon.turns import Turns
from watchdog.engine.approvals import Standing
from watchdog.engine.rules import RuleSet
from watchdog.model.cards import Card, Entry
from watchdog.model.cards import Standing as Stands
from watchdog.model.notices import Severity
from watchdog.model.verdicts import Mode
from watchdog.receivers.hearing import Posted, Said

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {cooldown: 10s, keep: 0%, answer_within: 30m}
    notify: [ops]
"""
ONE = "web1:10:abc"
TARGET = "web1/app[push]"
HOUR = 3_600_000
PEOPLE = (("matrix:@ada:example.org", "ada"), ("matrix:@ben:example.org", "ben"), ("local:root", "ada"))
ADA, EVE = "@ada:example.org", "@eve:example.org"
CARD = Posted("g1", "card")


def named(ruleset: RuleSet) -> RuleSet:
    """Rules under which only ada and ben may answer."""
    changed = tuple(msgspec.structs.replace(rule, guards={**rule.guards, "people": PEOPLE}) for rule in ruleset.rules)
    return ruleset.but(rules=changed, by_hand={**ruleset.by_hand, "people": PEOPLE})


class Remembered:
    """The store's side: one group whose card shows what fires, and what was put away."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self.refs: dict[str, tuple[str, str]] = {}
        self.put_away: dict[str, str] = {}
        self.approval = ""

    async def about(self, _receiver: str, ref: str) -> tuple[str, str] | None:
        """As it was set."""
        return self.refs.get(ref)

    async def card_of(self, _receiver: str, group: str) -> Card | None:
        """With every alert that there ever was."""
        if group != "g1":
            return None
        entries = tuple(
            Entry(thread=one.id, standing=Stands.FIRING, severity=Severity.WARNING, title=one.title, first=0, last=0, rule=one.rule, approval=self.approval)
            for one in self._talk.state.ledger.alerts.values()
        )  # fmt: skip
        over = Entry(
            thread="0.0", standing=Stands.RESOLVED, severity=Severity.INFO, title="over", first=0, last=0, over=1, rule="stuck-job"
        )
        return Card(group=group, entries=(over, *entries))

    async def noted(self, receiver: str, name: str) -> str:
        """What was put away."""
        return self.put_away.get(f"{receiver} {name}", "")

    async def note(self, receiver: str, name: str, value: str) -> None:
        """Puts it away."""
        self.put_away[f"{receiver} {name}"] = value

    async def answer_to(self, told: str) -> tuple[str, str] | None:
        """From the audit rows of the conversation."""
        return next(((row.outcome, row.reason) for row in self._talk.audit("operator") if row.detail.get("told") == told), None)


class TalkTurns:
    """A conversation in place of the loop of turns."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self.heard: list[Any] = []

    @property
    def rules(self) -> RuleSet:
        """Those in force."""
        return self._talk.rules

    @property
    def state(self) -> Any:
        """As it is now."""
        return self._talk.state

    async def settle(self, body: Any) -> Any:
        """One event."""
        self.heard.append(body)
        before = len(self._talk.effects)
        self._talk.hear(body)
        return tuple(self._talk.effects[before:])


class Now:
    """The conversation's time."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    def wall(self) -> int:
        """UTC."""
        return self._talk.booted_wall + self._talk.at

    def at(self) -> int:
        """Engine time."""
        return self._talk.at


class Room:
    """A room in which an agent listens."""

    def __init__(self, mode: Mode = Mode.ASK, *, host_name: str = "web1", wedged: bool = True, rule: str = RULE) -> None:
        self.talk = Conversation(named(rules(rule, mode)))
        if wedged:
            wedge(self.talk)
        self.turns = TalkTurns(self.talk)
        self.memory = Remembered(self.talk)
        self.crowd = Crowd()
        self.desk = self.new_desk(host_name)
        self.number = 0

    def new_desk(self, host_name: str = "web1") -> ReceiverDesk:
        """As after a reload."""
        return ReceiverDesk(
            "room", "matrix", memory=self.memory, answer=self.memory.answer_to, turns=cast("Turns", self.turns), clock=cast("Clock", Now(self.talk)), host=host_name, crowd=self.crowd
        )  # fmt: skip

    async def say(self, text: str, *, by: str = ADA, about: Posted | None = None, id_: str = "", asked: int | None = None) -> str:
        """Somebody says it now."""
        self.number += 1
        when = self.talk.booted_wall + self.talk.at if asked is None else asked
        answer = await self.desk.tell(Said(id=id_ or f"$e{self.number}:example.org", by=by, text=text, asked=when, about=about))
        assert all(line.isprintable() for line in answer.split("\n"))
        return answer

    @property
    def asked(self) -> str:
        """The id of the question."""
        return next(iter(self.talk.state.ledger.approvals))

    @property
    def standing(self) -> Standing:
        """How the question stands."""
        return self.talk.state.ledger.approvals[self.asked].standing


def wedge(talk: Conversation) -> None:
    """A process comes up, and its job is stuck for long enough to be asked about."""
    begin = talk.at + 1_000
    talk.hear(redis(process(ONE, begin), job(ONE, "j1", begin), complete=True), at=begin)
    talk.hear(host(found(ONE)))
    talk.wait(begin + 21_000)
    talk.hear(redis(process(ONE, begin + 21_000)))
    if talk.open:
        talk.answer(HEALTHY)
