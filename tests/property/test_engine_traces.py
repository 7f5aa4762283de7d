"""What holds of the engine whatever happens to it: any order of readings, answers, losses, reloads, failed commits, crashes and reboots."""

import os
import random
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.engine_simulation import STEPS, Simulation, Step, replay
from watchdog.model.effects import CallUnit, SendSignal
from watchdog.model.verdicts import Mode

USUAL = settings().max_examples
"""Of the profile; what is fast enough is tried more often even by the fast one."""
ROOT = Path(__file__).parents[2]
STEP = st.tuples(st.sampled_from(STEPS), st.integers(0, 5), st.integers(0, 11))
WARM_UP: list[Step] = [
    ("appear", 0, 1),
    ("appear", 1, 1),
    ("appear", 2, 1),
    ("appear", 3, 1),
    ("read", 0, 1),
    ("job", 1, 4),
    ("job", 0, 5),
    ("job", 2, 6),
]
TRACES = st.lists(STEP, min_size=10, max_size=60).map(lambda steps: WARM_UP + steps)
"""Four processes with a job each, nearly stuck, and then anything."""


def random_trace(seed: int, length: int = 250) -> list[Step]:
    """The same trace for the same seed, in every process."""
    chance = random.Random(seed)
    return WARM_UP + [(chance.choice(STEPS), chance.randrange(6), chance.randrange(12)) for _ in range(length)]


def digest() -> str:
    """What the engine said over some long traces."""
    said = sha256()
    for seed in range(4):
        simulation = Simulation(list(Mode)[seed % 4] if seed else Mode.ACT).play(random_trace(seed))
        for line in simulation.said:
            said.update(line)
    return said.hexdigest()


@settings(max_examples=max(250, USUAL))
@given(TRACES)
def test_act_never_does_what_it_must_not(steps):
    """
    In act, whatever happens, the witness has nothing to complain of.

    No TERM inside a cooldown, beyond a budget, of a rule that has demoted itself, beside another action, for something that is not so, while blind or paused; KILL only after the TERM that was
    sent to the same process, and `grace`; one request a target; nothing stuck, lost, asked twice, or denied without a reason.
    """
    assert Simulation().play(steps).wrong == []


@settings(max_examples=max(80, USUAL))
@given(TRACES, st.sampled_from([Mode.DRY_RUN, Mode.ASK, Mode.OBSERVE]))
def test_no_other_mode_sends_a_signal(steps, mode):
    """In dry-run, ask and observe the witness has nothing to complain of, and no signal is ever asked for."""
    simulation = Simulation(mode).play(steps)

    assert simulation.wrong == []
    assert not any(isinstance(effect, SendSignal) for effect in simulation.effects)


@settings(max_examples=max(60, USUAL))
@given(TRACES)
def test_dry_run_decides_as_act_would(steps):
    """Up to the first action, dry-run's decisions are those of act, guard by guard and reason by reason."""
    assert _decisions(Simulation(Mode.DRY_RUN).play(steps), "DRY_RUN") == _decisions(Simulation(Mode.ACT).play(steps), "ALLOW")


def _decisions(simulation: Simulation, allowed: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for row in simulation.audit("decision"):
        rows.append(
            (row.rule, row.target, "yes" if row.decision == allowed else row.decision, row.guard, row.reason, row.outcome, str(row.wall))
        )
        if row.decision == allowed:
            break
    return rows


@settings(max_examples=max(60, USUAL))
@given(TRACES)
def test_told_again_it_says_the_same(steps):
    """The same events give the same effects to the byte, failed commits and restarts included."""
    simulation = Simulation().play(steps)

    assert replay(simulation.log) == simulation.said


def test_random_traces_reach_what_they_are_meant_to_try():
    """The traces are no idle talk: in a few of them there are signals of each kind, holds, denials by most guards, starts of units, and ends of each sort."""
    simulations = [Simulation().play(random_trace(seed, 500)) for seed in range(60)]
    signals = {signal for simulation in simulations for _, signal in simulation.signals.values()}
    guards = {row.guard for simulation in simulations for row in simulation.audit("decision")}
    outcomes = {row.outcome for simulation in simulations for row in simulation.audit("incident")}

    assert [simulation.wrong for simulation in simulations if simulation.wrong] == []
    assert signals == {"TERM", "CONT", "KILL"}
    # That budgets are reached the traces of the laws see to.
    assert guards >= {"", "paused", "blind", "baseline", "coverage", "deploy", "in_flight", "cooldown", "flapping", "trust", "last_look"}
    assert any(isinstance(effect, CallUnit) for simulation in simulations for effect in simulation.effects)
    assert outcomes == {
        "opened", "resumed", "held", "ended", "failed", "abandoned", "step ended", "step failed", "step abandoned", "next step", "verifying", "verified",
        "unverified",
    }  # fmt: skip


def test_the_seed_of_hashing_changes_nothing():
    """Long traces give the same effects under three hash seeds, in processes of their own, and here."""
    code = "from tests.property.test_engine_traces import digest; print(digest())"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2", "3")
    }  # fmt: skip

    assert digests == {digest()}
