"""
Which names services of systemd can have, and which of them a pattern means.

Names come from control groups, which anybody can make, and from rules; nothing that can't be a name gets further than here.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

SERVICE: Final = ".service"
_POSSIBLE: Final = re.compile(r"[A-Za-z0-9:_.\\@-]{1,247}\.service")  # VALID_CHARS and UNIT_NAME_MAX in systemd's unit-name.c


def possible(name: str) -> bool:
    """Whether it can be the name of a service that runs: a template alone can't."""
    return _POSSIBLE.fullmatch(name) is not None and not name.startswith("@") and not name.endswith(f"@{SERVICE}")


def meant(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns means it, as systemd would find it: `*`, `?` and `[…]`; a backslash is itself."""
    return possible(name) and any(fnmatchcase(name, pattern) for pattern in patterns)
