"""
One receiver, one fault, and what comes of it: before, during and after, with a restart of the deliverer in the middle.

Told by `make test` for some and by `make trial ARGS=receivers` for all; each story ends with a row of the table. Where it is about certificates it is told in a process of its own (`python -m tests.service.faults.stories`): whom it
trusts is settled when it begins.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.service.faults.certificates import Certificates, Shown
from tests.service.faults.rude import ARRIVES, Manner
from tests.service.faults.sides import BY_ID
from tests.service.faults.station import TIMEOUT, Line, Station
from watchdog.model.notices import NoticeKind

HOUR: Final = 3600.0
MANY_ATTEMPTS: Final = 60
"""Nobody is called more often within an hour in which nothing works: a minute's growing waits, and every five minutes at the latest."""
SEQUENCE: Final = "reset after the request, then refused"
FAULTS: Final = (
    *(manner.value for manner in Manner if manner is not Manner.WELL),
    SEQUENCE,
    *(f"certificate {shown}" for shown in Shown if shown is not Shown.GOOD),
)
"""All of them, by name."""
_MANNERS: Final[Mapping[str, tuple[Manner, ...]]] = {
    **{manner.value: (manner,) for manner in Manner},
    SEQUENCE: (Manner.RESETS_ANSWER, Manner.REFUSES),
}
CHECKOUT: Final = Path(__file__).parents[3]
_BY_WAITING: Final = frozenset({Manner.SILENT, Manner.DRIPS})
"""What costs real time at each attempt, …"""
_SHORT: Final = "3s"
"""… so it is no more than this."""


async def under(name: str, fault: str, folder: Path) -> dict[str, Any]:
    """The far side of that name, under that fault. The row says how the story went, and what broke (`broken`, empty where nothing did)."""
    if fault in _MANNERS:
        return await _told(name, fault, folder, None)
    certificates = Certificates(folder / "certificates")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.service.faults.stories", name, fault, str(folder), cwd=CHECKOUT,
        env={**os.environ, "SSL_CERT_FILE": str(certificates.authority)}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    row, errors = await child.communicate()
    assert child.returncode == 0, errors.decode()
    return dict(json.loads(row))


async def _told(name: str, fault: str, folder: Path, certificates: Certificates | None) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    manners = _MANNERS.get(fault, ())
    timeout = _SHORT if _BY_WAITING.intersection(manners) else TIMEOUT
    async with Station(folder / "station", name, tls=certificates is not None, timeout=timeout) as station:
        line = station.lines[name]
        good = certificates.context(Shown.GOOD) if certificates is not None else None
        await line.rude.be(Manner.WELL, good)
        first = await station.tell("one", NoticeKind.FIRING)
        await station.clock.skip(60)
        assert first in await _shown(line), f"a {name} that is well is told"
        if certificates is not None:
            await line.rude.be(Manner.WELL, certificates.context(Shown(fault.removeprefix("certificate "))))
            await _suffer(station, line, 0)
        for manner in manners:
            await line.rude.be(manner)
            await _suffer(station, line, 2 if manner in _BY_WAITING else 0)
        failed = await station.counts(name)
        await line.rude.be(Manner.WELL, good)
        mended = station.clock.at()
        await station.tell("one", NoticeKind.ENDED)
        back = await _settled(station, name)
        await station.tell("one", NoticeKind.ENDED)
        await _settled(station, name)
        counts, found = await station.counts(name), await line.account()
    arrives = any(manner in ARRIVES for manner in manners)
    broken = {
        "lost": bool(found.lost) or (line.side.counts_missed and not found.is_whole),
        "out of order": bool(found.turned),
        "doubled though nothing had arrived": found.twice > 0 and not arrives,
        "doubled though it can tell": found.twice > 0 and line.side.never_twice,
        "doubled more often than it says": found.twice > counts.again,
        "said to have doubled though it can't": counts.again > 0 and name in BY_ID,
        "still waits": counts.waiting > 0 or counts.failures > 0,
        "called too often": failed.failures > MANY_ATTEMPTS * len(_MANNERS.get(fault, (fault,))),
        "says nothing of it": not failed.last_error,
    }
    return {
        "receiver": name, "fault": fault, "told": found.told, "shown": found.shown, "collapsed": found.missed, "lost": len(found.lost),
        "out of order": len(found.turned), "came twice": found.twice, "counted as sent again": counts.again, "attempts": failed.failures,
        "back after": f"{(back - mended) // 1000} s", "said": failed.last_error, "broken": ", ".join(what for what, is_so in broken.items() if is_so),
    }  # fmt: skip


async def _suffer(station: Station, line: Line, attempts: int) -> None:
    """An hour in which things happen and the deliverer is ended once; no longer than for so many attempts, where there is a limit."""
    since = line.rude.connections

    def is_enough() -> bool:
        return bool(attempts) and line.rude.connections - since >= attempts

    for part in range(4):
        await station.tell("one", NoticeKind.ENDED)
        await station.tell(f"another {station.number}", NoticeKind.FIRING)
        await station.clock.skip(HOUR / 4, until=is_enough)
        if part == 1:
            await station.restart()


async def _settled(station: Station, name: str) -> int:
    """When nothing waits any more; within two hours."""
    for _ in range(240):
        await station.clock.skip(30)
        if not (await station.counts(name)).waiting:
            break
    return station.clock.at()


async def _shown(line: Line) -> set[int]:
    return {int(number[1:]) for one in await line.side.seen() for number in one.tokens}


if __name__ == "__main__":
    _name, _fault, _folder = sys.argv[1:]
    print(json.dumps(asyncio.run(_told(_name, _fault, Path(_folder), Certificates(Path(_folder) / "certificates")))))
