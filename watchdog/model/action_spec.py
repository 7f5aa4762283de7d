"""How an action that a rule can ask for is described."""

import msgspec

from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.targets import TargetKind


class ActionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One action.

    `target` names the parameter that says on what it acts, empty where it is no single thing; `acts_on` is what kind of thing that is. Of the parameters `which` at least one must be said, or told by the
    entity itself (`TELLS`); with a `target` exactly one of them. `needs` is what must be there for it to be possible; `guards` the settings of guards that differ from those of the guard table. `of_the_dead` says that it is for a process that has ended, under a rule that waits for that.
    """

    name: str
    doc: str
    parameters: tuple[ParameterSpec, ...]
    target: str
    needs: tuple[str, ...]
    can_be_undone: bool
    guards: dict[str, str] = {}
    of_the_dead: bool = False
    which: tuple[str, ...] = ()
    acts_on: TargetKind = TargetKind.PROCESS

    def arguments(self) -> dict[str, ParameterSpec]:
        """What it is told besides its target, by the name of the argument: settings of a mapping as `parameter.setting`."""
        flat: dict[str, ParameterSpec] = {}
        for spec in self.parameters:
            if spec.form is Form.SETTINGS:
                flat |= {f"{spec.name}.{setting.name}": setting for setting in spec.settings}
            elif spec.name != self.target:
                flat[spec.name] = spec
        return flat
