"""Where the agent listens for those who want to look at it: how `web/server.py` tells of each door, and how the picture that is written shows it."""

import msgspec


class Door(msgspec.Struct, frozen=True):
    """`where` is a file or an address; since when it is open (UTC milliseconds, None while it is not), and what is not as the config wants it."""

    where: str = "?"
    since: int | None = None
    trouble: str = ""
