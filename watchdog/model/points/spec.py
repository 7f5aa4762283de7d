"""What is said of a point."""

from enum import StrEnum

import msgspec


class Area(StrEnum):
    """What a point is part of; they are shown in this order."""

    CONFIG = "config"
    STATE = "state"
    AGENT = "agent"
    HOST = "host"
    PAGE = "page"
    REDIS = "Redis"
    SIDEKIQ = "Sidekiq"
    MASTODON = "Mastodon"
    SYSTEMD = "systemd"
    LOG = "log"
    HELPERS = "helpers"
    OUTSIDE = "outside"


class PointSpec(msgspec.Struct, frozen=True):
    """
    One point.

    `looks_at` says what is looked at, `why` what would be amiss without it, `mend` how it is put right; `example` is a sentence in which it is told that it is not well, as a test provokes it.
    """

    name: str
    area: Area
    looks_at: str
    why: str
    mend: str
    example: str
