"""
An hour, with a hundred streams of events open: what the agent holds in memory at its end is what it held in the beginning, and the one reader who takes nothing is dropped.

The agent's time is simulated, its sockets are real. Memory is measured after a tenth of the time, when everything has been used once, and at the end.
"""

from pathlib import Path
from typing import Final

from tests.trial.cases import Row
from tests.unit.web.crowd import crowd

MOST: Final = 5_000_000
"""Bytes by which it may grow."""
CASES = ["an hour of 100 streams", "an hour of 10 streams"]


async def run(case: str, folder: Path) -> Row:
    """One hour; the row says what it has cost."""
    streams = int(case.split()[3])
    answer, heard, cut = await crowd(folder, streams=streams, seconds=3_600)
    complete = sum(one.bye and one.last == answer.events + 1 for one in heard)
    grown = answer.after - answer.warm
    return {
        "ok": complete == streams - 1 and cut and answer.dropped == 1 and grown <= MOST,
        "streams": streams,
        "turns": answer.turns,
        "events": answer.events,
        "heard all": complete,
        "dropped": answer.dropped,
        "memory, warm": f"{answer.warm / 1e6:.1f} MB",
        "memory, after": f"{answer.after / 1e6:.1f} MB",
        "peak": f"{answer.peak / 1e6:.1f} MB",
        "kept events": f"{answer.ring / 1e3:.0f} kB",
        "processor": f"{answer.processor:.1f} s",
    }
