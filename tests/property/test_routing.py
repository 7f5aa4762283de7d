"""Routes, inhibitions, silences, acknowledgements, restarts and reloads in any order: nobody is told what he must not be, and nothing is lost."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.routing_witness import Witness
from tests.scenario.conversation import Conversation, redis
from tests.scenario.routed import HOUR, MINUTE, full, queue, under
from watchdog.engine.checkpoint import checkpoint, rebuild
from watchdog.engine.due import next_due
from watchdog.model.effects import Notify
from watchdog.model.events import RulesLoaded, TimeReached
from watchdog.model.told import OperatorAcknowledged, OperatorSilenced

LEVELS = "escalate: [{after: 30m, to: [pager]}, {after: 2h, to: [chat]}]"
ROUTINGS = {
    "plain": f"routes: [{{route: plain, notify: [ops], repeat: 1h, {LEVELS}}}]",
    "quiet": f"routes: [{{route: nights, match: {{severity: warning}}, notify: [ops], repeat: 1h, {LEVELS}, quiet_hours: {{from: '20:00', to: '06:00', zone: UTC}}}},"
    "{route: else, notify: [chat], repeat: 1h, group_by: [rule, entity]}]",
    "hiding": f"routes: [{{route: some, match: {{rule: full}}, notify: [ops, chat], repeat: 1h, group_by: entity}}, {{route: most, match: {{entity: [push, redis]}}, notify: [ops], repeat: 1h, {LEVELS}}}]\n"
    "inhibit: [{when: {rule: full}, hides: {each: queue}}, {when: {rule: slow-queue}, hides: {rule: long-queue}, same: [queue]}, {when: {rule: long-queue}, hides: {rule: full}}]",
}
RULESETS = {name: under(text) for name, text in ROUTINGS.items()}
QUEUES = ("push", "pull")
STEP = st.tuples(
    st.sampled_from(
        ["long", "long", "short", "slow", "full", "empty", "wait", "wait", "wait", "silence", "ack", "crash", "load", "checkpoint"]
    ),
    st.integers(0, 2),
    st.sampled_from([1, 20, 45, 90, 400, 1_500]),
)
"""What happens, to which queue, and with which number of minutes."""


class Talk:
    """A conversation that its witness sees whole."""

    def __init__(self, name: str) -> None:
        self.talk = Conversation(RULESETS[name])
        self.readings: dict[str, tuple[int, int]] = dict.fromkeys(QUEUES, (0, 0))
        self.memory = 50
        self.seen = 0
        self.said = 0
        self.witness = Witness(_group_of)
        self.talk.hear(self._reading(), at=1_000)
        self.watch()

    def _reading(self) -> Any:
        return redis(*(queue(name, *numbers) for name, numbers in self.readings.items()), complete=True)

    def watch(self) -> None:
        """Shows the witness what came of the last event."""
        self.witness.see(self.talk.effects[self.seen :], self.talk.at, self.talk.booted_wall + self.talk.at)
        self.seen = len(self.talk.effects)
        self.witness.look(self.talk.state, self.talk.at)

    def read(self, name: str, size: int, latency: int) -> None:
        """A reading of one queue."""
        self.readings[name] = (size, latency)
        self.talk.hear(redis(queue(name, size, latency)))
        self.watch()

    def wait(self, until: int) -> None:
        """Time passes, and each moment at which something is due is seen by itself."""
        while (due := next_due(self.talk.state)) is not None and due <= until:
            self.talk.hear(TimeReached(), at=max(due, self.talk.at))
            self.watch()
        self.talk.at = until

    def step(self, what: str, number: int, minutes: int) -> None:
        """One thing happens."""
        talk, name = self.talk, QUEUES[number % 2]
        size, latency = self.readings[name]
        self.said += 1
        now = talk.booted_wall + talk.at
        until = talk.at + minutes * MINUTE
        common: dict[str, Any] = {"id": f"c{self.said}", "by": "ada", "reason": "x", "asked": now, "until": now + minutes * MINUTE}
        match what:
            case "long":
                self.read(name, 20, latency)
            case "short":
                self.read(name, 0, 0)
            case "slow":
                self.read(name, size, 10 * MINUTE)
            case "full" | "empty":
                self.memory = 200 if what == "full" else 50
                full(talk, self.memory)
            case "wait":
                self.wait(until)
            case "silence":
                talk.hear(OperatorSilenced(**common, entity=name))
                self.witness.silences[name] = max(until, self.witness.silences.get(name, 0))
            case "ack":
                talk.hear(OperatorAcknowledged(**common, rule="long-queue", target=name))
                if talk.audit("operator")[-1].outcome == "acknowledged":
                    self.witness.acks["long-queue", name] = until
            case "crash":
                talk.crash()
                self.watch()
                full(talk, self.memory)
                self.watch()
                talk.hear(self._reading())
            case "load":
                talk.rules = list(RULESETS.values())[number]
                talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode))
            case "checkpoint":
                data = checkpoint(talk.state, at=talk.at, wall=now)
                talk.state = rebuild(data, talk.rules)
        self.watch()


def _group_of(notice: Any) -> Any:
    """What alerts of its group must have in common whatever the routes are: the rule."""
    return notice.rule


@pytest.mark.parametrize("name", ROUTINGS)
@settings(max_examples=max(100, settings().max_examples))
@given(steps=st.lists(STEP, min_size=5, max_size=40))
def test_any_order(name, steps):
    """The laws hold after each event; when everything is over, nothing is left of it."""
    talk = Talk(name)
    for step in steps:
        talk.step(*step)
    talk.wait(talk.talk.at + 8 * 24 * HOUR)
    for queue_name in QUEUES:
        talk.read(queue_name, 0, 0)
    full(talk.talk, 50)
    talk.watch()
    assert talk.talk.state.ledger.alerts == {}
    book = talk.talk.state.ledger.routing
    assert (book.tellings, book.causes, book.ended) == ({}, {}, {})
    assert len(book.groups) <= 12


def test_the_laws_can_be_broken():
    """Whoever forgets to ask whether it is silenced, or tells too soon, is caught."""
    talk = Talk("plain")
    talk.read("push", 20, 0)
    told = next(effect for effect in talk.talk.effects if isinstance(effect, Notify))
    talk.witness.silences["push"] = talk.talk.at + MINUTE
    with pytest.raises(AssertionError, match="silenced"):
        talk.witness.see([told], talk.talk.at, 0)


def test_every_routing_is_read():
    """Otherwise the traces above would be of nothing."""
    assert [len(rules.routing.routes) for rules in RULESETS.values()] == [1, 2, 2]
