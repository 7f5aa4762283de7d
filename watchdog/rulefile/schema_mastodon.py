"""The part of the config's JSON Schema about Mastodon; as `schema_page`."""

from collections.abc import Callable
from typing import Any

from watchdog.model import mastodon_keys
from watchdog.rulefile.mastodon import NO_LOG
from watchdog.rulefile.units import PATTERN

Schema = dict[str, Any]


def mastodon_part(mapping: Callable[..., Schema], *, text: Schema, secret: Schema) -> Schema:
    """`mastodon`; `mapping` makes an object of a table of keys and the schemas of their values."""
    units: Schema = {"type": "array", "items": {"type": "string", "pattern": PATTERN.pattern}}
    files: Schema = {"type": "array", "items": {"type": "string", "pattern": "^/"}}
    log = {**mapping(mastodon_keys.WEB_LOG, {"journal": units, "files": files}), "maxProperties": 1}
    watch: Schema = {"type": "array", "items": text}
    values: dict[str, Schema] = {
        "domain": text,
        "url": {"type": "string", "pattern": r"^\s*https?://"},
        "token": secret,
        "watch": watch,
        "web_log": {"anyOf": [{"const": NO_LOG}, log]},
    }
    return mapping(mastodon_keys.MASTODON, values, required=("domain",))
