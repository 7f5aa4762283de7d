"""Values of the agent as texts: for a command, and for people."""

import re
from typing import Final

from watchdog.model.named.arguments import LONGEST, shown

_HARMLESS: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.:=,@+-]{{0,{LONGEST - 1}}}", re.ASCII)


def as_text(value: str | int, *, is_duration: bool = False) -> str:
    """A text as it is, a count in digits, a duration (milliseconds) in whole seconds, those that have begun left out."""
    if isinstance(value, str):
        return value
    return str(value // 1000) if is_duration else str(int(value))


def named(text: str) -> str:
    """A value as part of a name: as it is where nothing in it can be mistaken, else as what was refused is shown."""
    return text if _HARMLESS.fullmatch(text) else f"({shown(text)})"
