"""The actions on what is made from one template of systemd: one instance more, one less."""

from typing import Final

from watchdog.model.action_spec import ActionSpec
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.targets import TargetKind

SCALE_OUT: Final = "scale_out"
SCALE_IN: Final = "scale_in"

_TEMPLATE: Final = ParameterSpec(
    name="template",
    form=Form.TEXT,
    doc="Name of the template, as `mastodon-sidekiq-ingress@.service`; a rule for each `unit` or `process` means that of its own entity if it says nothing else. Its instances must have plain numbers for names.",
    example="mastodon-sidekiq-ingress@.service",
)
_RIGHT: Final = "the right to ask systemd for the units of the template (`packaging/polkit.rules`)"
_ONE_COOLDOWN: Final = (
    "What was done last counts for the template, be it one more or one less: the cooldown keeps the two from chasing each other."
)
_BEATS_WITHIN: Final = ParameterSpec(
    name="start_within",
    form=Form.DURATION,
    default="2m",
    doc="How long systemd and the application have until the new process beats.",
    example="2m",
)


def template_actions(recovery: ActionSpec) -> tuple[ActionSpec, ...]:
    """Both; who goes is ended as `recover_process` (`recovery`) does it."""
    return (
        ActionSpec(
            name=SCALE_OUT,
            doc="Starts one more instance of a template: the lowest of the numbers 1 to `max` that does not run. One that has failed, is masked, or that somebody has stopped is passed over; one that has not run since the boot "
            "is a spare, whether it is enabled or not: it is `max` that says how many there may be. Refused where the template serves the queue `scheduler` or it is not known what it serves, and where there is no room "
            f"(guard `headroom`). It is done when the new process beats. {_ONE_COOLDOWN}",
            parameters=(
                _TEMPLATE,
                ParameterSpec(name="max", form=Form.COUNT, required=True, least=1, most=999, doc="So many of its instances run at most.", example="4"),
                _BEATS_WITHIN,
            ),
            target="",
            needs=("systemd", _RIGHT),
            can_be_undone=True,
            acts_on=TargetKind.TEMPLATE,
            which=("template",),
        ),
        ActionSpec(
            name=SCALE_IN,
            doc="Stops one instance of a template without losing a job: the highest that runs, as long as more than `min` do. Its process is told to fetch no more, and drained, as `recover_process` does it; systemd stops the unit when nothing "
            "is in flight, or when what is left has the time to be given back (`TimeoutStopSec` is longer than Sidekiq's timeout by 5 s). Else the process is ended, systemd is asked right after that to keep the unit stopped, and its jobs are put where they belong. What systemd has started again "
            "before that is left alone, and what it does not stop is started anew. Refused where it serves the queue `scheduler`. What was stopped so `scale_out` may start again. " + _ONE_COOLDOWN,
            parameters=(
                _TEMPLATE,
                ParameterSpec(name="min", form=Form.COUNT, default="1", least=1, most=999, doc="So many of its instances go on running at least.", example="2"),
                *(parameter for parameter in recovery.parameters if parameter.name != "process"),
                _BEATS_WITHIN,
            ),
            target="",
            needs=(*(need for need in recovery.needs if "runs on this host" not in need), "systemd", _RIGHT),
            can_be_undone=True,
            which=("template",),
        ),
    )  # fmt: skip
