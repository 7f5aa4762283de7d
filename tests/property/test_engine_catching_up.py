"""Histories that were saved a while before a crash, carried on over what was recorded since: what the uninterrupted agent remembers."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_engine_scope import ALL_RULES, STEP, Server
from tests.scenario.conversation import Conversation, rules
from watchdog.engine.advance import advance
from watchdog.engine.catching_up import caught_up
from watchdog.engine.remembered import unpack_to_go_on
from watchdog.engine.saved import histories_in, read_saved
from watchdog.engine.state import begin, keep
from watchdog.model.events import Body, Event, Observed, TimeReached

USUAL = settings().max_examples


class Recorded(Conversation):
    """A conversation of which all is written down that a trace would hold: also turns that were undone, and what was only noted."""

    def __init__(self) -> None:
        self.trace: list[Event] = []
        super().__init__(ALL_RULES)

    def _take(self, body, ruleset):
        self.trace.append(Event(self.seq + 1, self.at, self.booted_wall + self.at, body))
        return super()._take(body, ruleset)

    def undo(self, body: Body) -> None:
        """A turn that can't be committed; another reading of the same comes meanwhile, and then it can."""
        event = Event(self.seq + 1, self.at, self.booted_wall + self.at, body)
        self.trace.append(event)
        advance(self.rules, self.state, event)
        self.state.world.must_judge_all = True
        if isinstance(body, Observed):
            self.at += 700
            noted = Event(self.seq + 1, self.at, self.booted_wall + self.at, body)
            self.trace.append(noted)
            self.state.world.take(body, self.at)
        self.at += 1_000
        self.hear(TimeReached() if isinstance(body, Observed) else body)

    def kept(self) -> bytes:
        """As the daemon keeps it."""
        data = keep(self.state, at=self.at, wall=self.booted_wall + self.at, seq=self.seq)
        assert data is not None
        return data


def remembered(data: bytes) -> dict[str, Any]:
    """Everything that can be asked for: the steps of every entity, and what was covered in the longest window."""
    series, coverage, _ = unpack_to_go_on(histories_in(data))
    coverage.trim(read_saved(data).at - 250_000)
    return {
        "steps": {
            key: {entity: (list(track.times), list(track.states), track.states.typecode) for entity, track in kept.tracks.items()}
            for key, kept in series.items()
        },
        "coverage": coverage.times,
        "since": {key: (kept.since, kept.window) for key, kept in series.items()},
    }


@settings(max_examples=max(60, USUAL))
@given(
    st.lists(STEP, min_size=1, max_size=15), st.lists(STEP, min_size=1, max_size=15), st.sets(st.integers(0, 14), max_size=3),
    st.booleans(),
)  # fmt: skip
def test_killed_anywhere_it_remembers_what_was_recorded(before, since, undone, waits):
    """Killed after any event: what it knows at its next start is what it knew then, step by step, and nothing after it is covered."""
    talk, server = Recorded(), Server()
    talk.hear(server.everything())
    for step in before:
        for body in server.bodies(step, talk.at):
            talk.hear(body)
        talk.wait(talk.at + step[3] * 1_000)
    saved, anchor = talk.kept(), len(talk.trace)
    for number, step in enumerate(since):
        for body in server.bodies(step, talk.at):
            if number in undone:
                talk.undo(body)
            else:
                talk.hear(body)
        if waits or number < len(since) - 1:
            talk.wait(talk.at + step[3] * 1_000)
    if len(talk.trace) > anchor:
        # It dies right after its last event: what nobody recorded is not known.
        talk.at = talk.trace[-1].at

    assert remembered(caught_up(saved, talk.trace[anchor:], ALL_RULES.series)) == remembered(talk.kept())


@settings(max_examples=max(15, USUAL // 4))
@given(st.lists(STEP, min_size=3, max_size=12), st.lists(STEP, min_size=1, max_size=12), st.integers(0, 40))
def test_what_was_not_recorded_is_not_covered(before, since, most):
    """Wherever the record ends, what comes out is what was known then: whoever begins with it has the same doubt about all that came after."""
    talk, server = Recorded(), Server()
    talk.hear(server.everything())
    for step in before:
        for body in server.bodies(step, talk.at):
            talk.hear(body)
        talk.wait(talk.at + step[3] * 1_000)
    saved, anchor = talk.kept(), len(talk.trace)
    for step in since:
        for body in server.bodies(step, talk.at):
            talk.hear(body)
        talk.wait(talk.at + step[3] * 1_000)

    got = caught_up(saved, talk.trace[anchor:], ALL_RULES.series, most=most)
    told = read_saved(got)
    assert told.at <= talk.at
    successor = Conversation(ALL_RULES, started=False)
    successor.at = talk.at + 5_000
    successor.state = begin(talk.state.ledger, history=got)
    successor.start()
    for times in successor.state.world.history._coverage.times.values():
        ends = times[1::2] + [2**62] * (len(times) % 2)
        assert all(until <= told.at or since >= successor.at for since, until in zip(times[::2], ends, strict=True))


def test_other_rules_take_only_what_was_kept():
    """A series that was not kept has no picture behind it: it begins at the start, and is not taken for one in which nothing ever was."""
    talk, server = Recorded(), Server()
    talk.hear(server.everything())
    talk.wait(5_000)
    saved, anchor = talk.kept(), len(talk.trace)
    talk.hear(server.bodies(("size", 0, 10, 0), talk.at)[0])
    wider = rules(
        "rules:\n  - {rule: new, each: redis, when: 'max(redis.clients, 1m) > 4'}\n  - {rule: full, each: queue, when: 'avg(queue.size, 2m) > 4'}"
    )

    got = remembered(caught_up(saved, talk.trace[anchor:], wider.series))
    assert list(got["steps"]) == ["queue: queue.size"]
    assert got["steps"]["queue: queue.size"]["push"][1] == [7]


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 40])
def test_damage_is_said(data):
    """What can't be read is no history."""
    from watchdog.engine.remembered import BrokenHistoryError

    with pytest.raises(BrokenHistoryError):
        caught_up(data, [], ALL_RULES.series)
