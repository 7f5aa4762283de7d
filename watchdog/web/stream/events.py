"""
An event of the stream, as it goes over the line, and what each kind of them holds.

The OpenAPI document and the reference are made of `FORMATS`, and the hub says nothing that does not stand there.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from watchdog.model.records import AuditRow
from watchdog.store.encoding import encode


class Name(StrEnum):
    """What an event tells: see `FORMATS`."""

    HELLO = "hello"
    RESET = "reset"
    SECTIONS = "sections"
    AUDIT = "audit"
    BEAT = "beat"
    BYE = "bye"


class Greeting(msgspec.Struct, frozen=True):
    """How a stream begins: `host` and `wall` are the agent's, `seq` its last turn, `versions` those of all sections."""

    host: str
    wall: int
    seq: int
    versions: dict[str, int]


class Alive(msgspec.Struct, frozen=True):
    """The agent's time (`wall`) and its last turn."""

    wall: int
    seq: int


class Leaving(msgspec.Struct, frozen=True):
    """The agent's time when it ended the stream."""

    wall: int


class Format(msgspec.Struct, frozen=True):
    """What an event says, and the type of its `data`, which is JSON."""

    doc: str
    data: Any


FORMATS: Final[Mapping[Name, Format]] = {
    Name.HELLO: Format(
        "The first of a stream, with the version of each section: what is fetched from now on is at least as new.", Greeting
    ),
    Name.RESET: Format(
        "In place of `hello` where what was missed is not there any more, or was of another life of the agent: all that the reader holds is old.",
        Greeting,
    ),
    Name.SECTIONS: Format("Section → version, of those that have changed; at most two of these come in a second.", dict[str, int]),
    Name.AUDIT: Format(
        "A row of the audit log as it is written, without what is empty; of a turn that writes very many only the first are told, `/audit` has all.",
        AuditRow,
    ),
    Name.BEAT: Format("The agent lives; each 15 s.", Alive),
    Name.BYE: Format("The last of a stream: the agent ends, or takes its settings over. Come again in a moment.", Leaving),
}
"""Each kind of event."""


def encoded(name: Name, body: Any, *, id_: str) -> bytes:
    """As bytes; JSON has no line ends in it, so one line of `data` is enough."""
    return f"id: {id_}\nevent: {name.value}\ndata: ".encode() + encode(msgspec.to_builtins(body)) + b"\n\n"
