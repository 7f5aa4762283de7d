"""Every action that a rule can ask for: one table. The procedures that carry them out are keyed to it."""

from typing import Final

import msgspec

from watchdog.model.parameters import Form, ParameterSpec


class ActionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One action.

    `target` names the parameter that says on what it acts; `needs` what must be there for it to be
    possible; `guards` the settings of guards that differ from those of the guard table.
    """

    name: str
    doc: str
    parameters: tuple[ParameterSpec, ...]
    target: str
    needs: tuple[str, ...]
    can_be_undone: bool
    guards: dict[str, str] = {}


ACTIONS: Final[tuple[ActionSpec, ...]] = (
    ActionSpec(
        name="terminate_process",
        doc="Ends a process: SIGTERM, and SIGKILL if it still lives after `grace`. Whoever starts it again is not the agent's business. "
        "Give `grace` at least Sidekiq's own timeout and five seconds (30s by default), or jobs in flight are lost.",
        parameters=(
            ParameterSpec(
                name="process",
                form=Form.PROCESS,
                required=True,
                doc="Which process: `process` for the entity itself, `job.process` for the one that runs the job.",
                example="job.process",
            ),
            ParameterSpec(name="grace", form=Form.DURATION, default="30s", doc="How long it has to end after SIGTERM.", example="30s"),
        ),
        target="process",
        needs=("the process runs on this host", "the right to signal it (CAP_KILL)"),
        can_be_undone=False,
    ),
)

BY_NAME: Final[dict[str, ActionSpec]] = {spec.name: spec for spec in ACTIONS}
"""Name → spec."""
