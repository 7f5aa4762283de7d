"""What a caller gives, against what an endpoint takes: unknown, doubled, missing and unfit parameters are refused with a sentence, before anything is looked at."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from watchdog.web.endpoint import Param
from watchdog.web.failures import NotUnderstoodError

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_BOOLS: Final = {"true": True, "false": False}
_NAMES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "names with texts",
    "array": "a list of texts",
}
LONGEST: Final = 1_000
"""Characters of a text, where its schema says nothing else; no list has more items."""


def from_text(params: Sequence[Param], given: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Of a query, a form or a path. Raises `NotUnderstoodError`."""
    found: dict[str, Any] = {}
    by_name = {param.name: param for param in params}
    for name, text in given:
        param = by_name.get(name) or by_name.get(name.partition(".")[0])
        kind = param.schema.get("type") if param is not None else None
        if param is None or (kind == "object") != ("." in name):
            raise NotUnderstoodError(f"there is no parameter {_shown(name)}", hint=_there_are(params))
        if kind == "object":
            found.setdefault(param.name, {})[name.partition(".")[2]] = text
        elif kind == "array":
            found.setdefault(param.name, []).append(text)
        elif name in found:
            raise NotUnderstoodError(f"{name} is given twice")
        else:
            found[name] = _read(param, text)
    return checked(params, found)


def checked(params: Sequence[Param], given: Mapping[str, Any]) -> dict[str, Any]:
    """What fits; as `from_text`, of values of JSON."""
    by_name = {param.name: param for param in params}
    for name, value in given.items():
        if name not in by_name:
            raise NotUnderstoodError(f"there is no parameter {_shown(name)}", hint=_there_are(params))
        _check(name, value, by_name[name].schema)
    for param in params:
        if param.required and param.name not in given:
            raise NotUnderstoodError(f"{param.name} is missing. What it is: {param.doc}")
    return dict(given)


def _read(param: Param, text: str) -> Any:
    match param.schema.get("type"):
        case "integer" if _INTEGER.fullmatch(text):
            return int(text)
        case "boolean" if text in _BOOLS:
            return _BOOLS[text]
        case _:
            return text


def _check(name: str, value: Any, schema: Mapping[str, Any]) -> None:
    kind = schema.get("type", "string")
    fits = {
        "string": isinstance(value, str),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "object": isinstance(value, dict) and all(isinstance(one, str) for one in value.values()),
        "array": isinstance(value, list) and all(isinstance(one, str) for one in value),
    }[kind]
    if not fits:
        raise NotUnderstoodError(f"{name} must be {_NAMES[kind]}")
    if kind == "string":
        _check_text(name, value, schema)
    elif kind == "integer":
        low, high = schema.get("minimum"), schema.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            raise NotUnderstoodError(f"{name} must lie between {low} and {high}")
    elif kind in ("object", "array"):
        _check_many(name, value, schema)


def _check_text(name: str, value: str, schema: Mapping[str, Any]) -> None:
    least, most = schema.get("minLength", 0), schema.get("maxLength", LONGEST)
    if not least <= len(value) <= most:
        raise NotUnderstoodError(
            f"{name} must have {least or 'no'} to {most} characters" if least else f"{name} is longer than {most} characters"
        )
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise NotUnderstoodError(f"{name} holds what is no text")
    if "enum" in schema and value not in schema["enum"]:
        raise NotUnderstoodError(f"{name} must be one of {', '.join(schema['enum'])}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise NotUnderstoodError(f"{name} can't be that: {schema.get('description', schema['pattern'])}")


def _check_many(name: str, value: dict[str, str] | list[str], schema: Mapping[str, Any]) -> None:
    most = schema.get("maxProperties", schema.get("maxItems", LONGEST))
    if len(value) > most:
        raise NotUnderstoodError(f"{name} has more than {most} parts")
    parts = [*value, *value.values()] if isinstance(value, dict) else value
    for part in parts:
        _check_text(name, part, schema.get("items", schema.get("additionalProperties", {})))


def _shown(name: str) -> str:
    return repr(name[:40])


def _there_are(params: Sequence[Param]) -> str:
    return f"there are {', '.join(param.name for param in params)}" if params else "it takes none"
