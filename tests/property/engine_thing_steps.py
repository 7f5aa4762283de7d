"""What can happen to a server of units, as often as it is to be drawn, and how those who are asked can answer."""

import random
from typing import Final

from tests.property.engine_simulation import Step
from watchdog.model.results import (
    BlockLook,
    ChildEnded,
    ChildLook,
    CommandLook,
    CommandRan,
    EvidenceCollected,
    Exited,
    InFlight,
    PutBackDone,
    Refused,
    Result,
    Sent,
    StillRunning,
    UnitCalled,
    UnitOutcome,
)

STILL: Final = 120_000
"""Milliseconds for which a program must have stood still."""
GIB: Final = 1 << 30
PEERS: Final = tuple(f"{name}.example" for name in "abcd")
WEIGHTS: Final = {
    "pass": 10, "beats": 14, "right": 60, "answer": 3, "late": 2, "size": 7, "retries": 4, "far": 5, "hang": 5, "moves": 2, "job": 3, "die": 7, "revive": 3, "stopped": 1,
    "started": 3, "lose": 1, "back": 4, "read": 4, "pause": 1, "resume": 3, "reload": 3, "fail": 2, "crash": 4, "stop": 1, "reboot": 1, "gap": 1,
}  # fmt: skip
STEPS: Final = tuple(name for name, weight in WEIGHTS.items() for _ in range(weight))
WARM_UP: Final[list[Step]] = [("started", 0, 0), ("started", 1, 0), ("started", 2, 0), ("read", 0, 1), ("beats", 1, 0)]
ANSWERS: Final[tuple[Result, ...]] = (
    Refused("because"), UnitCalled(UnitOutcome.UNKNOWN, "it no longer answers"), UnitCalled(UnitOutcome.TIMEOUT), UnitCalled(UnitOutcome.WAITING), UnitCalled(UnitOutcome.CANCELED),
    CommandRan(None, unknown="it still runs"), CommandRan(None, refused="no domain"), CommandRan(-9, cut=True), CommandRan(3), Exited(), StillRunning(), Sent(),
    ChildEnded(still=130_000, processes=2, left=1), ChildEnded(was_gone=True, detail="it has ended"), ChildLook(alive=True, still=10, processes=1), InFlight(()),
    CommandLook("root's list has none of that name"), EvidenceCollected(), PutBackDone(()), BlockLook(refused="no token"),
)  # fmt: skip
"""No answer here says that a unit runs, or that one may be started: systemd does not lie."""


def trace(seed: int, length: int = 250) -> list[Step]:
    """The same for the same seed."""
    chance = random.Random(f"things {seed}")
    return WARM_UP + [(chance.choice(STEPS), chance.randrange(6), chance.randrange(12)) for _ in range(length)]
