"""What was recorded of any conversation says the same again when it is replayed from the files, and can be tried under other rules."""

import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.engine_simulated_rules import SETS, TEXTS
from tests.property.engine_simulation import Simulation
from tests.property.engine_trace import write_trace
from tests.property.test_engine_traces import TRACES
from tests.scenario.conversation import rules
from watchdog.model.effects import Audit, Effect, KeepIncident
from watchdog.model.events import Event
from watchdog.model.verdicts import Mode
from watchdog.replay.exact import Exact
from watchdog.replay.replaying import play
from watchdog.replay.trial import Trial

USUAL = settings().max_examples


@settings(max_examples=max(30, USUAL // 4))
@given(TRACES, st.sets(st.integers(5, 120), max_size=6))
def test_replayed_from_its_files_it_says_the_same(steps, anew):
    """Crashes, reboots, undone turns, reloads among five sets of rules, files of any length: effect by effect what was committed, idle turns apart, which have none."""
    simulation = Simulation().play(steps)
    said: list[bytes] = []

    def hear(_: Event, effects: tuple[Effect, ...]) -> None:
        said.append(msgspec.json.encode(list(effects)))

    with tempfile.TemporaryDirectory() as folder:
        write_trace(simulation.log, Path(folder), anew=anew)
        covered = play(Path(folder), (Exact(SETS[Mode.ACT], hear),))

    assert said == [one for one in simulation.said if one != b"[]"]
    # Between the end of one agent and the start of the next something may be missing; nothing else is.
    assert all("cut off" in lack.reason for lack in covered.missing)


@settings(max_examples=max(20, USUAL // 6))
@given(TRACES, st.integers(0, len(TEXTS) - 1))
def test_other_rules_do_nothing_and_find_what_is_there(steps, number):
    """Whatever was recorded, rules that are tried ask for no effect that would change the world, and come to an end; tried twice they say the same."""
    simulation = Simulation().play(steps)
    ruleset = rules(TEXTS[number], Mode.ACT)
    told: list[list[Effect]] = []
    with tempfile.TemporaryDirectory() as folder:
        write_trace(simulation.log, Path(folder))
        for _ in range(2):
            told.append([])
            play(Path(folder), (Trial(ruleset, lambda _, effects: told[-1].extend(effects)),))

    assert told[0] == told[1]
    rows = [effect.row for effect in told[0] if isinstance(effect, Audit)]
    assert not [row for row in rows if row.kind in ("intent", "outcome")]
    assert not [row for row in rows if row.kind == "decision" and row.decision == "ALLOW"]
    assert all(effect.incident.outcome == "would" for effect in told[0] if isinstance(effect, KeepIncident))
