"""Laws that hold in hundreds of random traces of what is done to single things of a host: units started, instances that come and go, programs ended, commands run, other servers kept away."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import pytest

from tests.property.engine_simulation import replay
from tests.property.engine_thing_laws import Law, LawfulThings, smallest
from tests.property.engine_thing_steps import trace
from tests.property.test_engine_checkpoint import Interrupted
from watchdog.engine.guards import ORDER
from watchdog.engine.methods import METHODS
from watchdog.engine.procedures.stages import Hold
from watchdog.engine.scaling.choosing import to_stop
from watchdog.engine.turn import Turn
from watchdog.model.verdicts import Answer, Mode, Verdict

TRACES = 80
"""Each of 250 steps after the first; thousands are tried by `make trial ARGS=properties`."""
FEWER = 15
"""Where each trace is played twice."""


@cache
def all_that_is_broken() -> tuple[dict[Law, tuple[int, str]], Counter[str]]:
    """The first trace that breaks each law, with how; and how often everything was seen."""
    broken: dict[Law, tuple[int, str]] = {}
    seen: Counter[str] = Counter()
    for seed in range(TRACES):
        simulation = LawfulThings().play(trace(seed))
        seen.update(simulation.seen)
        for law, how in simulation.broken:
            broken.setdefault(law, (seed, how))
    return broken, seen


@pytest.mark.parametrize("law", Law)
def test_the_law_holds(law):
    """As it says; the shortest trace that breaks it is shown."""
    if (found := all_that_is_broken()[0].get(law)) is not None:
        seed, how = found
        pytest.fail(f"{law}: {how} (seed {seed}); in short: {smallest(trace(seed), law)}")


def test_the_traces_are_no_idle_talk():
    """In these traces there is something to judge: each action is begun, ends well, fails, and is cut off; limits are reached."""
    seen = all_that_is_broken()[1]
    actions = ("start_unit", "ensure_unit", "scale_out", "scale_in", "kill_child", "run", "domain_block")

    assert min(seen[f"{action} {what}"] for action in actions for what in ("ALLOW", "DENY", "ended", "resumed")) > 0
    assert min(seen[f"{action} failed"] + seen[f"{action} step failed"] for action in actions) > 0
    assert min(seen[what] for what in ("CallUnit", "EndChild", "RunCommand", "SendSignal", "SetBlock")) > 10
    assert min(seen[what] for what in ("start 1", "start 2", "at the most", "at the least", "kept away 1", "kept away 2")) > 5
    assert seen["start 3"] == 0


def _unguarded(name: str) -> Callable[[pytest.MonkeyPatch], None]:
    """That guard finds nothing wrong with anything."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        order = tuple((one, (lambda _, one=one: Verdict(one, Answer.PASS)) if one == name else guard) for one, guard in ORDER)
        monkeypatch.setattr("watchdog.engine.guards.combine.ORDER", order)

    return patch


def _unwritten(kind: str) -> Callable[[pytest.MonkeyPatch], None]:
    """Rows of that kind are not written down."""
    audit = Turn.audit

    def forget(turn: Turn, of: str, **named: Any) -> None:
        if of != kind:
            audit(turn, of, **named)

    return lambda monkeypatch: monkeypatch.setattr(Turn, "audit", forget)


