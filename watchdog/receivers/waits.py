"""
How long to wait before the next attempt, as a pure function of what happened (apart from the dice).

Waits grow exponentially and are drawn at random below that bound, so that many messages to one receiver that comes back
do not all arrive in the same second.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from tenacity import AsyncRetrying, RetryCallState
from tenacity.wait import wait_base, wait_random_exponential

from watchdog.receivers.receiver import RefusedError, TryAgainError

SOON: Final = wait_random_exponential(multiplier=2, min=1, max=5 * 60)
"""After a failure that passes by itself: seconds, from 1 s to 5 min."""
SELDOM: Final = wait_random_exponential(multiplier=10, min=5, max=60 * 60)
"""After an answer that only a person can change: seconds, from 5 s (a server that is just being replaced) to 1 h."""

LONGEST_ASKED: Final = 60 * 60 * 1000
"""However long a receiver asks to be left alone, he is tried again after this (milliseconds)."""
GIVE_UP_AFTER: Final = 3 * 24 * 60 * 60 * 1000
"""A message that could not be delivered for so long (milliseconds) …"""
GIVE_UP_ATTEMPTS: Final = 20
"""… and so often is given up. The count protects what was written while the clock was wrong by years."""

STURDY: Final = 3
"""A receiver that has failed so often in a row is left alone, whatever else waits for it, and then tried with one dispatch at a time."""

_SHORTEST: Final = 1000


def next_wait(error: TryAgainError, *, attempts: int) -> int:
    """Milliseconds until the next attempt, `attempts` having failed so far, the last one with `error`."""
    if error.after is not None:
        return min(max(error.after, _SHORTEST), LONGEST_ASKED)
    strategy = SELDOM if isinstance(error, RefusedError) else SOON
    return int(_seconds(strategy, attempts) * 1000)


def retry_after(value: str | None, *, wall: int) -> int | None:
    """
    What a `Retry-After` header asks for (RFC 9110 §10.2.3: seconds or an HTTP date), in milliseconds from `wall` on.

    At most an hour; None if there is no such header or nobody can make sense of it.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        # Nine digits are thirty years; a longer number would only cost time to read.
        return LONGEST_ASKED if len(text) > 9 else min(int(text) * 1000, LONGEST_ASKED)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    asked = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000) - wall
    return min(max(asked, 0), LONGEST_ASKED)


def hopeless(*, attempts: int, age: int) -> bool:
    """Whether a message that failed so often, and is so old (milliseconds), is to be given up."""
    return attempts >= GIVE_UP_ATTEMPTS and age >= GIVE_UP_AFTER


def _seconds(strategy: wait_base, attempts: int) -> float:
    state = RetryCallState(_NOTHING, None, (), {})
    state.attempt_number = attempts
    return strategy(state)


# tenacity's strategies want to know the call that is tried again; ours outlives the process, so there is none.
_NOTHING: Final = AsyncRetrying()
