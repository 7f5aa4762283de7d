"""What a field is."""

from enum import StrEnum

import msgspec

from watchdog.model.kinds import Kind, Source, Type


class Clock(StrEnum):
    """
    What makes a field grow by itself.

    A growing field is not delivered; its source delivers the moment from which it is counted.
    """

    BEAT = "beat"  # counted up to the last beat of the job's process: unconfirmed time is not counted
    ENGINE = "engine"  # counted up to the time of the event being judged


class FieldSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One field of an entity.

    `attr` is the slot of the row that holds the reading; for a growing field it holds the moment
    (engine milliseconds) from which `clock` counts. `refers` says that the value is the id of another
    entity. An `internal` field is a reading that only the engine uses. `older` says of a counter that it may have begun long before its
    entity was first seen here: then its absence before that is no 0.

    A field that `stands_for` a condition holds no reading and has no slot: wherever it is written, that condition is meant, of the same entity.
    Its sources are those of the condition; `source` is the one without which it says nothing.
    """

    kind: Kind
    name: str
    type: Type
    source: Source
    doc: str
    example: str = ""
    attr: str = ""
    clock: Clock | None = None
    refers: Kind | None = None
    internal: bool = False
    older: bool = False
    stands_for: str = ""

    @property
    def slot(self) -> str:
        """The attribute of the row that holds this reading."""
        return self.attr or self.name

    @property
    def path(self) -> str:
        """As it is written in a condition: `job.elapsed`."""
        return f"{self.kind}.{self.name}"


def field(
    kind: Kind,
    name: str,
    type_: Type,
    doc: str,
    example: str,
    *,
    source: Source = Source.REDIS,
    attr: str = "",
    clock: Clock | None = None,
    refers: Kind | None = None,
    older: bool = False,
) -> FieldSpec:
    """A field that conditions can read."""
    return FieldSpec(
        kind=kind, name=name, type=type_, source=source, doc=doc, example=example, attr=attr, clock=clock, refers=refers, older=older
    )


def picture(kind: Kind, name: str, doc: str, example: str, *, stands_for: str, source: Source) -> FieldSpec:
    """One word for a condition on the same entity, so that nobody has to write it out."""
    return FieldSpec(kind=kind, name=name, type=Type.BOOL, source=source, doc=doc, example=example, stands_for=stands_for)


def internal(kind: Kind, name: str, type_: Type, doc: str, *, source: Source = Source.REDIS) -> FieldSpec:
    """A reading that only the engine uses."""
    return FieldSpec(kind=kind, name=name, type=type_, source=source, doc=doc, internal=True)
