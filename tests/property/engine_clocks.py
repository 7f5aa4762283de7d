"""The same traces by a wall clock that somebody sets, and what the engine says then but for the time of day."""

import re
from typing import Any, Final

import msgspec

from tests.property.engine_laws import Lawful
from tests.property.engine_simulation import Step
from watchdog.engine.rules import RuleSet
from watchdog.model.events import Body, Paused
from watchdog.model.told import OperatorApproved, OperatorPaused

_WALL: Final = 1_000_000_000_000
"""Whatever is greater is a time of day."""
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")
"""A time of day as people read it."""
HOUR: Final = 3_600_000
JUMPS: Final = (HOUR, -HOUR, 1, -86_400_000, 400 * 86_400_000, -20_000)


class Set(Lawful):
    """A server whose clock is set, time and again, to something else: `jumps` are the turns before which it is, with by how much."""

    def __init__(self, jumps: dict[int, int]) -> None:
        self._jumps = jumps
        super().__init__()

    def _take(self, body: Body, ruleset: RuleSet) -> list[str]:
        if not isinstance(body, Paused | OperatorPaused | OperatorApproved):  # its end was told by the clock as it was
            self.booted_wall += self._jumps.pop(self.seq, 0)
        return super()._take(body, ruleset)


def set_at(seed: int) -> dict[int, int]:
    """Before every thirtieth turn or so, by anything from a millisecond to a year."""
    return {30 * number + seed % 29: JUMPS[(seed + number) % len(JUMPS)] for number in range(40)}


def without_reboots(steps: list[Step]) -> list[Step]:
    """Over a reboot nothing but the wall clock says how much time has passed: then it must be right."""
    return [step for step in steps if step[0] != "reboot"]


class Timeless:
    """
    What was said with no time of day in it, and with no word that a person answers a question by: that is drawn from the clock.

    A word becomes the number of its question; `names` holds them all, so whatever is said later must name the same question.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def turn(self, said: bytes) -> Any:
        """One turn, as JSON."""
        return [self.said(effect) for effect in msgspec.json.decode(said)]

    def said(self, effect: Any) -> Any:
        """One of them, as plain data."""
        match effect:
            case {"detail": {"approval": str(name)}} | {"row": {"detail": {"approval": str(name)}}}:
                self.names.setdefault(name, f"question {len(self.names) + 1}")
            case _:
                pass
        return self.of(effect)

    def text(self, text: str) -> str:
        """A sentence."""
        text = _MOMENT.sub("a time of day", text)
        for name, number in self.names.items():
            text = re.sub(rf"\b{name}\b", number, text)
        return text

    def of(self, value: Any) -> Any:
        """Any plain data."""
        match value:
            case dict():
                return {key: self.of(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self.of(inner) for inner in value]
            case str():
                return self.text(value)
            case int() if value > _WALL:
                return "a time of day"
            case _:
                return value


def timeless(said: list[bytes]) -> list[Any]:
    """What was said, turn by turn."""
    without = Timeless()
    return [without.turn(turn) for turn in said]
