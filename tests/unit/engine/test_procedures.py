"""Procedures as data: no stage without an answer to everything, no way that ends nowhere."""

import itertools

import pytest

from watchdog.engine.methods import METHODS
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.procedures.recover import RECOVER
from watchdog.engine.procedures.scene import Scene
from watchdog.engine.procedures.stages import (
    CallAnswer,
    CallStage,
    ChooseStage,
    CollectStage,
    End,
    GatherStage,
    Go,
    Hold,
    LocksStage,
    PutBackStage,
    SendStage,
    Stage,
    Then,
    WaitStage,
    WatchStage,
)
from watchdog.engine.procedures.terminate import TERMINATE
from watchdog.engine.selecting import AMONG
from watchdog.engine.targeting import REACH
from watchdog.engine.things import FINDERS
from watchdog.model.actions import BY_NAME
from watchdog.model.effects import When
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent, StillRunning, UnitCalled, UnitOutcome
from watchdog.model.targets import Signal, TargetKind

ANSWERS = (Sent(), Exited(), StillRunning(), Refused("because"), InFlight(()), InFlight((), stopped=True), PutBackDone(()))
SCENES = tuple(
    Scene(known=True, beat_age=age, still=still, heartbeat_thread=thread, stopped=stopped, beats=beats, quiet_beats=beats, running=running,
          stuck=frozenset({"j1"}), held=held, held_stuck=min(held, 1), gave_back=gave_back, successor=successor,
          spared=spared)
    for age, still, thread, stopped, beats, running, held, gave_back, successor, spared in itertools.product(
        (None, 1_000, 70_000), (None, 0, 60_000), (None, True, False), (True, False), (0, 1, 2), ((), ("j1",), ("j1", "j2")), (0, 2),
        (True, False), (True, False), ((), ("DomainBlockWorker j2, running for 90 min",)),
    )
) + tuple(Scene(known=True, unit="sidekiq.service", ended_here=here, successor_works=works) for here in (True, False) for works in (True, False)) + tuple(
    Scene(known=True, unit="sidekiq@3.service", ended_here=here, unit_stopped=stopped, unit_trouble=trouble, needed=needed, stop_is_patient=patient, held=held)
    for here in (True, False) for stopped in (True, False) for trouble in ("", "it is masked") for needed in ("", "too few run")
    for patient in (True, False) for held in (0, 2)
)  # fmt: skip
CALLS: tuple[CallAnswer, ...] = (*(UnitCalled(outcome) for outcome in UnitOutcome), Refused("because"))
STAGES = [(action, name) for action, procedure in PROCEDURES.items() for name in procedure.stages]
ARGUMENTS = {"grace": 10_000, "drain": 60_000, "start_within": 60_000}


def outcomes(stage: Stage) -> list[Then]:
    """Everything that can follow a stage."""
    match stage:
        case ChooseStage(choose=choose):
            return [choose(scene) for scene in SCENES]
        case CollectStage(then=following):
            return [Go(following)]
        case WatchStage(sees=sees, after=after):
            return [*(then for scene in SCENES if (then := sees(scene)) is not None), *(after(answer) for answer in ANSWERS)]
        case CallStage(after=called):
            return [called(answer) for answer in CALLS]
        case SendStage() | WaitStage() | GatherStage() | PutBackStage():
            return [stage.after(answer) for answer in ANSWERS]
        case LocksStage(then=then):
            return [Go(then)]


def test_every_action_has_its_procedure():
    """What a rule can ask for is what can be carried out, no more and no less."""
    by_machine = {TargetKind.PROCESS: set(PROCEDURES), TargetKind.JOBS: set(AMONG)}

    assert set(PROCEDURES) | set(AMONG) | set(METHODS) == set(BY_NAME)
    for name, spec in BY_NAME.items():
        assert name in by_machine.get(spec.acts_on, METHODS)


def test_everything_that_something_single_is_done_to_can_be_found_and_reached():
    """Each kind of target but processes and jobs has its finder and the source it rests on; a method is about what its action is about."""
    assert set(REACH) == set(TargetKind)
    assert set(FINDERS) == set(TargetKind) - {TargetKind.PROCESS, TargetKind.JOBS}
    assert all(method.acts_on is BY_NAME[name].acts_on for name, method in METHODS.items())


@pytest.mark.parametrize(("action", "stage"), STAGES)
def test_every_answer_leads_somewhere(action, stage):
    """Each stage goes on, holds or ends on whatever it is answered with or sees; where it goes is there, and words say how it ended."""
    procedure = PROCEDURES[action]
    for then in outcomes(procedure.stages[stage]):
        match then:
            case Go(stage=target):
                assert target in procedure.stages
                assert target != stage
            case Hold(reason=reason):
                assert reason
            case End(outcome=outcome, account=account):
                assert outcome in ("ended", "failed", "abandoned")
                assert account


