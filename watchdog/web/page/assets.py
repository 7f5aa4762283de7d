"""The sheet, the script and the icon: read once, and called by names that hold their digest, so that a browser may keep them for ever and never has an old one."""

import hashlib
from functools import cache
from importlib import resources
from typing import Final

import msgspec

TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
"""Ending → what it is."""
FILES: Final = ("icon.svg", "page.css", "page.js")


class Asset(msgspec.Struct, frozen=True):
    """One file, as it is sent; `path` is where it is asked for."""

    path: str
    type: str
    body: bytes


@cache
def assets() -> dict[str, Asset]:
    """Name of the file → what is sent."""
    folder = resources.files(__package__) / "static"
    return {name: _asset(name, (folder / name).read_bytes()) for name in FILES}


def asset_at(name: str) -> Asset | None:
    """The one that is asked for by that name below `/static/`; there are no others, whatever else lies in the folder."""
    return next((one for one in assets().values() if one.path == f"/static/{name}"), None)


def _asset(name: str, body: bytes) -> Asset:
    stem, _, ending = name.rpartition(".")
    return Asset(f"/static/{stem}-{hashlib.sha256(body).hexdigest()[:12]}.{ending}", TYPES[ending], body)
