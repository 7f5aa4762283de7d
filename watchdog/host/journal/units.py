"""
Which units wrote into the journal, by patterns of their names.

journalctl expands `--unit=PATTERN` by itself, but then shows what systemd says of the units as well, and not what journald says of lines that it left out.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from watchdog.host.journal import command
from watchdog.host.journal.child import hindrance, open_child
from watchdog.host.log_source import LogUnreadableError


async def units_like(patterns: Iterable[str], *, directory: Path | None = None) -> tuple[str, ...]:
    """
    Their names, sorted; none where none of them has ever written. A pattern without a dot means services.

    `directory` is where journals lie, None for those of this host. Raises `LogUnreadableError`, also where this user sees no journal at all.
    """
    wanted = [one if "." in one else f"{one}.service" for one in patterns]
    listed = bytearray()
    async with open_child(command.units(directory)) as child:
        while piece := await child.piece():
            listed += piece
        complaints = await child.complaints()
    names = listed.decode("utf-8", "replace").splitlines()
    found = tuple(sorted({name for name in names if any(fnmatchcase(name, pattern) for pattern in wanted)}))
    if not found and not names and (reason := hindrance(complaints)):
        raise LogUnreadableError(reason)
    return found
