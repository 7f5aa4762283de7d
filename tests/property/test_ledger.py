"""
Whatever a ledger holds survives being written down, a crash and a reboot: every field of every part of it, also of those that are added later.

The ledgers are made from the types themselves, so a new field is in them without anybody thinking of it here.
"""

from enum import Enum
from random import Random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from watchdog.engine.ledger import READINGS, TABLES_OF_TIMES, Ledger, decode, encode, is_engine_time, rebase
from watchdog.model.actions import ACTIONS

EVIL = ("at", "until", "x_at", "since_at", "marks", "cured", "seen", "web1/at", "jid j1", "")
"""Keys of tables are names of other people's things."""
READ = ("started_at", "confirmed_at", "jid", "retries", "queues")


class Maker:
    """Makes any value of a type. Plain chance from a seed: a strategy for some hundred fields would take its time to make, and longer to shrink."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def ledger(self) -> Ledger:
        """All of it, each table with something in it now and then."""
        ledger: Ledger = self.make(inspect.type_info(Ledger))
        return ledger

    def time(self) -> int:
        """Any number."""
        return self._random.randint(-(2**40), 2**40)

    def make(self, kind: inspect.Type) -> Any:
        """One value."""
        match kind:
            case inspect.StructType(cls=cls, fields=fields):
                return cls(
                    **{
                        field.name: self._readings()
                        if field.name == READINGS and isinstance(field.type, inspect.DictType)
                        else self.make(field.type)
                        for field in fields
                    }
                )
            case inspect.DictType(value_type=inner):
                return {self._random.choice(EVIL): self.make(inner) for _ in range(self._random.randint(0, 2))}
            case inspect.VarTupleType(item_type=inner):
                return tuple(self.make(inner) for _ in range(self._random.randint(0, 2)))
            case inspect.UnionType(types=types):
                return self.make(self._random.choice(types))
            case inspect.EnumType(cls=cls):
                return self._random.choice(list(cls))
            case inspect.IntType():
                return self.time()
            case inspect.BoolType():
                return self._random.random() < 0.5
            case inspect.StrType():
                return self._random.choice(("", "at", "j1", "marks", "ä"))
            case inspect.FloatType():
                return self._random.choice((0.5, -1.25))
            case inspect.NoneType():
                return None
            case other:
                raise AssertionError(f"say here how a {other} is made")

    def _readings(self) -> dict[str, Any]:
        return {slot: self._random.choice((self.time(), "x", ["a", "b"], None)) for slot in READ if self._random.random() < 0.5}


SEEDS = st.integers(0, 2**32)


def engine_times(value: Any, name: str = "", path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], bool]:
    """Every number in it: whether it is an engine time. Written down anew here, from what the module says of names."""
    match value:
        case bool() | Enum():
            return {}
        case int():
            return {path: is_engine_time(name)}
        case msgspec.Struct():
            found: dict[tuple[Any, ...], bool] = {}
            for field in value.__struct_fields__:
                inner = getattr(value, field)
                if field in TABLES_OF_TIMES:
                    found |= {(*path, field, key): True for key in inner}
                elif field == READINGS and isinstance(inner, dict):
                    for slot, reading in inner.items():
                        found |= engine_times(reading, slot, (*path, field, slot))
                else:
                    found |= engine_times(inner, field, (*path, field))
            return found
        case dict():
            return {where: told for key, inner in value.items() for where, told in engine_times(inner, "", (*path, key)).items()}
        case list() | tuple():
            return {where: told for number, inner in enumerate(value) for where, told in engine_times(inner, "", (*path, number)).items()}
    return {}


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """What stands there."""
    for step in path:
        value = getattr(value, step) if isinstance(value, msgspec.Struct) else value[step]
    return value


@given(SEEDS)
def test_nothing_is_lost_on_the_way_to_the_store_and_back(seed):
    """Whatever its parts are called, and however many there are."""
    ledger = Maker(seed).ledger()
    assert decode(encode(ledger)) == ledger


@given(SEEDS)
def test_a_reboot_moves_each_engine_time_once_and_nothing_else(seed):
    """Timers, cooldowns, budgets, strikes, pauses: every one of them, and no wall time, no count and no key of a table."""
    maker = Maker(seed)
    ledger, shift = maker.ledger(), maker.time()
    moved = decode(encode(rebase(ledger, shift)))
    numbers = engine_times(ledger)
    assert engine_times(moved) == numbers
    assert {path: at(moved, path) - at(ledger, path) for path in numbers} == {path: shift if told else 0 for path, told in numbers.items()}
    assert rebase(moved, -shift) == ledger, "and nothing but numbers has changed"


def fields_of(kind: inspect.Type, found: dict[str, str]) -> dict[str, str]:
    """Every field that is a number or a table of numbers, with where it was found first."""
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            for field in fields:
                if _is_number(field.type):
                    found.setdefault(field.name, f"{cls.__name__}.{field.name}")
                fields_of(field.type, found)
        case inspect.DictType(value_type=inner) | inspect.VarTupleType(item_type=inner) | inspect.ListType(item_type=inner):
            fields_of(inner, found)
        case inspect.UnionType(types=types):
            for inner in types:
                fields_of(inner, found)
        case _:
            pass
    return found


def _is_number(kind: inspect.Type) -> bool:
    match kind:
        case inspect.IntType():
            return True
        case inspect.UnionType(types=types):
            return any(map(_is_number, types))
        case inspect.DictType(value_type=inner):
            return isinstance(inner, inspect.IntType)
    return False


WALL_BY_ANOTHER_NAME = {"wall", "heard"}
COUNTS = {
    "seq", "counted", "pid", "start_ticks", "beats", "quiet_beats", "unnamed", "strikes", "count", "suspected", "crashed", "step", "spread", "cap", "failing_for", "status", "quiet", "needed",
    "times", "level", "fires", "hides", "alive", "number", "fired", "begun", "ended", "verified", "unverified", "failed", "abandoned", "would", "lasted", "by_itself", "denied", "asked", "restarts",
}  # fmt: skip


def test_every_number_in_it_says_what_it_is():
    """An engine time by its name, a wall time by its name, or a count that stands here: a time under another name would not be moved by a reboot."""
    found = fields_of(inspect.type_info(Ledger), {})
    unsaid = {
        where
        for name, where in found.items()
        if not is_engine_time(name)
        and name not in TABLES_OF_TIMES
        and not name.endswith("_wall")
        and name not in WALL_BY_ANOTHER_NAME | COUNTS
    }
    assert unsaid == set()


def test_no_argument_of_an_action_is_a_time():
    """They are durations and counts: what a step was asked for is not moved."""
    assert not [spec.name for action in ACTIONS for spec in action.arguments().values() if is_engine_time(spec.name)]
