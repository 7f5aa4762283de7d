"""The path under which D-Bus knows each unit. Pure."""

import string
from typing import Final

ROOT: Final = "/org/freedesktop/systemd1"
_PLAIN: Final = frozenset(string.ascii_letters + string.digits)


def path_of(name: str) -> str:
    """The object path of a unit: what is no letter or digit, or a digit in front, as `_` and two hexadecimal digits (`bus_label_escape`)."""
    signs = (sign if sign in _PLAIN and (place or not sign.isdigit()) else f"_{ord(sign):02x}" for place, sign in enumerate(name))
    return f"{ROOT}/unit/{''.join(signs) or '_'}"
