"""The actions on a unit of systemd that end nothing: what does not run is started. `restart_unit` is one on its process, and stands with those."""

from typing import Final

from watchdog.model.action_spec import ActionSpec
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.targets import TargetKind

_UNIT: Final = ParameterSpec(
    name="unit",
    form=Form.UNIT,
    required=True,
    doc="Which unit: `unit` for the entity itself, `process.unit` or `job.process` for the one that the process runs in, or ran in; or the name of a service that `units` of the "
    "config covers.",
    example="job.process",
)
_NEEDS: Final = ("systemd", "the right to ask it for the unit (`packaging/polkit.rules`)")
_ONLY: Final = (
    "Only after an end that an action of the agent caused, or where systemd says that it has failed, and by itself: killed, out of memory, with an exit code, a core dump, or by systemd's watchdog; and "
    "not after two restarts within ten minutes, whoever made them. What somebody has stopped, masked or disabled is never started, nor what systemd has given up or is about to start by itself: "
    "the alert says so, and somebody is at work."
)

UNIT_ACTIONS: Final[tuple[ActionSpec, ...]] = (
    ActionSpec(
        name="start_unit",
        doc=f"Has systemd start a unit that does not run any more. {_ONLY}",
        parameters=(
            _UNIT,
            ParameterSpec(name="start_within", form=Form.DURATION, default="2m", doc="How long systemd has to start it.", example="2m"),
        ),
        target="unit",
        needs=_NEEDS,
        can_be_undone=True,
        acts_on=TargetKind.UNIT,
    ),
    ActionSpec(
        name="ensure_unit",
        doc="Sees to it that a unit runs and a Sidekiq in it beats: where it runs, or systemd is about to start it, that is waited for; else it is started as `start_unit` does, where that may. "
        "A step after `recover_process` or `terminate_process`, for a unit that systemd does not start again by itself, or as a proof that it does.",
        parameters=(
            _UNIT,
            ParameterSpec(
                name="start_within",
                form=Form.DURATION,
                default="2m",
                doc="How long systemd has to start it, and then a process in it to beat.",
                example="2m",
            ),
        ),
        target="unit",
        needs=_NEEDS,
        can_be_undone=True,
        acts_on=TargetKind.UNIT,
    ),
)
