"""
The bytes of a job, read for what may be known of it: never written back, and never shown.

The counterpart of `decode`, which reads what a follower needs. Ruby takes a job that is not quite UTF-8, so it is read here as well.
"""

import json
from typing import Any

import orjson


def fields_of(payload: bytes) -> dict[str, Any]:
    """The fields of a job; none of what is no JSON object."""
    try:
        job = orjson.loads(payload)
    except ValueError:
        job = _read_slowly(payload)
    return job if isinstance(job, dict) else {}


def _read_slowly(payload: bytes) -> Any:
    try:
        return json.loads(payload.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
