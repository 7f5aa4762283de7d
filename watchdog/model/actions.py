"""Every action that a rule can ask for: one table. The procedures that carry them out are keyed to it."""

from typing import Final

import msgspec

from watchdog.model.parameters import Form, ParameterSpec


class ActionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One action.

    `target` names the parameter that says on what it acts; `needs` what must be there for it to be
    possible; `guards` the settings of guards that differ from those of the guard table. `of_the_dead` says that it is for a process that has ended, under a rule that waits for that.
    """

    name: str
    doc: str
    parameters: tuple[ParameterSpec, ...]
    target: str
    needs: tuple[str, ...]
    can_be_undone: bool
    guards: dict[str, str] = {}
    of_the_dead: bool = False


_PROCESS: Final = ParameterSpec(
    name="process",
    form=Form.PROCESS,
    required=True,
    doc="Which process: `process` for the entity itself, `job.process` for the one that runs the job.",
    example="job.process",
)
_PROCESS_GONE: Final = ParameterSpec(
    name="process", form=Form.PROCESS, required=True, doc="The process that has ended: `process`, the entity itself.", example="process"
)
_RESCUE: Final = ParameterSpec(
    name="rescue",
    form=Form.CHOICE,
    default="proven",
    choices=("proven", "likely", "none"),
    doc="Which jobs are put back: those that are proven to have been in flight, those that most likely were as well (some may run twice), or none.",
    example="proven",
)
_STUCK_JOBS: Final = ParameterSpec(
    name="stuck_jobs",
    form=Form.SETTINGS,
    doc="What becomes of a job that is stuck: it is tried again in five minutes, until it has been caught so often.",
    example="{strikes: 2, then: quarantine}",
    settings=(
        ParameterSpec(
            name="strikes",
            form=Form.COUNT,
            default="2",
            doc="How often it may be caught, under its job id or under its class and arguments.",
            example="2",
        ),
        ParameterSpec(
            name="then",
            form=Form.CHOICE,
            default="quarantine",
            choices=("quarantine", "retry"),
            doc="What is done then: it is taken out of the way, or tried again for ever.",
            example="quarantine",
        ),
    ),
)

ACTIONS: Final[tuple[ActionSpec, ...]] = (
    ActionSpec(
        name="recover_process",
        doc="Ends a process without losing a job: it is told to fetch no more (SIGTSTP), jobs that end by themselves do so, what is left is written down, and "
        "after its end each job is put where it belongs; one that wedges it again and again goes into quarantine. Whoever starts the process again is "
        "not the agent's business. A process in which nothing moves, and one that was stopped, are told apart and treated as they need.",
        parameters=(
            _PROCESS,
            ParameterSpec(
                name="drain",
                form=Form.DURATION,
                default="150s",
                doc="How long jobs that are not stuck have to end by themselves.",
                example="150s",
            ),
            ParameterSpec(
                name="grace",
                form=Form.DURATION,
                default="30s",
                doc="How long it has to end after SIGTERM, which is sent only if no stuck job is left: at least Sidekiq's own timeout and five seconds.",
                example="30s",
            ),
            ParameterSpec(
                name="stuck_after",
                form=Form.DURATION,
                default="10m",
                doc="A job that has been running for longer than that is stuck, besides those on which an alert fires; `0s` for those alone.",
                example="10m",
            ),
            _RESCUE,
            _STUCK_JOBS,
        ),
        target="process",
        needs=("the process runs on this host", "the right to signal it (CAP_KILL)", "the right to write to Redis"),
        can_be_undone=False,
    ),
    ActionSpec(
        name="terminate_process",
        doc="Ends a process: SIGTERM, and SIGKILL if it still lives after `grace`. What it holds is written down before; what it does not give back itself, as Sidekiq does within its own "
        "timeout, is put back after its end. Give `grace` at least that timeout and five seconds (30s by default): of what SIGKILL cuts off only those jobs come back that are known. Whoever "
        "starts the process again is not the agent's business.",
        parameters=(
            _PROCESS,
            ParameterSpec(name="grace", form=Form.DURATION, default="30s", doc="How long it has to end after SIGTERM.", example="30s"),
            _RESCUE,
            _STUCK_JOBS,
        ),
        target="process",
        needs=(
            "the process runs on this host",
            "the right to signal it (CAP_KILL)",
            "the right to write to Redis, for what is to be put back",
        ),
        can_be_undone=False,
    ),
    ActionSpec(
        name="put_back_jobs",
        doc="Brings the jobs of a process that is dead into their places: killed by somebody else, by the kernel for want of memory, or crashed. What it held is found out and kept at once, "
        "and put back as soon as nobody has paused the agent and Redis can be written. One that stopped in good order has given its jobs back itself, and nothing is done. Where it ended for "
        "want of memory, or crashed in native code, any of its jobs may have done it: they come back through the retries, one by one, and whichever is caught so often is taken out of the way.",
        parameters=(_PROCESS_GONE, _RESCUE, _STUCK_JOBS),
        target="process",
        needs=("a rule with `on: ProcessCrashed` or `on: ProcessVanished`", "the process ran on this host", "the right to write to Redis"),
        can_be_undone=False,
        of_the_dead=True,
    ),
)

BY_NAME: Final[dict[str, ActionSpec]] = {spec.name: spec for spec in ACTIONS}
"""Name → spec."""
OF_THE_DEAD: Final = frozenset(spec.name for spec in ACTIONS if spec.of_the_dead)
"""Names of the actions for a process that has ended."""
