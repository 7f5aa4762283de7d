"""
What the language can name, and how it is named in a message.

The counterpart of the field table, of which authors see a part: internal readings have no name here.
"""

from watchdog.model.fields import FieldSpec
from watchdog.model.kinds import Kind, Type
from watchdog.model.vocabulary import BUILT, Vocabulary


def fields_of(kind: Kind, vocabulary: Vocabulary = BUILT) -> dict[str, FieldSpec]:
    """What a condition can name of this kind: name → spec."""
    return {name: spec for name, spec in vocabulary.fields.get(kind, {}).items() if not spec.internal}


def article(type_: Type) -> str:
    """The type in a sentence."""
    match type_:
        case Type.BOOL:
            return "true or false"
        case Type.STRINGS:
            return "a list of strings"
        case Type.CORES:
            return "a number of cores"
        case _:
            return f"a {type_}"
