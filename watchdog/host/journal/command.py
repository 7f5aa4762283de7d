"""
What to ask journalctl for: the lines of one process or unit, with journald's own words about lines that it dropped. Pure.

Matches (journalctl(1)): several fields are a conjunction, `+` a disjunction. Fields that begin with `_` are journald's own and can't be forged.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

DROPPED: Final = "a596d6fe7bfa4994828e72309e95d61e"
"""SD_MESSAGE_JOURNAL_DROPPED: "Suppressed N messages from UNIT" (sd-messages.h)."""
STARVED: Final = "fe6faa94e7774663a0da52717891d8ef"
"""SD_MESSAGE_UNIT_OUT_OF_MEMORY: "A process of this unit has been killed by the OOM killer" (sd-messages.h)."""
WANTED: Final = ("MESSAGE", "MESSAGE_ID", "N_DROPPED", "_PID", "_SYSTEMD_UNIT", "_TRANSPORT")
"""Fields that are asked for; cursor and time come with every entry."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """
    Whose lines: of a pid or of a unit, or of both; or of any of several `units`.

    `boot_id` (as the kernel writes it, with dashes or without) keeps out those of other boots that had the same pid; `directory` is where journals lie,
    None for those of this host. `since` (UTC milliseconds, 0: ever) leaves out what is older. `kills` asks not for lines of the unit but for what tells of its
    processes being killed for want of memory: the kernel's own lines, and systemd's word on the unit.
    """

    pid: int = 0
    unit: str = ""
    units: tuple[str, ...] = ()
    boot_id: str = ""
    directory: Path | None = None
    since: int = 0
    kills: bool = False


def backwards(selection: Selection) -> list[str]:
    """From the newest to the oldest."""
    return [*_base(selection), "--reverse", *_matches(selection)]


def forwards(selection: Selection, cursor: str) -> list[str]:
    """From the line of that cursor on, this line included: whether it comes shows whether it is still there."""
    return [*_base(selection), f"--cursor={cursor}", *_matches(selection)]


def follow(selection: Selection, cursor: str) -> list[str]:
    """The same and whatever is written afterwards; without a cursor from now on."""
    place = [f"--cursor={cursor}", "--no-tail"] if cursor else ["--lines=0"]
    return [*_base(selection), "--follow", *place, *_matches(selection)]


def units(directory: Path | None) -> list[str]:
    """The names of all units that ever wrote into it, one a line."""
    return ["journalctl", "--no-pager", "--quiet", "--field=_SYSTEMD_UNIT", *_place(Selection(directory=directory))]


def permission(selection: Selection) -> list[str]:
    """What journalctl says about what this user may not see: it does so in no output for programs."""
    return ["journalctl", "--no-pager", "--lines=1", "--output=short", *_place(selection)]


def _base(selection: Selection) -> list[str]:
    return [
        "journalctl",
        "--no-pager",
        "--quiet",
        "--output=export",
        f"--output-fields={','.join(WANTED)}",
        *_since(selection),
        *_place(selection),
    ]


def _since(selection: Selection) -> list[str]:
    return [f"--since=@{selection.since // 1000}"] if selection.since else []


def _place(selection: Selection) -> Iterable[str]:
    return [] if selection.directory is None else [f"--directory={selection.directory}"]


def _matches(selection: Selection) -> list[str]:
    boot = [f"_BOOT_ID={selection.boot_id.replace('-', '')}"] if selection.boot_id else []
    if selection.kills:
        # Only systemd itself is believed, as pid 1.
        word = ["+", *boot, "_PID=1", f"MESSAGE_ID={STARVED}", f"UNIT={selection.unit}"] if selection.unit else []
        return [*boot, "_TRANSPORT=kernel", *word]
    own = [f"_PID={selection.pid}"] if selection.pid else []
    own += [f"_SYSTEMD_UNIT={unit}" for unit in ((selection.unit,) if selection.unit else selection.units)]
    return [*boot, *own, "+", *boot, f"MESSAGE_ID={DROPPED}"]
