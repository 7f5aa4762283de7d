"""
What tells of a deployment, as it is remembered: frozen parts of the ledger.

A deployment is no state that anybody could read but a time in which many things change, some of them for a second. So its signs are kept with the moment at which
each was seen, and outlive the agent.
"""

import msgspec


class Sign(msgspec.Struct, frozen=True):
    """
    Something that happens in a deployment: `words` say what, as a sentence without a point.

    `seen_at` is when it was last new, of what lasts when it began; `ended_at` when that was over, None as long as it is not. What happens in a moment has `ended_at` too.
    """

    words: str
    seen_at: int
    ended_at: int | None = None


class Label(msgspec.Struct, frozen=True):
    """A tag with a version that processes have come with; `seen_at` is when the last of them was noted."""

    seen_at: int


class Deploys(msgspec.Struct, frozen=True):
    """
    Signs by what they are of, and what new ones are told by.

    `labels` are tags and versions of the fleet, the latest last. `code_wall` holds for each process that the host has looked at when the newest of the files that are newer
    than it was changed (UTC milliseconds, 0 where none is). `quiet` is how many processes were quiet without having been told so by this agent.
    """

    signs: dict[str, Sign] = {}
    labels: dict[str, Label] = {}
    code_wall: dict[str, int] = {}
    quiet: int = 0
