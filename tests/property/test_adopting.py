"""Whatever had been begun elsewhere, and whatever happens here: it sends nothing, puts nothing back and calls nothing; not before it is adopted, and not after."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.engine_simulation import Simulation
from tests.property.test_engine_traces import STEP, TRACES, USUAL, random_trace
from watchdog.engine.doubt import Binding
from watchdog.model.effects import CallUnit, Effect, LookAfterLocks, PutBack, ReleaseJobs, SendSignal, TakeJobs
from watchdog.model.told import OperatorAdopted
from watchdog.model.verdicts import Mode

HERE = Binding("4f00", "web1", "10.0.0.1:6379/0")
OTHERS = (
    msgspec.structs.replace(HERE, machine="beef"),
    msgspec.structs.replace(HERE, redis="10.0.0.2:6379/0"),
    msgspec.structs.replace(HERE, host="web9"),
)
CHANGING = (SendSignal, PutBack, CallUnit, TakeJobs, ReleaseJobs)
MORE = st.lists(STEP, max_size=40)


def changes(effects: list[Effect]) -> list[Effect]:
    """What would change the world."""
    return [effect for effect in effects if isinstance(effect, CHANGING) or (isinstance(effect, LookAfterLocks) and effect.release)]


def moved(steps: list[tuple[str, int, int]], where: Binding) -> Simulation:
    """An agent in the middle of things, whose memory is then found elsewhere."""
    simulation = Simulation(Mode.ACT)
    simulation.binding = HERE
    simulation.crash()
    simulation.play(steps)
    simulation.failing = False
    simulation.binding = where
    simulation.crash()
    return simulation


@settings(max_examples=max(80, USUAL))
@given(TRACES, MORE, st.sampled_from(OTHERS))
def test_nothing_is_done_elsewhere(first, then, where):
    """Over any readings, answers, losses, reloads, crashes and reboots, without a person's word."""
    simulation = moved(first, where)
    already = len(simulation.effects)
    simulation.play(then)
    assert changes(simulation.effects[already:]) == []
    assert simulation.state.ledger.doubt is not None
    assert simulation.state.ledger.mode is not Mode.ACT


@settings(max_examples=max(80, USUAL))
@given(TRACES, MORE, MORE, st.sampled_from(OTHERS))
def test_adopted_nothing_of_before_is_carried_on(first, between, then, where):
    """Whatever is done from then on belongs to an incident that was opened afterwards."""
    simulation = moved(first, where)
    before = {playbook.id for playbook in simulation.state.ledger.doubt.playbooks.values()}  # type: ignore[union-attr]
    simulation.play(between)
    simulation.failing = False
    simulation.hear(OperatorAdopted(id="a1", by="ada", reason="looked", asked=simulation.booted_wall + simulation.at))
    assert simulation.state.ledger.doubt is None
    already = len(simulation.effects)
    simulation.play(then)
    rows = [effect.row for effect in simulation.effects[already:] if hasattr(effect, "row")]
    assert not before & {row.incident for row in rows if row.kind in ("intent", "outcome")}
    assert not before & set(simulation.state.ledger.playbooks)


@settings(max_examples=max(80, USUAL))
@given(TRACES, MORE, MORE, st.sampled_from(OTHERS))
def test_back_where_it_belongs_everything_goes_on(first, between, then, where):
    """What was put away is there again, each incident as it was; each of them is under way, asked for, or waits for its proof: none is forgotten, and nothing is wrong with what follows."""
    simulation = moved(first, where)
    doubt = simulation.state.ledger.doubt
    assert doubt is not None
    simulation.play(between)
    simulation.failing = False
    simulation.binding = HERE
    simulation.crash()
    ledger = simulation.state.ledger
    assert ledger.doubt is None
    assert set(doubt.playbooks) <= {row.incident for row in simulation.audit("incident")}
    under_way = {run.incident for run in ledger.runs.values()} | {request.playbook for request in ledger.requests.values()}
    assert [one.id for one in ledger.playbooks.values() if one.id not in under_way and one.proof is None] == []
    simulation.play(then)
    assert [wrong for wrong in simulation.wrong if "lost over a restart" not in wrong] == []


def test_the_traces_reach_what_they_are_meant_to_try():
    """Among some there are runs that were put away, with an intent that has no outcome among them, and actions after the adoption."""
    put_away = intents = acted = 0
    for seed in range(40):
        simulation = moved(random_trace(seed, 80), OTHERS[seed % 2])
        doubt = simulation.state.ledger.doubt
        assert doubt is not None
        put_away += len(doubt.runs)
        intents += sum(run.intent != "" for run in doubt.runs.values())
        simulation.hear(OperatorAdopted(id="a1", by="ada", reason="looked", asked=simulation.booted_wall + simulation.at))
        already = len(simulation.effects)
        simulation.play(random_trace(seed + 100, 120))
        acted += len(changes(simulation.effects[already:]))
    assert put_away > 5
    assert intents > 0
    assert acted > 5
