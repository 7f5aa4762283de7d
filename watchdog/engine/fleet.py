"""
What the agent knows of the lock that all agents of one Redis share, and of which of them leads. Frozen parts of the ledger.

Times named `…_at` are engine milliseconds, as everywhere in it.
"""

from typing import Final

import msgspec

LAPSE: Final = 20_000
"""Milliseconds without a word after which this agent may lead no more: its lease lives for thirty seconds, and is renewed each ten."""


class Lock(msgspec.Struct, frozen=True):
    """
    It is held, for the request, order or run with the id `subject`.

    `fence` is what Redis gave for it; empty where nobody else is there and it could not be taken. `used` says that what it was taken for has begun.
    """

    subject: str
    fence: str
    number: int
    taken_at: int
    used: bool = False


class Busy(msgspec.Struct, frozen=True):
    """Somebody else acts, or it can't be known that nobody does; after `until_at` it is asked again."""

    reason: str
    until_at: int


class Lead(msgspec.Struct, frozen=True):
    """The agent of `host` leads, which is this one where it is `mine`; nobody does where `host` is empty."""

    host: str
    mine: bool = False


class Fleet(msgspec.Struct, frozen=True):
    """`lock` is None where it is not held, `busy` what was said when it was wanted last; until `spent_until_at` all agents together have acted as often as they may. `lead` is None while it is not known who leads."""

    lock: Lock | None = None
    busy: Busy | None = None
    spent_until_at: int | None = None
    lead: Lead | None = None
