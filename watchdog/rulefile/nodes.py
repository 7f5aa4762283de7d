"""
A YAML text as a tree whose every part knows its place.

The counterpart of the parser's events. Scalars are text and nothing else: what a value means is decided by the key
that it stands under, never by how it looks.
"""

import msgspec

from watchdog.errors import Span
from watchdog.lang.text import Text


class Scalar(msgspec.Struct, frozen=True):
    """A single value as it was written; `plain` says that it stands without quotes and not as a block."""

    text: Text
    plain: bool

    @property
    def span(self) -> Span:
        """The whole value, without its quotes."""
        return self.text.span(0, len(self.text.value))

    @property
    def is_nothing(self) -> bool:
        """Nothing was written at all (an empty text in quotes is something)."""
        return self.plain and not self.text.value


class Sequence(msgspec.Struct, frozen=True):
    """A list. `whole` is False if something of it was refused or lost, which has been reported."""

    items: "tuple[Node, ...]"
    span: Span
    whole: bool = True


class Entry(msgspec.Struct, frozen=True):
    """One key of a mapping with its value."""

    key: Scalar
    value: "Node"


class Mapping(msgspec.Struct, frozen=True):
    """Keys with values, each key once. `whole` is False if something of it was refused or lost, which has been reported."""

    entries: tuple[Entry, ...]
    span: Span
    whole: bool = True


class Refused(msgspec.Struct, frozen=True):
    """Stands where a value was refused, which has been reported: nothing more is to be said of it."""

    span: Span


Node = Scalar | Sequence | Mapping | Refused
"""Any value."""
