"""Named commands, where root has defined any: the definitions, the units that carry them out, and the right to start these."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from watchdog.commands.trusted import load
from watchdog.commands.units import UNITS, Places, unit_text
from watchdog.doctor.exam import Exam, bus_of
from watchdog.doctor.found import Found, bad, counted, doubtful, fine, listed, passed_over
from watchdog.host.systemd.bus import Bus
from watchdog.host.systemd.failures import SystemdUnavailableError
from watchdog.host.systemd.rights import may_not
from watchdog.model.named.handing_over import unit_of
from watchdog.model.named.reading import PLACE, DefinitionError, Definitions
from watchdog.model.targets import Verb

_INSTALL: Final = "sidekiq-watchdog-command install, as root"
_PROGRAM: Final = re.compile(r"^ExecStart=(\S+) ", re.MULTILINE)
_ANY_RUN: Final = "0" * 32


async def look(exam: Exam) -> Mapping[str, Found]:
    """The point of commands, of the area of helpers."""
    place = exam.places.commands
    if not place.exists():
        return {"commands": passed_over("none is defined; no rule can have one run")}
    try:
        definitions = load(place)
    except DefinitionError as error:
        return {"commands": bad(str(error), f"correct {place}; then {_INSTALL}")}
    refused: set[str] = set()
    where = bus_of(exam.places)
    if where is not None and definitions.commands:
        try:
            refused = await _refused(where, definitions)
        except SystemdUnavailableError:
            return {"commands": passed_over("systemd first")}
    return {"commands": commands_of(definitions, outdated(definitions, place), refused, user=exam.who.name)}


def outdated(definitions: Definitions, place: Path, units: Path = UNITS) -> list[str]:
    """The commands whose unit is not there, or is another one than would be written now."""
    wrong = []
    for name, definition in definitions.commands.items():
        try:
            stands = (units / unit_of(name)).read_text(encoding="utf-8", errors="replace")
        except OSError:
            wrong.append(name)
            continue
        program = _PROGRAM.search(stands)
        if program is None or unit_text(definition, Places(Path(program[1]), place)) != stands:
            wrong.append(name)
    return wrong


def commands_of(definitions: Definitions, wrong: list[str], refused: Collection[str], *, user: str) -> Found:
    """What is amiss with them; `refused` are those that this user may not have started."""
    if definitions.agent != user:
        says = f"commands.toml lets {definitions.agent} have them run, and the agent runs as {user}"
        return bad(says, f'agent = "{user}" in {PLACE}; then {_INSTALL}')
    if wrong:
        return bad(f"not installed, or before commands.toml was changed: {listed(wrong)}", _INSTALL)
    if refused:
        mend = "install the polkit rule that comes with this version"
        return doubtful(f"systemd lets this user not start: {listed(sorted(refused))}", mend)
    return fine(f"{counted(len(definitions.commands), 'command')}: {listed(sorted(definitions.commands))}")


async def _refused(where: str, definitions: Definitions) -> set[str]:
    bus = await Bus.connect(where, lambda _: None)
    try:
        return {name for name in definitions.commands if Verb.START in await may_not(bus, unit_of(name, _ANY_RUN), (Verb.START,))}
    finally:
        bus.close()
