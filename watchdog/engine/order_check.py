"""
Whether an order says all that it must, as what it must be: it comes from a file, and another version may have written that.

The counterpart of `rulefile`, which sees to it that rules do.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from watchdog.model.actions import BY_NAME
from watchdog.model.events import OperatorAsked
from watchdog.model.parameters import Form, ParameterSpec

_TYPES: Final[dict[Form, tuple[type, ...]]] = {
    Form.DURATION: (int,), Form.COUNT: (int,), Form.RATIO: (int, float), Form.BOOL: (bool,), Form.TEXT: (str,), Form.CHOICE: (str,),
}  # fmt: skip


def wrong_with(asked: OperatorAsked) -> str:
    """A sentence without a point; empty if nothing is."""
    action = BY_NAME.get(asked.action)
    if action is None:
        return f"there is no action {asked.action}"
    lacking = _wrong(settings_of(action.parameters, besides=action.target), asked.arguments)
    return f"{lacking}: another version of the program has written it" if lacking else ""


def settings_of(parameters: Iterable[ParameterSpec], *, besides: str = "") -> Iterator[tuple[str, ParameterSpec]]:
    """The name of each argument and its spec, those of a mapping as `parameter.setting`; without the parameter `besides`."""
    for spec in parameters:
        if spec.form is Form.SETTINGS:
            yield from ((f"{spec.name}.{setting.name}", setting) for setting in spec.settings)
        elif spec.name != besides:
            yield spec.name, spec


def _wrong(specs: Iterable[tuple[str, ParameterSpec]], said: Mapping[str, Any]) -> str:
    for name, spec in specs:
        if name not in said:
            return f"it lacks {name}"
        if (types := _TYPES.get(spec.form)) is None:
            # What is of another form is read by whoever knows it.
            continue
        if type(said[name]) not in types or (spec.choices and said[name] not in spec.choices):
            return f"{name} is no {spec.form.value}"
    return ""
