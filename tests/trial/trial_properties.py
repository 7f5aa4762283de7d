"""
Random traces by the thousand, each with its own seed: the laws of every action, and what dry-run, another clock and a restore change.

The same as in `tests/property/test_engine_laws.py` and, for what is done to single things of a host, in `test_engine_things.py`, far longer. A case is a stretch of seeds; what broke stands in its row, by seed, and the shortest trace that breaks a law below it.
"""

from collections import Counter
from pathlib import Path
from typing import Any

from tests.property.engine_assumed import SideBySide, denied, done_or_asked
from tests.property.engine_clocks import Set, set_at, timeless, without_reboots
from tests.property.engine_laws import Law, Lawful, smallest
from tests.property.engine_people import peopled_trace
from tests.property.engine_thing_laws import LawfulThings
from tests.property.engine_thing_laws import smallest as smallest_of_things
from tests.property.engine_thing_steps import trace
from tests.property.test_engine_laws import Broken
from tests.property.test_engine_things import Broken as BrokenThings
from tests.property.test_engine_things import decisions
from tests.property.test_engine_traces import random_trace
from tests.trial.cases import Row
from watchdog.engine.methods import METHODS
from watchdog.model.verdicts import Mode

EACH = 1_000
_FIRST = 10_000
"""No seed that `make test` has tried."""
CASES = [
    *(f"laws, seeds {start} to {start + EACH - 1}" for start in range(_FIRST, _FIRST + 6 * EACH, EACH)),
    *(f"{what}, seeds {_FIRST} to {_FIRST + EACH - 1}" for what in ("dry-run as act", "a set clock", "restored")),
    *(f"things, seeds {start} to {start + EACH - 1}" for start in range(_FIRST, _FIRST + 3 * EACH, EACH)),
    *(f"things: {what}, seeds {_FIRST} to {_FIRST + EACH // 2 - 1}" for what in ("dry-run as act", "restored")),
]


def _laws(seed: int) -> tuple[list[tuple[Law, str]], Counter[str]]:
    simulation = Lawful().play(peopled_trace(seed))
    return simulation.broken, Counter(simulation.seen)


def _same(what: str, seed: int) -> bool:
    match what:
        case "dry-run as act":
            both = SideBySide(seed % 2 * 2).play(random_trace(seed, 120))
            return done_or_asked(both.dry) == done_or_asked(both.act) and denied(both.dry) == denied(both.act)
        case "a set clock":
            steps = without_reboots(peopled_trace(seed))
            return timeless(Set(set_at(seed)).play(steps).said) == timeless(Lawful().play(steps).said)
        case "things: dry-run as act":
            act, dry = LawfulThings().play(trace(seed)), LawfulThings(Mode.DRY_RUN).play(trace(seed))
            return decisions(act, "ALLOW") == decisions(dry, "DRY_RUN")
        case "things: restored":
            return BrokenThings().play(trace(seed, 120)).said == LawfulThings().play(trace(seed, 120)).said
        case _:
            steps = peopled_trace(seed, 120)
            return Broken().play(steps).said == Lawful().play(steps).said


async def run(case: str, folder: Path) -> dict[str, object]:
    """One stretch of seeds."""
    what, _, stretch = case.partition(", seeds ")
    first, last = (int(number) for number in stretch.split(" to "))
    seeds = range(first, last + 1)
    if what == "things":
        return _things(seeds)
    if what != "laws":
        different = [seed for seed in seeds if not _same(what, seed)]
        return {"ok": not different, "traces": len(seeds), "broken": f"seeds {different[:5]}" if different else ""}
    seen: Counter[str] = Counter()
    broken: dict[Law, int] = {}
    for seed in seeds:
        found, counts = _laws(seed)
        seen.update(counts)
        for law, _how in found:
            broken.setdefault(law, seed)
    row: dict[str, object] = {
        "ok": not broken, "traces": len(seeds), "actions": seen["actions"], "signals": seen["TERM"] + seen["TSTP"] + seen["CONT"] + seen["KILL"],
        "denials": sum(count for name, count in seen.items() if name.startswith("DENY ")), "asked": seen["ASK budget"],
        "broken": "; ".join(f"{law.name} (seed {seed})" for law, seed in broken.items()),
    }  # fmt: skip
    if broken:
        row["traceback"] = [f"{law}: {smallest(peopled_trace(seed), law)}" for law, seed in broken.items()]
    return row


def _things(seeds: range) -> dict[str, object]:
    """Units, instances, programs and commands: how often each thing was done, and what broke."""
    seen: Counter[str] = Counter()
    broken: dict[str, tuple[int, list[Any]]] = {}
    for seed in seeds:
        simulation = LawfulThings().play(trace(seed))
        seen.update(simulation.seen)
        for law, _how in simulation.broken:
            if law.name not in broken:
                broken[law.name] = (seed, smallest_of_things(trace(seed), law))
    began = {name: seen[f"{name} opened"] + seen[f"{name} next step"] for name in METHODS | {"scale_in": None}}
    return {
        "ok": not broken, "traces": len(seeds), **began, "cut off": sum(count for name, count in seen.items() if name.endswith(" resumed")),
        "asked of the world": sum(seen[name] for name in ("CallUnit", "EndChild", "RunCommand", "SendSignal")),
        "broken": "; ".join(f"{law} (seed {seed})" for law, (seed, _) in broken.items()), "traceback": [f"{law}: {steps}" for law, (_, steps) in broken.items()],
    }  # fmt: skip


def sums(rows: list[Row]) -> list[Row]:
    """All stretches of the laws together."""
    laws: list[dict[str, Any]] = [row for row in rows if "actions" in row]
    return [{key: sum(int(row[key]) for row in laws) for key in ("traces", "actions", "signals", "denials", "asked")}] if laws else []
