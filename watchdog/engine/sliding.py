"""
When a window that slides on can say something else about a statement, though nothing is written and no source comes or goes.

The counterpart of `windows.held_over`, whose answer depends on what lies in the window and on how much of that is known. Both change along
straight lines between the moments at which a piece enters or leaves, so the next moment can be worked out; it may be early, never late.
"""

from collections.abc import Iterator

from watchdog.engine.windows import THREE_BEATS, Pieces


def turns(pieces: Pieces, window: int, now: int, *, enough: tuple[int, int]) -> int | None:
    """
    The first moment after `now`; None if it stays so for ever.

    `pieces` are what is known of the `window` before `now` and of `now` itself; one that reaches to now goes on. `enough` is the
    share of the window that must be known.
    """
    wrong = max((end for end, value in zip(pieces.ends, pieces.values, strict=True) if not value), default=None)
    if wrong is not None:
        # The window must leave that behind; what is false now stays so.
        return None if wrong > now else wrong + window
    return min((moment for moment in _moments(pieces, window, now, enough) if moment > now), default=None)


def _moments(pieces: Pieces, window: int, now: int, enough: tuple[int, int]) -> Iterator[int]:
    known = 0
    goes_on = False
    for start, end in zip(pieces.starts, pieces.ends, strict=True):
        known += end - start
        goes_on = end > now
        # It begins to leave, and has left; the hole before it is short enough by then.
        if start > now - window:
            yield start + window
        if end <= now:
            yield end + window
        yield start - THREE_BEATS + window
        if not goes_on:
            # The hole behind it has become too long.
            yield end + THREE_BEATS
    leaves = bool(pieces.starts) and pieces.starts[0] <= now - window
    pace = int(goes_on) - int(leaves)
    if pace:
        most, of = enough[1], enough[0] * (window + 1)
        # known(t) = known + pace * (t - now); it is enough where most * known(t) >= of.
        short = of - most * known
        moment = now + -(-short // (most * pace)) if pace > 0 else now + (most * known - of) // most
        yield moment
        yield moment + 1
