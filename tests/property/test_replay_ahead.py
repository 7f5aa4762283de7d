"""Rules that are tried over files that somebody has looked at ahead say what they say when all of it is played."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.engine_simulated_rules import TEXTS
from tests.property.engine_simulation import Simulation
from tests.property.engine_trace import write_trace
from tests.property.test_engine_scope import ALL_RULES, STEP, Server
from tests.property.test_engine_traces import TRACES
from tests.scenario.conversation import Conversation, rules
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.model.events import encode
from watchdog.model.verdicts import Mode
from watchdog.replay import lookout
from watchdog.replay.ahead import play_all
from watchdog.replay.lookout import Lookout, Quiet
from watchdog.replay.trial import Trial
from watchdog.store.trace.reading import segments

USUAL = settings().max_examples
Log = list[tuple[str, RuleSet, bytes]]


class Recorded(Conversation):
    """A conversation whose log can be written as a trace."""

    def __init__(self, ruleset: RuleSet) -> None:
        self.log: Log = []
        super().__init__(ruleset)

    def crash(self, *, lose_world: bool = True) -> list[str]:
        self.log.append(("crash", NO_RULES, b""))
        return super().crash(lose_world=lose_world)

    def _take(self, body, ruleset):
        lines = super()._take(body, ruleset)
        self.log.append(("turn", ruleset, encode(self.events[-1][1])))
        return lines


def played(log: Log, rulesets: list[RuleSet], anew: set[int], every: int) -> list[Any]:
    """What is said, and what was covered: of all that was played, and where somebody has looked ahead from each `every`th file."""
    found = []
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookout, "LEAST", 0)
        # Nobody waits until he knows enough: it must be found out where he does not.
        patch.setattr(lookout, "_lack", lambda *_: 0)
        write_trace(log, Path(folder), anew=anew)
        files = tuple(segments(Path(folder)))
        for is_ahead in (False, True):
            known: dict[int, Quiet] = {}
            for begin in range(1, len(files), every) if is_ahead else ():
                ahead = Lookout(files, begin, len(files), [ruleset.but(mode=Mode.DRY_RUN) for ruleset in rulesets])
                while ahead.play_one():
                    pass
                known |= {number: quiet for quiet in ahead.tell() for number in range(quiet.first, quiet.end)}
            said: list[Any] = []
            trials = [
                Trial(ruleset, lambda *told, said=said, name=name: said.append((name, *told))) for name, ruleset in enumerate(rulesets)
            ]
            found.append((said, vars(play_all(files, trials, known.get, until=None))))
    return found


@settings(max_examples=max(50, USUAL // 3))
@given(TRACES, st.sets(st.integers(5, 120), min_size=12, max_size=40), st.integers(0, len(TEXTS) - 1), st.integers(0, len(TEXTS) - 1))
def test_whatever_happens_to_the_agent(steps, anew, number, other):
    """Crashes, reboots, undone turns, reloads, people and other rules in between: what is said of the whole is the same to the byte, and so is what was covered."""
    simulation = Simulation().play(steps)
    all_played, ahead = played(simulation.log, [rules(TEXTS[place], Mode.ACT) for place in (number, other)], anew, 3)

    assert all_played == ahead


def _some(numbers: set[int]) -> RuleSet:
    return ALL_RULES.but(rules=tuple(ALL_RULES.rules[number] for number in sorted(numbers)))


_RULES = st.sets(st.integers(0, len(ALL_RULES.rules) - 1), min_size=1, max_size=2)
_PAUSE = st.sampled_from([0, 1, 3, 6, 20, 40, 130])


@settings(max_examples=max(30, USUAL // 3))
@given(
    st.lists(st.tuples(STEP, _PAUSE), min_size=15, max_size=35),
    st.sets(st.integers(5, 150), min_size=10, max_size=40),
    st.integers(1, 5),
    _RULES,
    _RULES | st.just(set(range(len(ALL_RULES.rules)))),
    st.integers(0, 40),
)
def test_whatever_they_ask_of_the_past_and_of_others(steps, anew, every, numbers, before, crash):
    """Windows, held statements, aggregates, lookups and changes, of which the rules that decided kept some, or none: the same."""
    talk, server = Recorded(_some(before)), Server()
    talk.hear(server.everything())
    for number, (step, pause) in enumerate(steps):
        for body in server.bodies(step, talk.at):
            talk.hear(body)
        if number == crash:
            talk.crash()
            talk.hear(server.everything())
        talk.wait(talk.at + pause * 1_000)
    all_played, ahead = played(talk.log, [_some(numbers)], anew, every)

    assert all_played == ahead
