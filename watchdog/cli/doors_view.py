"""Where the agent is seen, in the picture of `status`: the page, how many look at it, and what is not as the config wants it."""

from collections.abc import Mapping

from watchdog.cli.output import Output, count
from watchdog.picture.doors import Door

_PAGE = "page"
_NAMES = {"api": "socket"}
"""The section of the config, and what it is called here, where that differs."""


def show_doors(out: Output, doors: Mapping[str, Door], *, streams: int = 0) -> None:
    """The page, if there is one; of the socket only what is wrong with it. `streams` are those who watch what changes."""
    for section, door in doors.items():
        name = _NAMES.get(section, section)
        if door.since is None:
            out.line(f"{name}: ", ("not open", "bad"), f" at {door.where}: {door.trouble or 'not yet'}")
        elif door.trouble:
            out.line(f"{name}: ", (door.trouble, "warn"), f" ({door.where})")
        elif section == _PAGE:
            out.line(f"{name}: http://{door.where}", f", {count(streams, 'stream')} open" if streams else "")