@pytest.mark.parametrize("action", PROCEDURES)
def test_no_stage_goes_round_for_ever(action):
    """Whatever is answered and seen, the stages run forward: a hold is the only way to see one twice; and each of them is reached."""
    procedure = PROCEDURES[action]
    onward = {name: {then.stage for then in outcomes(stage) if isinstance(then, Go)} for name, stage in procedure.stages.items()}
    reached, left = set(), [procedure.first]
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            left += onward[name]
    order = list(procedure.stages)

    assert reached == set(procedure.stages)
    assert all(order.index(source) < order.index(target) for source, targets in onward.items() for target in targets)


@pytest.mark.parametrize(("action", "stage"), STAGES)
def test_nothing_is_sent_to_a_process_that_has_exited(action, stage):
    """Once the kernel says that it is dead no signal follows: it is over, or it is asked what it left behind, after its unit was kept from coming back where that is wanted."""
    spec = PROCEDURES[action].stages[stage]
    if not isinstance(spec, SendStage | WaitStage | WatchStage):
        return
    then = spec.after(Exited())

    if isinstance(then, Go):
        for following in what_asks(action, then.stage):
            assert isinstance(following, GatherStage)
            assert following.when is When.DEAD
    else:
        assert isinstance(then, End)


def what_asks(action: str, name: str) -> list[Stage]:
    """The stages that come next, those left out in which only systemd is asked to keep the unit of the dead stopped."""
    stage = PROCEDURES[action].stages[name]
    if name == "keep stopped" or isinstance(stage, ChooseStage):
        return [found for then in outcomes(stage) if isinstance(then, Go) for found in what_asks(action, then.stage)]
    return [stage]


@pytest.mark.parametrize("action", PROCEDURES)
def test_dry_run_names_all_that_is_sent(action):
    """The plan begins at once, with what guards are told of; and only what is in it, or wakes the process to hear it, is ever sent."""
    procedure = PROCEDURES[action]
    plan = procedure.plan(ARGUMENTS)
    sent = {stage.signal.value for stage in procedure.stages.values() if isinstance(stage, SendStage)}

    assert (plan[0][0], plan[0][1]) == (procedure.signal.value if procedure.signal is not None else "put_back", 0)
    assert bool(sent) == (procedure.signal is not None)
    assert sent - {step for step, _, _ in plan} <= {"CONT"}
    assert [at for _, at, _ in plan] == sorted(at for _, at, _ in plan)


@pytest.mark.parametrize("action", PROCEDURES)
def test_every_wait_counts_from_something_sent(action):
    """A wait is measured from a signal that lies before it, and has an end; what can't be taken back is a signal, too."""
    procedure = PROCEDURES[action]
    marks = {stage.mark or name for name, stage in procedure.stages.items() if isinstance(stage, SendStage)}
    for stage in procedure.stages.values():
        if isinstance(stage, WaitStage):
            assert stage.since in marks
        if isinstance(stage, WaitStage | WatchStage):
            assert stage.limit(ARGUMENTS) > 0
    assert set(procedure.no_return) <= marks


@pytest.mark.parametrize(("answers", "expected"), [
    ((Sent(), Sent(), StillRunning(), Sent(), Exited()), "reckon"),
    ((Sent(), Sent(), StillRunning(), Sent(), StillRunning()), "it still lives 30 s after SIGKILL: an uninterruptible wait in the kernel; look at its storage"),
    ((Sent(), Sent(), Exited()), "reckon"),
    ((Sent(), Exited()), "reckon"),
    ((Exited(),), "reckon"),
    ((Sent(), Sent(), StillRunning(), Exited()), "reckon"),
    ((Refused("not permitted"),), "not permitted"),
])  # fmt: skip
def test_terminate_says_how_it_ended(answers, expected):
    """Each way through `terminate_process` ends in its own words, or with the question what the dead process left behind; that the copy was refused keeps nobody alive."""
    assert TERMINATE.stages[TERMINATE.first] == CollectStage(then="copy")
    for copied in (InFlight(()), Refused("no Redis")):
        stage = "copy"
        for answer in (copied, *answers):
            spec = TERMINATE.stages[stage]
            assert isinstance(spec, SendStage | WaitStage | GatherStage)
            then = spec.after(answer)
            stage = then.stage if isinstance(then, Go) else stage

        assert then == Go(expected) if expected == "reckon" else isinstance(then, End) and then.account == expected


