"""
A deliverer in a process of its own, which is killed (SIGKILL, no goodbye) exactly before or after one of its own steps, and then another one that goes on.

Between any two lines of it lies one of `POINTS`: what is sent is prepared before, what a receiver needs to know of it is remembered meanwhile, what came of it is recorded after.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.patience import PATIENCE
from tests.service.faults.account import account
from tests.service.faults.sides import BY_ID
from tests.service.faults.station import Station
from watchdog.clock import Clock
from watchdog.config.loading import load
from watchdog.model.notices import NoticeKind
from watchdog.receivers.build import build
from watchdog.receivers.delivery import Deliverer
from watchdog.receivers.habits import habits_of
from watchdog.store.store import Store

STEPS: Final = ("prepare", "send", "remember", "arrived")
POINTS: Final = tuple(f"{when} {step} {number}" for number in (1, 2) for step in STEPS for when in ("before", "after"))
"""The first and the second time that each step is done."""
HASTE: Final = {"group_wait": "0s", "group_interval": "0s", "at_most": "1000/1m"}
CHECKOUT: Final = Path(__file__).parents[3]


async def killed_at(name: str, point: str, folder: Path) -> dict[str, Any]:
    """The far side of that name, told by a deliverer that dies there and by one that goes on, while more comes. A row as `stories.under` gives it; `died` is False where the first came to its end before that."""
    folder.mkdir(parents=True, exist_ok=True)
    async with Station(folder / "station", name, settings=HASTE, timeout="10s") as station:
        line = station.lines[name]
        await station.stop()
        for kind in (NoticeKind.FIRING, NoticeKind.ENDED, NoticeKind.ENDED):
            await station.tell("one", kind)
        await station.tell("two", NoticeKind.FIRING)
        await station.store.close()
        died = await _run(folder, point) == -signal.SIGKILL
        await station.reopen()
        await station.tell("one", NoticeKind.ENDED)
        await station.tell("two", NoticeKind.ENDED)
        await station.store.close()
        status = await _run(folder, "")
        await station.reopen()
        counts, found = await station.counts(name), account(line.told, await line.side.seen())
    broken = {
        "it did not end well": status != 0,
        "lost": bool(found.lost) or (line.side.counts_missed and not found.is_whole),
        "out of order": bool(found.turned),
        "doubled though it can tell": found.twice > 0 and line.side.never_twice,
        "doubled more often than it says": found.twice > counts.again,
        "said to have doubled though it can't": counts.again > 0 and name in BY_ID,
        "still waits": counts.waiting > 0,
    }
    return {
        "receiver": name, "fault": f"killed {point}", "died": died, "told": found.told, "shown": found.shown, "collapsed": found.missed, "lost": len(found.lost),
        "out of order": len(found.turned), "came twice": found.twice, "counted as sent again": counts.again,
        "broken": ", ".join(what for what, is_so in broken.items() if is_so),
    }  # fmt: skip


async def _run(folder: Path, point: str) -> int:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.service.faults.mortal", str(folder / "station"), point, cwd=CHECKOUT
    )
    try:
        async with asyncio.timeout(2 * PATIENCE):
            return await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


class _Mortal:
    """Its calls are counted with those of the others; at the one that is the point the process is killed."""

    def __init__(self, one: Any, come: Callable[[str, str], None]) -> None:
        object.__setattr__(self, "_one", one)
        object.__setattr__(self, "_come", come)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._one, name)
        if name not in STEPS:
            return found

        async def done_or_dead(*told: Any, **named: Any) -> Any:
            self._come("before", name)
            answer = await found(*told, **named)
            self._come("after", name)
            return answer

        return done_or_dead

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._one, name, value)


def _come_to(point: str, seen: dict[str, int], when: str, step: str) -> None:
    seen[f"{when} {step}"] = number = seen.get(f"{when} {step}", 0) + 1
    if point == f"{when} {step} {number}":
        os.kill(os.getpid(), signal.SIGKILL)


async def _deliver(folder: Path, point: str) -> None:
    clock, settings = Clock(), load(folder / "config.yml").settings.receivers
    store = await Store.open(folder / "state", clock=clock)
    mortal: Callable[[Any], Any] = partial(_Mortal, come=partial(_come_to, point, {}))
    store.post = mortal(store.post)
    receivers = {name: mortal(one) for name, one in build(settings, clock).items()}
    deliverer = asyncio.create_task(Deliverer(store, receivers, clock, {name: habits_of(one) for name, one in settings.items()}).run())
    while any(its.waiting for its in (await store.post.counts()).values()):
        assert not deliverer.done(), deliverer
        await asyncio.sleep(0.01)
    deliverer.cancel()
    await asyncio.gather(deliverer, return_exceptions=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(_deliver(Path(sys.argv[1]), sys.argv[2]))
