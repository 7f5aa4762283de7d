"""
Whether an order says all that it must, as what it must be: it comes from a file, and another version may have written that.

The counterpart of `rulefile`, which sees to it that rules do.
"""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.model.actions import BY_NAME
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.told import OperatorAsked

_TYPES: Final[dict[Form, tuple[type, ...]]] = {
    Form.DURATION: (int,), Form.COUNT: (int,), Form.RATIO: (int, float), Form.BOOL: (bool,), Form.TEXT: (str,), Form.CHOICE: (str,),
}  # fmt: skip


def wrong_with(asked: OperatorAsked) -> str:
    """A sentence without a point; empty if nothing is."""
    action = BY_NAME.get(asked.action)
    if action is None or action.target != "process":
        return f"there is no action {asked.action} on a process"
    lacking = _wrong(action.arguments(), asked.arguments)
    return f"{lacking}: another version of the program has written it" if lacking else ""


def _wrong(specs: Mapping[str, ParameterSpec], said: Mapping[str, Any]) -> str:
    for name, spec in specs.items():
        if name not in said:
            return f"it lacks {name}"
        if (types := _TYPES.get(spec.form)) is None:
            # What is of another form is read by whoever knows it.
            continue
        if type(said[name]) not in types or (spec.choices and said[name] not in spec.choices):
            return f"{name} is no {spec.form.value}"
    return ""
