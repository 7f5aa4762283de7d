"""What every request to a Mastodon has in common: who asks, and for how long one that was too many has to wait."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from watchdog import __version__

LONGEST: Final = 24 * 3_600_000
"""However long one is asked to wait (milliseconds)."""


def user_agent(domain: str) -> str:
    """As Mastodon names itself to others: the program, and the server in whose name it asks."""
    return f"sidekiq-watchdog/{__version__} (+https://{domain}/)"


def waits_for(headers: Mapping[str, str], *, wall: int) -> int | None:
    """
    Milliseconds from `wall` on, None where nothing is said that could be understood.

    `Retry-After` (RFC 9110 §10.2.3: seconds, or a date), which proxies send; Mastodon itself says when by `X-RateLimit-Reset` (config/initializers/rack_attack.rb).
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal() and text:
        return min(int(text[:9]) * 1000, LONGEST)
    moment = _date(text) or _iso(headers.get("x-ratelimit-reset", "").strip())
    if moment is None:
        return None
    left = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000) - wall
    return min(max(left, 0), LONGEST)


def _date(text: str) -> datetime | None:
    try:
        return _zoned(parsedate_to_datetime(text)) if text else None
    except (ValueError, OverflowError):
        return None


def _iso(text: str) -> datetime | None:
    try:
        return _zoned(datetime.fromisoformat(text[:40])) if text else None
    except (ValueError, OverflowError):
        return None


def _zoned(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
