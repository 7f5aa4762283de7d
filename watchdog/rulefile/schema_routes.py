"""The parts of the config's JSON Schema that say what routes and inhibitions look like."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from watchdog.model import route_keys
from watchdog.model.fields import BY_KIND
from watchdog.model.notices import Severity
from watchdog.model.routing import GROUP_BY, LABEL, SAME
from watchdog.rulefile.annotations import LABEL as LABEL_NAME
from watchdog.rulefile.digest import TIME
from watchdog.rulefile.routes import NEVER
from watchdog.rulefile.rule import NAME

Schema = dict[str, Any]
_CLOCK: Final[Schema] = {"type": "string", "pattern": f"^({TIME.pattern})$"}


def routing_parts(mapping: Callable[..., Schema], *, text: Schema, duration: Schema) -> Mapping[str, Schema]:
    """The definitions `route`, `inhibition`, `match` and `level`; `mapping` makes a mapping of a key table, `text` and `duration` are the forms of these."""
    names = {"anyOf": [text, {"type": "array", "items": text}]}
    match = {"$ref": "#/$defs/match"}
    level = {"$ref": "#/$defs/level"}
    quiet = mapping(
        route_keys.QUIET_HOURS, {"from": _CLOCK, "to": _CLOCK, "zone": text, "except": _several(list(Severity))}, required=("from", "to")
    )
    route = {
        "route": {"type": ["string", "number"], "pattern": f"^{NAME.pattern}$"},
        "match": match,
        "notify": names,
        "group_by": _named(GROUP_BY),
        "repeat": {"anyOf": [duration, {"const": NEVER}]},
        "escalate": {"anyOf": [level, {"type": "array", "items": level}]},
        "quiet_hours": quiet,
        "continue": {"enum": [True, False, "true", "false"]},
    }
    fits: Schema = {
        "severity": _several(list(Severity)),
        "rule": _some(text),
        "each": _several([kind.value for kind in BY_KIND]),
        "entity": _some(text),
        "target": _some(text),
        "labels": {"type": "object", "additionalProperties": _some(text)},
    }
    return {
        "route": mapping(route_keys.ROUTE, route),
        "match": mapping(route_keys.MATCH, fits),
        "level": mapping(route_keys.ESCALATE, {"after": duration, "to": names}, required=("after", "to")),
        "inhibition": mapping(route_keys.INHIBIT, {"when": match, "hides": match, "same": _named(SAME)}, required=("when", "hides")),
    }


def _some(item: Schema) -> Schema:
    """One of it, or a list that is not empty."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def _several(choices: list[Any]) -> Schema:
    return _some({"enum": [str(choice) for choice in choices]})


def _named(known: Mapping[str, str]) -> Schema:
    label = {"type": "string", "pattern": f"^{LABEL.replace('.', '[.]')}{LABEL_NAME.pattern}$"}
    return _some({"anyOf": [{"enum": list(known)}, label]})
