"""Procedures as data: no stage without an answer to everything, no way that ends nowhere."""

import itertools

import pytest

from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.procedures.stages import End, Go, Hold, SendStage, WaitStage
from watchdog.engine.procedures.terminate import TERMINATE
from watchdog.model.actions import ACTIONS
from watchdog.model.results import Exited, Refused, Sent, StillRunning

ANSWERS = (Sent(), Exited(), StillRunning(), Refused("because"))
STAGES = [(action, name) for action, procedure in PROCEDURES.items() for name in procedure.stages]
ARGUMENTS = {"grace": 10_000}


def test_every_action_has_its_procedure():
    """What a rule can ask for is what can be carried out, no more and no less."""
    assert set(PROCEDURES) == {spec.name for spec in ACTIONS}


@pytest.mark.parametrize(("action", "stage"), STAGES)
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_every_answer_leads_somewhere(action, stage, answer):
    """Each stage goes on, holds or ends on whatever it is answered with; where it goes is there, and words say how it ended."""
    procedure = PROCEDURES[action]
    match procedure.stages[stage].after(answer):
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
    """Whatever the answers, the stages run forward: a hold is the only way to see one twice."""
    procedure = PROCEDURES[action]
    onward = {
        (name, then.stage) for name, stage in procedure.stages.items() for answer in ANSWERS if isinstance(then := stage.after(answer), Go)
    }  # fmt: skip
    reached, order = {procedure.first}, [procedure.first]
    for name in order:
        for source, target in sorted(onward):
            if source == name and target not in reached:
                reached.add(target)
                order.append(target)

    assert reached == set(procedure.stages)
    assert all(order.index(source) < order.index(target) for source, target in onward)


@pytest.mark.parametrize(("action", "stage"), STAGES)
def test_a_process_that_has_exited_ends_the_procedure(action, stage):
    """Once the kernel says that it is dead nothing more is sent."""
    assert isinstance(PROCEDURES[action].stages[stage].after(Exited()), End)


@pytest.mark.parametrize("action", PROCEDURES)
def test_it_begins_with_a_signal_that_dry_run_names(action):
    """The first stage sends the first thing of the plan, at once; and only what is in the plan, or wakes the process to hear it, is ever sent."""
    procedure = PROCEDURES[action]
    first = procedure.stages[procedure.first]
    plan = procedure.plan(ARGUMENTS)

    assert isinstance(first, SendStage)
    assert (plan[0][0], plan[0][1]) == (first.signal.value, 0)
    assert {stage.signal.value for stage in procedure.stages.values() if isinstance(stage, SendStage)} - {step for step, _, _ in plan} <= {
        "CONT"
    }
    assert [at for _, at, _ in plan] == sorted(at for _, at, _ in plan)


@pytest.mark.parametrize("action", PROCEDURES)
def test_every_wait_counts_from_something_sent(action):
    """A wait is measured from a signal that lies before it on every way to it."""
    procedure = PROCEDURES[action]
    for stage in procedure.stages.values():
        if isinstance(stage, WaitStage):
            since = procedure.stages[stage.since]
            assert isinstance(since, SendStage)
            assert stage.limit(ARGUMENTS) > 0
    assert isinstance(procedure.stages[procedure.no_return], SendStage)


@pytest.mark.parametrize(("answers", "expected"), [
    ((Sent(), Sent(), StillRunning(), Sent(), Exited()), "it ended after SIGKILL"),
    ((Sent(), Sent(), StillRunning(), Sent(), StillRunning()), "it still lives 30 s after SIGKILL: an uninterruptible wait in the kernel; look at its storage"),
    ((Sent(), Sent(), Exited()), "it ended after SIGTERM"),
    ((Sent(), Exited()), "it ended after SIGTERM"),
    ((Exited(),), "it had ended by the time SIGTERM was to be sent"),
    ((Sent(), Sent(), StillRunning(), Exited()), "it had ended by the time SIGKILL was to be sent"),
    ((Refused("not permitted"),), "not permitted"),
])  # fmt: skip
def test_terminate_says_how_it_ended(answers, expected):
    """Each way through `terminate_process` ends in its own words."""
    stage = TERMINATE.first
    for answer in answers:
        then = TERMINATE.stages[stage].after(answer)
        stage = then.stage if isinstance(then, Go) else stage

    assert isinstance(then, End)
    assert then.account == expected


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
    for name, answer in itertools.product(TERMINATE.stages, [Refused("x")]):
        then = TERMINATE.stages[name].after(answer)
        assert name == "TERM" or not (isinstance(then, End) and then.outcome == "abandoned")
