"""Who has left the picture: told by `World.take`."""

import msgspec

from watchdog.model.kinds import Kind


class Departure(msgspec.Struct, frozen=True, gc=False):
    """An entity that has left the picture, and why."""

    kind: Kind
    id: str
    reason: str
