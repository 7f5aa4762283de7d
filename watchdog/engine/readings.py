"""
Which values are readings: those of the type of their field, and no others.

The counterpart of the sources, which are believed in nothing: what is of another type, not a number or without end counts as missing.
"""

import math
from typing import Any, Final

from watchdog.model.kinds import Kind, Type
from watchdog.model.missing import MISSING
from watchdog.model.vocabulary import BUILT, Vocabulary

_HELD_AS: Final[dict[Type, tuple[type, ...]]] = {
    Type.BOOL: (bool,),
    Type.STRING: (str,),
    Type.STRINGS: (tuple,),
    Type.DURATION: (int,),
    Type.SIZE: (int,),
    Type.RATIO: (float, int),
    Type.RATE: (float, int),
    Type.COUNT: (int,),
    Type.CORES: (float, int),
}


_PLAIN: Final = frozenset({bool, str, int})
"""Types of which every value is a reading."""


def plain(accepted_: dict[Kind, dict[str, tuple[type, ...]]]) -> dict[Kind, dict[str, type]]:
    """Kind → slot → the type whose every value is a reading of it; slots that have none, or several, are left out."""
    return {
        kind: {slot: types[0] for slot, types in slots.items() if len(types) == 1 and types[0] in _PLAIN}
        for kind, slots in accepted_.items()
    }


def accepted(vocabulary: Vocabulary) -> dict[Kind, dict[str, tuple[type, ...]]]:
    """Kind → slot → the types that its reading may have; a bool is no number here."""
    return {
        kind: {spec.slot: _HELD_AS[spec.type] for spec in specs.values() if spec.slot != "id" and not spec.stands_for}
        for kind, specs in vocabulary.fields.items()
    }


ACCEPTED: Final = accepted(BUILT)
PLAIN: Final = plain(ACCEPTED)
"""The same for what the sources of this version deliver."""


def reading(value: Any, types: tuple[type, ...]) -> Any:
    """The value as it is held; MISSING where it is of none of these types."""
    if type(value) is list:
        value = tuple(value)
    if type(value) not in types:
        return MISSING
    match value:
        case float() if not math.isfinite(value):
            return MISSING
        case tuple() if not all(type(part) is str for part in value):
            return MISSING
    return value
