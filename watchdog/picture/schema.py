"""The JSON Schema (draft 2020-12) of what `status --json` prints, made of the very structs that read it. Later versions can add keys, and take none away."""

from typing import Any, Final

import msgspec

from watchdog.picture.picture import Picture

_BESIDE: Final = {
    "running": {"type": "boolean", "description": "Whether an agent has the state folder now."},
    "age_ms": {"type": "integer", "minimum": 0, "description": "How old the picture is, in milliseconds."},
}


def status_schema() -> dict[str, Any]:
    """Of the whole object. An agent of an earlier version leaves out what it does not know: no key but those two is always there."""
    (whole,), parts = msgspec.json.schema_components([Picture], ref_template="#/$defs/{name}")
    picture = parts.pop(whole["$ref"].rpartition("/")[2])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What sidekiq-watchdog status --json prints",
        "description": "Durations are milliseconds, sizes bytes, times UTC milliseconds since 1970.",
        "type": "object",
        "properties": {**_BESIDE, **picture["properties"]},
        "required": list(_BESIDE),
        "$defs": parts,
    }
