"""
What a stage asks of the world outside: the effect, and before one that changes anything the intent, committed with it.

The counterpart of `runs`, which decides that it is asked for now, and hears the answer.
"""

import msgspec

from watchdog.engine import accounts, locking
from watchdog.engine.incidents import Run
from watchdog.engine.procedures.stages import CallStage, GatherStage, SendStage
from watchdog.engine.succession import DEAD
from watchdog.engine.turn import Turn
from watchdog.model.effects import AwaitExit, CallUnit, GatherInFlight, Measure, PutBack, SendSignal, When
from watchdog.model.targets import Verb
from watchdog.model.verdicts import Decision, Mode


def look(turn: Turn, run: Run) -> None:
    """How the process is, right before a signal."""
    effect = turn.id()
    turn.put_run(run.id, msgspec.structs.replace(run, looking=True, effect=effect))
    turn.effects.append(Measure(effect, run.ref))


def wait(turn: Turn, run: Run, until: int) -> None:
    """When the process ends, or that engine time `until` has come."""
    effect = turn.id()
    turn.put_run(run.id, msgspec.structs.replace(run, effect=effect))
    turn.effects.append(AwaitExit(effect, run.ref, until))


def gather(turn: Turn, run: Run, spec: GatherStage) -> None:
    """Which jobs the process holds."""
    effect = turn.id()
    marks = {**run.marks, DEAD: turn.at} if spec.when is When.DEAD and DEAD not in run.marks else run.marks
    turn.put_run(run.id, msgspec.structs.replace(run, effect=effect, marks=marks))
    turn.effects.append(GatherInFlight(effect, run.incident, run.ref, spec.when))


def send(turn: Turn, run: Run, spec: SendStage) -> None:
    """The signal of that stage."""
    effect = turn.id()
    run = msgspec.structs.replace(run, effect=effect, intent=effect, held="", held_by="", looking=False)
    turn.put_run(run.id, run)
    turn.audit("intent", **accounts.names(run), stage=spec.signal.value, mode=Mode.ACT.value, decision=Decision.ALLOW.value)
    turn.effects.append(SendSignal(effect, run.ref, spec.signal, locking.fence_of(turn, run)))


def put_back(turn: Turn, run: Run) -> None:
    """That each job of the plan is brought into its place."""
    effect = turn.id()
    turn.put_run(run.id, msgspec.structs.replace(run, effect=effect, intent=effect, held="", held_by=""))
    placements = run.flight.plan or ()
    for one in placements:
        turn.audit("intent", **accounts.names(run), stage=run.stage, mode=Mode.ACT.value, decision=Decision.ALLOW.value,
                   reason=one.why, detail={"jid": one.jid, "class": one.job_class, "place": one.kind.value})  # fmt: skip
    turn.effects.append(PutBack(effect, run.incident, run.rule, run.ref, placements, locking.fence_of(turn, run)))


def call(turn: Turn, run: Run, spec: CallStage) -> None:
    """That systemd does what that stage is for."""
    effect = turn.id()
    turn.put_run(run.id, msgspec.structs.replace(run, effect=effect, intent=effect, held="", held_by=""))
    turn.audit("intent", **accounts.names(run), stage=run.stage, mode=Mode.ACT.value, decision=Decision.ALLOW.value,
               detail={"unit": run.ref.unit, "verb": spec.verb.value})  # fmt: skip
    turn.effects.append(
        CallUnit(
            effect, run.ref.unit, spec.verb, turn.at + spec.limit(run.arguments), _only_of(run, spec.verb), locking.fence_of(turn, run)
        )
    )


def _only_of(run: Run, verb: Verb) -> str:
    """The run of the unit that is meant: what was started since is not to be stopped for what another did."""
    return run.invocation if verb is Verb.STOP else ""
