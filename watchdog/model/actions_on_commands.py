"""The action that has a command of root's list run."""

from typing import Final

from watchdog.model.action_spec import ActionSpec
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.targets import TargetKind

COMMAND_ACTIONS: Final[tuple[ActionSpec, ...]] = (
    ActionSpec(
        name="run",
        doc="Has a command run that root has named in `/etc/sidekiq-watchdog/commands.toml`, as its own user, by a unit of systemd that root has installed (`packaging/README.md`). No shell is involved: "
        "root's definition is a list of words with places for arguments, each of a type, and what is not of the type is refused when rules are read, before the command is handed over, and by the unit "
        "itself. It is handed over once, whatever cuts the agent off. What it says is kept as evidence of the incident, and `evidence INCIDENT` shows it. An exit status other than 0 is a failed step.",
        parameters=(
            ParameterSpec(
                name="command", form=Form.COMMAND, required=True, doc="Which command, by its name in that file.", example="refresh-domain"
            ),
            ParameterSpec(
                name="with",
                form=Form.GIVEN,
                doc="A value for each argument of the command: a field of the entity (a text, a count or a duration), or a literal as in a condition, texts in double quotes.",
                example="{domain: job.domain}",
            ),
        ),
        target="command",
        needs=(
            "systemd",
            "the command's unit (`sidekiq-watchdog-command install`)",
            "the right to ask systemd to start it (`packaging/polkit.rules`)",
        ),
        can_be_undone=False,
        acts_on=TargetKind.COMMAND,
    ),
)
