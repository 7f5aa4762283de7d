"""
Ten thousand alerts in a minute, and over again in another, for each receiver: the real engine, store and deliverer, in a time that is set forward.

Each gets a handful of messages and is called no more often than it allows; cards and audit log account for every alert; and memory stays bounded, that of the engine included.
"""

from pathlib import Path
from typing import Final

from tests.conftest import lack
from tests.service.faults import storm
from tests.service.faults.sides import NEEDS, SIDES
from tests.trial.cases import Row

ALERTS: Final = 10_000
MOST: Final = 150
"""Megabytes by which the whole process may grow, far sides included; ten thousand alerts are some 40 in the engine."""
CASES = [name for name in SIDES if not any(map(lack, NEEDS.get(name, ())))]


async def run(case: str, folder: Path) -> Row:
    """One receiver."""
    row = await storm.apart(folder / "storm", ALERTS, [case])
    named = {name.removeprefix(f"{case}: "): value for name, value in row.items()}
    return {"ok": not row["broken"] and row["grown by MB"] < MOST, **named}
