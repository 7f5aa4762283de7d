"""The action on a child of a process: a program that a job has started, and that hangs."""

from typing import Final

from watchdog.model.action_spec import ActionSpec
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.targets import TargetKind

LEAST: Final = 120_000
"""Milliseconds for which nothing of it must have run, at least: an honest program that computes, reads or writes runs more often than that."""

CHILD_ACTIONS: Final[tuple[ActionSpec, ...]] = (
    ActionSpec(
        name="kill_child",
        doc="Ends a program that a job waits for in vain: SIGKILL to the child of the process that has stood still for longest, and to all that it has started, at once. Only while nothing of that "
        "has run for a single moment in `still_for`, so that a slow but honest one is never ended; and only if a job runs that may have been waiting for it all that time: a program that is kept for later use is let be. "
        "The job that waits for it gets an error and goes the way of every job that fails; where it may be one with `retry: 0` or `false`, which Sidekiq would not run again, a person is asked. "
        "Never one that somebody holds (stopped, traced, frozen, with a terminal), that waits for a disk, or that is a Sidekiq process itself. A program that waits for a server elsewhere, "
        'like `psql` or `ssh`, stands still as well: say in the condition which programs are meant, `process.child in ["ffmpeg", "convert"]`.',
        parameters=(
            ParameterSpec(
                name="process",
                form=Form.PROCESS,
                required=True,
                doc="The process that has started it: `process` for the entity itself, `job.process` for the one that runs the job.",
                example="job.process",
            ),
            ParameterSpec(
                name="still_for",
                form=Form.DURATION,
                default="2m",
                least=LEAST,
                doc="For how long nothing of it must have run, up to the very moment, as far as this agent has looked itself.",
                example="2m",
            ),
        ),
        target="process",
        needs=("the process runs on this host", "the right to signal its children (CAP_KILL)"),
        can_be_undone=False,
        acts_on=TargetKind.CHILD,
    ),
)
