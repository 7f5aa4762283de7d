"""What a part of the config says, as a text that changes with it, wherever and in whichever line of whichever file it stands: for the digest of the rules."""

from typing import Any, Final

import msgspec

from watchdog.errors import Span
from watchdog.lang.text import Text

_SPAN: Final = frozenset(Span.__struct_fields__)
_TEXT: Final = frozenset(Text.__struct_fields__)


def wording(said: object) -> str:
    """The same for two values exactly if they say the same."""
    return str(_without_places(msgspec.to_builtins(said)))


def _without_places(value: Any) -> Any:
    match value:
        case dict() if value.keys() == _SPAN:
            return None
        case dict() if value.keys() == _TEXT:
            return value["value"]
        case dict():
            return {key: _without_places(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_without_places(inner) for inner in value]
    return value
