"""
How many threads a unit gives Sidekiq, and how many connections to the database: what its own lines say of both.

Each thread wants a connection (Mastodon's docs/admin/scaling: `DB_POOL` at least `-c`). From version 4.3 the pool is as large as Sidekiq's concurrency unless
somebody says otherwise, and a variable of the unit goes before one of `.env.production`; so only what the unit itself says of both is a contradiction.
"""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.host.systemd.sidekiq_command import NotUnderstoodError, options_of
from watchdog.host.systemd.stop_time import Start

POOL: Final = "DB_POOL"
_MOST_DIGITS: Final = 5


def threads_of(start: Start | None) -> int | None:
    """`-c` of its command line; None where it has none, or is not understood."""
    if start is None:
        return None
    try:
        return _count(dict(options_of(start.words)).get("concurrency", ""))
    except NotUnderstoodError:
        return None


def pool_of(properties: Mapping[str, Any]) -> int | None:
    """`DB_POOL` in its `Environment=`, the last one of several; None where it does not say."""
    pool = None
    written = properties.get("Environment")
    for line in written if isinstance(written, list) else ():
        name, equals, value = str(line).partition("=")
        if equals and name == POOL:
            pool = _count(value)
    return pool


def _count(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdigit() and len(written) <= _MOST_DIGITS else None
