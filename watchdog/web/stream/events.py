"""An event of the stream, as it goes over the line."""

from enum import StrEnum
from typing import Any

from watchdog.store.encoding import encode


class Name(StrEnum):
    """What an event tells."""

    HELLO = "hello"
    """The first of each stream: `{host, wall, seq, versions}`; what is fetched from now on is at least as new as these versions."""
    RESET = "reset"
    """The same, in place of `hello`, where what the reader has missed is not there any more, or was of another life of the agent: everything that it holds is old."""
    SECTIONS = "sections"
    """`{section: version}` of those that have changed; at most two of these come in a second."""
    AUDIT = "audit"
    """A row of the audit log, as `views.audit.Row` without number and hash. Of a turn that writes very many only the first are told; `/audit` has all."""
    BEAT = "beat"
    """`{wall, seq}`: the agent lives; each 15 s."""
    BYE = "bye"
    """The agent ends, or takes its settings over: come again in a moment."""


def encoded(name: Name, body: Any, *, id_: str) -> bytes:
    """As bytes; JSON has no line ends in it, so one line of `data` is enough."""
    return f"id: {id_}\nevent: {name.value}\ndata: ".encode() + encode(body) + b"\n\n"
