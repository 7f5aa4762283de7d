"""`scale_in` as data: when systemd may stop the unit, when it is kept from coming back, and how each way ends."""

from typing import Any

import pytest

from tests.unit.engine.conftest import AT
from tests.unit.engine.test_choosing import living, unit, world_of
from tests.unit.engine.test_guards import open_run
from watchdog.engine.ledger import Ledger, Loss
from watchdog.engine.procedures.recover import RECOVER
from watchdog.engine.procedures.scale_in import SCALE_IN, STOPS
from watchdog.engine.procedures.scene import Scene
from watchdog.engine.procedures.stages import CallStage, ChooseStage, End, Go, SendStage, Then, WatchStage
from watchdog.engine.scaled import also_named
from watchdog.engine.scaling.going import needed, stop_is_patient
from watchdog.engine.world import World
from watchdog.model.events import Delta, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Exited, Refused, StillRunning, UnitCalled, UnitOutcome
from watchdog.model.targets import ProcessRef, Verb

UNIT = "ingress@2.service"


def chosen(stage: str, **scene: Any) -> Then:
    """Where that fork leads."""
    fork = SCALE_IN.stages[stage]
    assert isinstance(fork, ChooseStage)
    return fork.choose(Scene(known=True, unit=UNIT, **scene))


@pytest.mark.parametrize(
    ("held", "stuck", "patient", "stage"),
    [
        (0, 0, False, "stop"),
        (0, 0, True, "stop"),
        (3, 0, True, "stop"),
        (3, 0, False, "TERM"),
        (3, 1, True, "KILL"),
        (3, 3, False, "KILL"),
    ],
)
def test_systemd_stops_only_what_loses_nothing(held, stuck, patient, stage):
    """Nothing is in flight, or what is left has the time to be given back; with a stuck job nobody gives anything back to whoever fetches next."""
    assert chosen("end", held=held, held_stuck=stuck, stop_is_patient=patient) == Go(stage)


@pytest.mark.parametrize("outcome", UnitOutcome)
def test_what_can_not_be_stopped_is_ended(outcome):
    """Only where systemd says that it is stopped, or runs anew, is its end waited for; in every other case the quiet process is ended: it is of no use to anybody."""
    stop = SCALE_IN.stages["stop"]
    assert isinstance(stop, CallStage)

    assert stop.after(UnitCalled(outcome)) == Go("gone" if outcome in (UnitOutcome.DONE, UnitOutcome.ALREADY) else "TERM")
    assert stop.after(Refused("no right")) == Go("TERM")


def test_who_outlives_the_stop_of_its_unit_is_ended():
    """Systemd can take for stopped what still lives."""
    gone = SCALE_IN.stages["gone"]
    assert isinstance(gone, WatchStage)

    assert (gone.after(Exited()), gone.after(StillRunning())) == (Go("reckon"), Go("TERM"))


@pytest.mark.parametrize(
    ("ended_here", "stopped", "stage"),
    [(True, False, "keep stopped"), (True, True, "find out"), (False, True, "find out"), (False, False, "find out")],
)
def test_right_after_its_death_its_unit_is_stopped(ended_here, stopped, stage):
    """Before anything is found out or put back, or systemd would start it again; not where somebody else has ended it."""
    assert chosen("reckon", ended_here=ended_here, unit_stopped=stopped) == Go(stage)
    keep = SCALE_IN.stages["keep stopped"]
    assert isinstance(keep, CallStage)
    assert {keep.after(UnitCalled(outcome)).stage for outcome in UnitOutcome} | {keep.after(Refused("x")).stage} == {"find out"}  # type: ignore[union-attr]  # that is the test


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ({"unit_stopped": True}, "ended"),
        ({"unit_stopped": True, "ended_here": True}, "ended"),
        ({"ended_here": False}, "failed"),
        ({"ended_here": True, "unit_trouble": "somebody has asked systemd to stop it"}, "failed"),
        ({"ended_here": True, "unit_unwanted": "somebody has stopped it"}, "failed"),
        ({"ended_here": True}, "start"),
    ],
)
def test_how_it_ends(scene, expected):
    """Stopped; or left to whoever ended it or has something in mind with its unit; or started anew, which is no success."""
    then = chosen("rebirth", **scene)

    assert (then.outcome if isinstance(then, End) else then.stage if isinstance(then, Go) else "") == expected


