"""`api:` in the config → the unix socket by which commands of this machine ask the agent, and who beside its own user may look by it."""

import re
from typing import Final

import msgspec

from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import Keys, words_of
from watchdog.rulefile.nodes import Node

SECTION: Final = "api"
SOCKET: Final = "api.sock"
LONGEST: Final = 100
"""Bytes of the whole path: the kernel takes 107, and a new socket has a longer name until it takes the place of the old one."""
_KEYS: Final = Keys("'api'", optional=("socket", "group"))
_GROUP: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


class ApiSettings(msgspec.Struct, frozen=True):
    """`socket` is its path, as written, relative to the state folder; `group` may look by it as well, empty for nobody."""

    socket: str = SOCKET
    group: str = ""


def read_api(node: Node, findings: Findings) -> ApiSettings:
    """What was written; what is wrong has its default."""
    values = _KEYS.read(node, findings) or {}
    settings = ApiSettings()
    if "socket" in values and (path := words_of(values["socket"], "'socket'", findings)) is not None:
        written = path.value.strip()
        if len(written.encode()) > LONGEST or written.endswith("/") or "\0" in written:
            findings.add(
                "E532",
                values["socket"].span,
                f"'socket' must be the path of a file, at most {LONGEST} bytes of it",
                hint="socket: /run/sidekiq-watchdog/api.sock",
            )
        else:
            settings = msgspec.structs.replace(settings, socket=written)
    if "group" in values and (group := words_of(values["group"], "'group'", findings)) is not None:
        if _GROUP.fullmatch(group.value):
            settings = msgspec.structs.replace(settings, group=group.value)
        else:
            findings.add("E532", values["group"].span, f"{quoted(group.value)} is no name of a group", hint="group: adm")
    return settings
