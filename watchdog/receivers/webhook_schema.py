"""The JSON Schema (draft 2020-12) of what a webhook is sent, for those who write what takes it. Later versions can add keys, and take none away."""

from typing import Any, Final

from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.receivers.webhook_body import BODY, Shape
from watchdog.model.verdicts import Decision

_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
_SHAPES: Final[dict[Shape, dict[str, Any]]] = {
    Shape.TEXT: {"type": "string"},
    Shape.TIME: {"type": "string", "pattern": f"{_TIME}|^$"},
    Shape.TEXTS: {"type": "array", "items": {"type": "string"}},
    Shape.NAMED: {"type": "object", "additionalProperties": {"type": "string"}},
    Shape.COUNT: {"type": "integer", "minimum": 0},
    Shape.SEVERITY: {"enum": [severity.value for severity in Severity]},
    Shape.DECISION: {"enum": ["", *(decision.value for decision in Decision)]},
}


def webhook_schema() -> dict[str, Any]:
    """Of the whole body."""
    data = {
        "type": "object",
        "properties": {key.name: {"description": key.doc, **_SHAPES[key.shape]} for key in BODY},
        "required": [key.name for key in BODY],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What a webhook of sidekiq-watchdog is sent",
        "type": "object",
        "properties": {
            "type": {"description": "What kind of turn it is. Later versions can know more.", "enum": [kind.value for kind in NoticeKind]},
            "timestamp": {"description": "When it happened: RFC 3339, UTC, milliseconds.", "type": "string", "pattern": _TIME},
            "data": data,
        },
        "required": ["type", "timestamp", "data"],
    }
