"""What comes before the first look: as whom it is done, and what only whoever calls can know."""

import asyncio
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog.doctor.bus import own_unit
from watchdog.doctor.exam import NOTHING, OWN_UNIT, Exam, Places, begin, bus_of, settings_of, state_of
from watchdog.doctor.examination import examine
from watchdog.doctor.found import Point
from watchdog.doctor.who import Running, Who, agents_user, myself, running

_CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"
_OF_THE_UNIT: Final = Path("/run/credentials", OWN_UNIT)


def as_whom(path: Path, places: Places | None = None) -> tuple[Who, Mapping[str, Any], Running | None]:
    """The user to look as, the properties of the agent's unit, and the agent that runs. Whoever is not root can only be himself."""
    places = places or Places()
    where = bus_of(places)
    unit = asyncio.run(own_unit(where)) if where is not None else NOTHING
    state = state_of(path, settings_of(path))
    agent = running(state, places.proc)
    _lend_credentials()
    if os.geteuid() == 0:
        return agents_user(agent, unit, state), unit, agent
    me, its = myself(), agents_user(agent, unit, state)
    # What systemd gives the agent beside its user's rights, a shell of that user has not.
    if its.uid != me.uid or not its.is_known:
        return me, unit, agent
    return msgspec.structs.replace(its, groups=me.groups, capabilities=me.capabilities | its.capabilities), unit, agent


async def examined(
    path: Path, who: Who, *, own_unit: Mapping[str, Any], agent: Running | None, places: Places | None = None, only: Collection[str] = ()
) -> tuple[Exam, list[Point]]:
    """The examination and what came of it."""
    exam = begin(path, who, agent=agent, own_unit=own_unit, places=places or Places())
    return exam, await examine(exam, only)


def _lend_credentials() -> None:
    """Those of the unit, while it runs, are read as the agent reads them."""
    if not os.environ.get(_CREDENTIALS) and _OF_THE_UNIT.is_dir():
        os.environ[_CREDENTIALS] = str(_OF_THE_UNIT)
