"""Whoever goes on from a checkpoint, at whatever moment, goes on as if he had been there all the time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.engine_simulation import Simulation
from tests.property.test_engine_scope import ALL_RULES, STEP, Server
from tests.property.test_engine_traces import TRACES
from tests.scenario.conversation import Conversation
from watchdog.engine.checkpoint import checkpoint, hold, rebuild
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.state import keep

USUAL = settings().max_examples


class Interrupted(Simulation):
    """Goes on from a checkpoint before every event, wherever the turn before was committed; one is encoded only after it, and is the same."""

    in_force: RuleSet = NO_RULES

    def _take(self, body, ruleset):
        data, encode = b"", None
        if not self.state.world.must_judge_all:
            data = checkpoint(self.state, at=self.at, wall=self.wall)
            self.state = rebuild(data, self.in_force)
            assert checkpoint(self.state, at=self.at, wall=self.wall) == data
            encode = hold(self.state, at=self.at, wall=self.wall)
        self.in_force = ruleset
        taken = super()._take(body, ruleset)
        assert encode is None or encode(tuple) == data
        return taken

    def crash(self, *, lose_world=True):
        self.in_force = NO_RULES
        return super().crash(lose_world=lose_world)


@settings(max_examples=max(20, USUAL // 4))
@given(TRACES)
def test_every_moment_is_one_to_go_on_from(steps):
    """Actions under way, requests, pauses, crashes, reboots, undone turns: the effects are those of an agent that never left."""
    assert Interrupted().play(steps).said == Simulation().play(steps).said


@settings(max_examples=max(20, USUAL // 4))
@given(st.lists(STEP, min_size=5, max_size=30), st.sets(st.integers(0, 29)))
def test_histories_aggregates_and_changes_go_on(steps, moments):
    """Under rules that look back, across and wait for changes the effects are the same, and so is all that is remembered, to the byte."""
    talk, other = Conversation(ALL_RULES), Conversation(ALL_RULES)
    for one, interrupted in ((talk, False), (other, True)):
        server = Server()
        one.hear(server.everything())
        for number, step in enumerate(steps):
            if interrupted and number in moments:
                data = checkpoint(one.state, at=one.at, wall=one.booted_wall + one.at)
                one.state = rebuild(data, ALL_RULES)
                assert checkpoint(one.state, at=one.at, wall=one.booted_wall + one.at) == data
            for body in server.bodies(step, one.at):
                one.hear(body)
            one.wait(one.at + step[3] * 1_000)

    assert other.effects == talk.effects
    assert other.state.ledger == talk.state.ledger
    kept = [keep(one.state, at=one.at, wall=one.booted_wall + one.at) for one in (talk, other)]
    assert kept[0] == kept[1]
