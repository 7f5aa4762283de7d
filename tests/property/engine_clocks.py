"""The same traces by a wall clock that somebody sets, and what the engine says then but for the time of day."""

from typing import Any, Final

import msgspec

from tests.property.engine_laws import Lawful
from tests.property.engine_simulation import Step
from watchdog.engine.rules import RuleSet
from watchdog.model.events import Body, Paused

_WALL: Final = 1_000_000_000_000
"""Whatever is greater is a time of day."""
HOUR: Final = 3_600_000
JUMPS: Final = (HOUR, -HOUR, 1, -86_400_000, 400 * 86_400_000, -20_000)


class Set(Lawful):
    """A server whose clock is set, time and again, to something else: `jumps` are the turns before which it is, with by how much."""

    def __init__(self, jumps: dict[int, int]) -> None:
        self._jumps = jumps
        super().__init__()

    def _take(self, body: Body, ruleset: RuleSet) -> list[str]:
        if not isinstance(body, Paused):  # its end was told by the clock as it was
            self.booted_wall += self._jumps.pop(self.seq, 0)
        return super()._take(body, ruleset)


def set_at(seed: int) -> dict[int, int]:
    """Before every thirtieth turn or so, by anything from a millisecond to a year."""
    return {30 * number + seed % 29: JUMPS[(seed + number) % len(JUMPS)] for number in range(40)}


def without_reboots(steps: list[Step]) -> list[Step]:
    """Over a reboot nothing but the wall clock says how much time has passed: then it must be right."""
    return [step for step in steps if step[0] != "reboot"]


def timeless(said: list[bytes]) -> list[Any]:
    """What was said, turn by turn, with no time of day in it."""
    return [_timeless(msgspec.json.decode(turn)) for turn in said]


def _timeless(value: Any) -> Any:
    match value:
        case dict():
            return {key: _timeless(inner) for key, inner in value.items()}
        case list():
            return [_timeless(inner) for inner in value]
        case int() if value > _WALL:
            return "a time of day"
        case _:
            return value
