"""Names of units: what is in them, and the path under which D-Bus knows each. Pure."""

import string
from typing import Final

ROOT: Final = "/org/freedesktop/systemd1"
_SERVICE: Final = ".service"
_PLAIN: Final = frozenset(string.ascii_letters + string.digits)


def path_of(name: str) -> str:
    """The object path of a unit: what is no letter or digit, or a digit in front, as `_` and two hexadecimal digits (`bus_label_escape`)."""
    signs = (sign if sign in _PLAIN and (place or not sign.isdigit()) else f"_{ord(sign):02x}" for place, sign in enumerate(name))
    return f"{ROOT}/unit/{''.join(signs) or '_'}"


def template_of(name: str) -> tuple[str, str]:
    """Template and instance; both empty where it is made from none. What stands between the first `@` and the ending is the instance, as written."""
    stem, at, instance = name.removesuffix(_SERVICE).partition("@")
    return (f"{stem}@{_SERVICE}", instance) if at else ("", "")
