"""What holds for a time, as a whole: when the next of it ends, what ends now, and how it is shown."""

from collections.abc import Iterator
from typing import Any

from watchdog.engine import acknowledging, pausing, silencing
from watchdog.engine.ledger import Ledger
from watchdog.engine.turn import Turn


def ends(ledger: Ledger) -> Iterator[int]:
    """When each of it ends, in engine time."""
    yield from (one.until_at for one in ledger.pauses.values() if one.until_at is not None)
    yield from (one.until_at for one in ledger.silences.values())
    yield from (one.until_at for one in ledger.acks.values())


def run_out(turn: Turn) -> None:
    """Ends what has come to its end."""
    pausing.run_out(turn)
    silencing.run_out(turn)
    acknowledging.run_out(turn)


def shown(ledger: Ledger, at: int) -> dict[str, Any]:
    """For `status`; `until_ms` is milliseconds from now, None for no end."""
    whole = [one for one in ledger.pauses.values() if not (one.rule or one.target)]
    return {
        # What an older command knows of it.
        "paused": {"by": whole[0].by, "reason": whole[0].reason} if whole else None,
        "pauses": [
            {"by": one.by, "reason": one.reason, "source": one.source, "rule": one.rule, "target": one.target, "until_ms": _left(one.until_at, at)}
            for one in ledger.pauses.values()
        ],
        "silences": [
            {"id": one.id, "by": one.by, "reason": one.reason, "matches": one.matches, "until_ms": _left(one.until_at, at)}
            for one in ledger.silences.values()
        ],
        "acks": [
            {"by": one.by, "reason": one.reason, "rule": one.rule, "target": one.target, "until_ms": _left(one.until_at, at)}
            for one in ledger.acks.values()
        ],
    }  # fmt: skip


def _left(until_at: int | None, at: int) -> int | None:
    return None if until_at is None else max(0, until_at - at)
