"""
Names of units: which are possible, what is in them, and the path under which D-Bus knows each. Pure.

Names come from control groups, which anybody can make; nothing that can't be a name gets further than here.
"""

import string
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from watchdog.model.unit_names import possible

ROOT: Final = "/org/freedesktop/systemd1"
_SERVICE: Final = ".service"
_PLAIN: Final = frozenset(string.ascii_letters + string.digits)


def path_of(name: str) -> str:
    """The object path of a unit: what is no letter or digit, or a digit in front, as `_` and two hexadecimal digits (`bus_label_escape`)."""
    signs = (sign if sign in _PLAIN and (place or not sign.isdigit()) else f"_{ord(sign):02x}" for place, sign in enumerate(name))
    return f"{ROOT}/unit/{''.join(signs) or '_'}"


def meant(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns means it, as systemd would find it: `*`, `?` and `[…]`; a backslash is itself."""
    return possible(name) and any(fnmatchcase(name, pattern) for pattern in patterns)
