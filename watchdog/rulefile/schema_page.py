"""The part of the config's JSON Schema about who may look at the agent, and where; as `schema_routes`."""

from collections.abc import Callable
from typing import Any

from watchdog.model import page_keys
from watchdog.rulefile.page import READING

Schema = dict[str, Any]


def page_parts(mapping: Callable[..., Schema], *, text: Schema, secret: Schema) -> dict[str, Schema]:
    """`api` and `page`; `mapping` makes an object of a table of keys and the schemas of their values."""
    reading: Schema = {"enum": list(READING)}
    named: Schema = {"type": "object", "additionalProperties": secret}
    addresses: Schema = {"type": "array", "items": text}
    proxy = mapping(page_keys.PROXY, {"header": text, "from": addresses, "secret": secret}, required=("header", "from"))
    page = mapping(
        page_keys.PAGE,
        {
            "listen": text, "tokens": named, "readers": named, "proxy": proxy, "reading": reading, "metrics": reading,
            "origin": {"type": "string", "pattern": r"^https?://"},
        },
        required=("listen",),
    )  # fmt: skip
    return {"api": mapping(page_keys.API, {"socket": text, "group": text}), "page": page}