def test_until_it_is_quiet_it_can_be_needed_again():
    """Before the first signal, and again right before that, too few can be left; then it stays."""
    quiet = SCALE_IN.stages["TSTP"]
    assert isinstance(quiet, SendStage)

    assert chosen("service", needed="2 run") == End("abandoned", "2 run")
    assert quiet.against(Scene(known=True, needed="2 run")) == "2 run"
    assert chosen("service") == Go(RECOVER.first)
    assert chosen("service", unit_trouble="it is masked") == End("abandoned", "its service: it is masked")
    assert SCALE_IN.stages["service"].choose(Scene(known=True)).outcome == "abandoned"  # type: ignore[union-attr]  # it is a fork, and has an end


def test_it_is_recovered_but_for_its_unit():
    """All other stages are those of `recover_process`, the very same."""
    own = {"service", "TSTP", "end", "stop", "gone", "reckon", "keep stopped", "find out", "rebirth", "start", "successor"}

    assert {name for name, stage in SCALE_IN.stages.items() if RECOVER.stages.get(name) is not stage} == own
    assert set(RECOVER.stages) <= set(SCALE_IN.stages)
    assert SCALE_IN.no_return == RECOVER.no_return
    assert {name for name, stage in SCALE_IN.stages.items() if isinstance(stage, CallStage) and stage.verb is Verb.STOP} == set(STOPS)


def going(*numbers: int, least: int = 1, invocation: str = "abc", lost: dict[str, Loss] | None = None, **more: Any) -> str:
    """Why the highest of these instances is needed."""
    run = open_run(
        action=more.pop("action", "scale_in"), arguments={"min": least}, invocation=invocation,
        ref=ProcessRef(f"web1/ingress@{max(numbers)}.service", "x", "web1", 1, 1, "b", unit=f"ingress@{max(numbers)}.service"),
    )  # fmt: skip
    return needed(
        world_of(*(unit(number) for number in numbers), there=tuple(living(number, **more) for number in numbers)),
        Ledger(lost=lost or {}),
        run,
    )


def test_who_is_needed():
    """With `min` of them or fewer each is; whoever serves the scheduler always is; and one of whose run systemd has told nothing could be stopped in place of another."""
    assert going(1, 2) == ""
    assert going(1, 2, least=2) == "2 of ingress@.service run, and 'min' is 2"
    assert going(1, 2, queues=("scheduler",)).startswith("web1:102:abc serves the queue scheduler")
    assert going(1, 2, invocation="") == "systemd has not told which run of its service this is"
    assert going(1, 2, lost={Source.SYSTEMD: Loss("x", "m", 1)}) == "which others run is not known: systemd can't be read"
    assert going(1, action="recover_process") == "", "of every other action nothing is asked"


@pytest.mark.parametrize(
    ("times", "patient"),
    [((30_000, 25_000), True), ((29_999, 25_000), False), ((15_000, 25_000), False), ((None, 25_000), False), ((90_000, None), False)],
)
def test_whether_a_stop_gives_time(times, patient):
    """`TimeoutStopSec` must be longer by 5 s than Sidekiq's own timeout, and both must be known."""
    stop_timeout, sidekiq_timeout = times
    world = World()
    world.take(
        Observed(
            Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, {"stop_timeout": stop_timeout, "sidekiq_timeout": sidekiq_timeout}),), complete=True
        ),
        AT,
    )

    assert stop_is_patient(world, UNIT) is patient
    assert not stop_is_patient(world, "")
    assert not stop_is_patient(world, "other.service")


def test_one_name_for_more_and_less():
    """What was done last to an instance counts for its template, so that out and in don't chase each other."""
    assert also_named("scale_in", f"web1/{UNIT}") == ("web1/ingress@.service",)
    assert also_named("scale_in", "web1/sidekiq.service") == also_named("recover_process", f"web1/{UNIT}") == ()
