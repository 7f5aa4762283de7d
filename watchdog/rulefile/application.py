"""`app:` in the config → where the application lies and who runs it."""

from typing import Final

import msgspec

from watchdog.rulefile.findings import Findings
from watchdog.rulefile.keys import Keys, words_of
from watchdog.rulefile.nodes import Node

_KEYS: Final = Keys("'app'", optional=("folder", "user"))


class AppSettings(msgspec.Struct, frozen=True):
    """Path and user name; None for what the agent has to find out."""

    folder: str | None = None
    user: str | None = None


def read_app(node: Node, findings: Findings) -> AppSettings:
    """What was written; what is wrong is left out."""
    values = _KEYS.read(node, findings) or {}
    folder = words_of(values["folder"], "'folder'", findings) if "folder" in values else None
    user = words_of(values["user"], "'user'", findings) if "user" in values else None
    if folder is not None and not folder.value.startswith("/"):
        findings.add(
            "E125", folder.span(0, len(folder.value)), "'folder' must be a whole path", hint="for instance folder: /home/mastodon/live"
        )
    return AppSettings(None if folder is None else folder.value, None if user is None else user.value)