def _method(action: str, **otherwise: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda monkeypatch: monkeypatch.setitem(METHODS, action, msgspec.structs.replace(METHODS[action], **otherwise))


def _uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows which instances run."""
    for module in ("scaling.choosing", "methods.scale_out"):
        monkeypatch.setattr(f"watchdog.engine.{module}.running", lambda _world, _template: ())


def _all_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is needed."""
    monkeypatch.setattr(
        "watchdog.engine.scaling.aiming.to_stop", lambda world, template, *, least: to_stop(world, template, least=0 * least)
    )
    monkeypatch.setattr("watchdog.engine.sightings.needed", lambda _world, _ledger, _run: "")


def _whoever_stopped_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not matter how a unit has ended."""
    for name in ("_somebody", "_by_its_end"):
        monkeypatch.setattr(f"watchdog.engine.may_start.{name}", lambda _unit: "")


FAULTS: dict[Law, Callable[[pytest.MonkeyPatch], None]] = {
    Law.ALONE: _unguarded("in_flight"),
    Law.STARTS: lambda monkeypatch: monkeypatch.setattr("watchdog.engine.may_start.MOST_STARTS", 3),
    Law.MOST: _uncounted,
    Law.LEAST: _all_may_go,
    Law.STOPPED: _whoever_stopped_it,
    Law.LEAVE: _unwritten("decision"),
    Law.INTENT: _unwritten("intent"),
    Law.OUTCOME: _unwritten("outcome"),
    Law.ONCE: _method("run", heard=lambda _case, _result: Hold("once more")),
    Law.FEW: _unguarded("budget"),
    Law.AGAIN: _method("domain_block", against=lambda _case: "", begins=lambda _case: None),
    Law.STILL: _method("kill_child", against=lambda _case: "", begins=lambda _case: None),
    Law.SIGHT: _unguarded("blind"),
    Law.MODE: _unguarded("paused"),
    Law.STUCK: lambda monkeypatch: monkeypatch.setattr("watchdog.engine.deeds.resume", lambda _turn: None),
}


@pytest.mark.parametrize("law", Law)
def test_without_what_keeps_it_the_law_is_broken(law, monkeypatch):
    """Each law can be broken, and these traces are where it would be."""
    FAULTS[law](monkeypatch)

    assert any(broken is law for seed in range(4 * TRACES) for broken, _ in LawfulThings().play(trace(seed)).broken)


@pytest.mark.parametrize("mode", [Mode.DRY_RUN, Mode.ASK, Mode.OBSERVE])
def test_no_other_mode_does_anything(mode):
    """In dry-run, ask and observe all laws hold, and nothing is started, stopped, ended, run, or told of others."""
    for seed in range(FEWER):
        simulation = LawfulThings(mode).play(trace(seed))

        assert simulation.broken == [], f"seed {seed}"
        assert not simulation.seen.keys() & {"CallUnit", "EndChild", "RunCommand", "SendSignal", "SetBlock"}


def test_dry_run_decides_as_act_would():
    """Up to the first action, dry-run's decisions are those of act, guard by guard and reason by reason."""
    for seed in range(FEWER * 2):
        act, dry = LawfulThings().play(trace(seed)), LawfulThings(Mode.DRY_RUN).play(trace(seed))

        assert decisions(act, "ALLOW") == decisions(dry, "DRY_RUN"), f"seed {seed}"


def decisions(simulation: LawfulThings, allowed: str) -> list[tuple[str, ...]]:
    """What was decided when, up to the first thing that was done, or would have been."""
    rows: list[tuple[str, ...]] = []
    for row in simulation.audit("decision"):
        is_allowed = row.decision == allowed
        rows.append(
            (row.rule, row.target, "yes" if is_allowed else row.decision, row.guard, row.reason, row.action, row.outcome, str(row.wall))
        )
        if is_allowed:
            break
    return rows


class Broken(Interrupted, LawfulThings):
    """Goes on from a checkpoint before every event."""


def test_a_restore_at_any_event_changes_nothing():
    """Whoever goes on from a checkpoint before each event says to the byte what one says who was there all the time."""
    for seed in range(FEWER):
        assert Broken().play(trace(seed, 120)).said == LawfulThings().play(trace(seed, 120)).said, f"seed {seed}"


def test_told_again_it_says_the_same():
    """The same events give the same effects to the byte, failed commits and restarts included."""
    for seed in range(FEWER):
        simulation = LawfulThings().play(trace(seed))

        assert replay(simulation.log) == simulation.said, f"seed {seed}"
