"""Addresses that people may follow from a message: http and https, and nothing that could be taken for something else."""

import re
from typing import Final
from urllib.parse import urlsplit

from watchdog.receivers.message.message import Link

_MOST: Final = 2_000
_NOBODY: Final = "matrix.to"
"""Matrix makes a call of a link to it: it leads to somebody, and to no page."""
_SOUND: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
"""What RFC 3986 lets stand in an address."""


def link(label: str, url: str) -> Link | None:
    """The link, if that is an address of a page; None if it is not, or holds a name or a password."""
    if len(url) > _MOST or _SOUND.fullmatch(url) is None:
        return None
    try:
        parts = urlsplit(url)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        return None
    is_page = parts.scheme.lower() in ("http", "https") and parts.hostname not in (None, "", _NOBODY) and port_is_sound
    return Link(label, url) if is_page and "@" not in parts.netloc else None
