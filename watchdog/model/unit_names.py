"""Which names services of systemd can have."""

import re
from typing import Final

SERVICE: Final = ".service"
_POSSIBLE: Final = re.compile(r"[A-Za-z0-9:_.\\@-]{1,247}\.service")  # VALID_CHARS and UNIT_NAME_MAX in systemd's unit-name.c


def possible(name: str) -> bool:
    """Whether it can be the name of a service that runs: a template alone can't."""
    return _POSSIBLE.fullmatch(name) is not None and not name.startswith("@") and not name.endswith(f"@{SERVICE}")