@pytest.mark.parametrize("action", [action for action, procedure in PROCEDURES.items() if "put_back" in procedure.stages])
def test_nothing_is_put_back_of_what_was_given_back(action):
    """
    Whoever is dead is asked what it left behind; nothing is put back of one that had given it back.

    Of one that held nothing there is nothing to put back; a drained one goes that way all the same: it leaves a trace that keeps its successor from clearing locks away.
    """
    stages = PROCEDURES[action].stages
    (reckon,) = {id(stage): stage for stage in what_asks(action, "reckon")}.values()
    assert isinstance(reckon, GatherStage)
    drains = any(isinstance(stage, SendStage) and stage.signal is Signal.TSTP for stage in stages.values())
    assert reckon.after(InFlight(())) == Go("remains")
    assert isinstance(reckon.after(Refused("x")), Hold)
    assert isinstance(stages["put_back"].after(Refused("x")), Hold)
    for scene in SCENES:
        assert (stages["remains"].choose(scene) == Go("put_back")) == ((scene.held > 0 or drains) and not scene.gave_back)


@pytest.mark.parametrize(
    ("sent", "words"), [("KILL", "after SIGKILL"), ("TERM", "after SIGTERM"), ("", "by the time SIGTERM was to be sent")]
)
def test_terminate_says_by_which_signal_it_ended(sent, words):
    """The last one that was sent; none, if somebody was quicker."""
    over = TERMINATE.stages["over"]
    assert isinstance(over, ChooseStage)
    then = over.choose(Scene(known=True, sent=sent))

    assert isinstance(then, End)
    assert then.account.endswith(words)


@pytest.mark.parametrize(
    ("state", "needed"), [("T", True), ("t", False), ("S", False), ("R", False), ("D", False), ("Z", False), ("", False)]
)
def test_only_a_stopped_process_is_woken(state, needed):
    """CONT goes to state T alone: a debugger's stop (t) is not ours to end."""
    stage = TERMINATE.stages["CONT"]

    assert isinstance(stage, SendStage)
    assert stage.applies(state) is needed


def test_refusals_after_the_first_signal_never_abandon():
    """Once TERM went out no refusal lets go of the process."""
    refusable = {
        name: stage for name, stage in TERMINATE.stages.items() if isinstance(stage, SendStage | WaitStage | GatherStage | PutBackStage)
    }
    assert {"TERM", "grace", "KILL", "death", "reckon", "put_back"} < set(refusable)
    for name, stage in refusable.items():
        then = stage.after(Refused("x"))
        assert name == "TERM" or not (isinstance(then, End) and then.outcome == "abandoned")


def test_kill_is_never_the_first_thing_that_happens_to_a_process_that_beats():
    """Only who is silent for a minute and stands still, or has given everything back, gets SIGKILL without having been told to be quiet."""
    first = RECOVER.stages["KILL a silent one"]
    assert isinstance(first, SendStage)
    for scene in SCENES:
        beats = scene.beat_age is not None and scene.beat_age < 60_000
        moves = scene.still is None or scene.still < 15_000
        if (beats or moves) and not (scene.gave_back and scene.heartbeat_thread is False):
            assert first.against(scene)


def test_poison_is_never_given_to_whoever_fetches_next():
    """With a stuck job in it a process never gets SIGTERM, at which Sidekiq would push it to the end that is fetched next."""
    fork = RECOVER.stages["end"]
    assert isinstance(fork, ChooseStage)
    for scene in SCENES:
        assert fork.choose(scene) == (Go("KILL") if scene.held_stuck else Go("TERM"))


@pytest.mark.parametrize("action", PROCEDURES)
def test_evidence_comes_first_and_counts_for_nothing(action):
    """
    Each action that ends a living process begins with it, once, before it looks or sends anything, and to have collected it is no point of no return.

    Only whether there is a service to restart is settled before; of the dead there is nothing to collect.
    """
    procedure = PROCEDURES[action]
    collecting = [name for name, stage in procedure.stages.items() if isinstance(stage, CollectStage)]
    if procedure.signal is None:
        assert collecting == []
        return
    first = procedure.stages[procedure.first]
    begins = {procedure.first} if isinstance(first, CollectStage) else {then.stage for then in outcomes(first) if isinstance(then, Go)}

    assert isinstance(first, CollectStage | ChooseStage)
    assert collecting == list(begins)
    assert not begins & set(procedure.no_return)


def test_nothing_is_killed_before_its_jobs_are_kept():
    """Each SIGKILL and SIGTERM of a recovery can be reached only through a stage that keeps what is in flight."""
    for name, stage in RECOVER.stages.items():
        if isinstance(stage, SendStage) and stage.signal in (Signal.KILL, Signal.TERM):
            before = [one for one, other in RECOVER.stages.items() if Go(name) in outcomes(other)]
            assert before
            for one in before:
                kept = isinstance(RECOVER.stages[one], GatherStage) or one in ("end", "grace")
                assert kept, one
