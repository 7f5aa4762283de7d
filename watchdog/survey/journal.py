"""How many lines of a service the journal lets through in its interval, by its own settings (journald.conf(5))."""

import contextlib
import os
import re
from pathlib import Path
from typing import Final

from watchdog.survey.files import UnreadableError, text_of, under

DEFAULT: Final = 10_000
_FILES: Final = ("/usr/lib/systemd/journald.conf", "/etc/systemd/journald.conf")
_FOLDERS: Final = ("/usr/lib/systemd/journald.conf.d", "/run/systemd/journald.conf.d", "/etc/systemd/journald.conf.d")
_LINE: Final = re.compile(r"^[ \t]*RateLimit(?P<key>IntervalSec|Burst)[ \t]*=[ \t]*(?P<value>\S*)[ \t]*$", re.MULTILINE)
_NONE: Final = re.compile(r"0+[a-z]*")


def journal_burst(root: Path) -> int:
    """Lines; 0 where there is no limit. What can't be read counts as not written."""
    found: dict[str, str] = {}
    for path in (*(under(root, file) for file in _FILES), *_drop_ins(root)):
        with contextlib.suppress(FileNotFoundError, UnreadableError):
            found |= {match["key"]: match["value"] for match in _LINE.finditer(text_of(path))}
    burst = found.get("Burst", "")
    if _NONE.fullmatch(found.get("IntervalSec", "")):
        return 0
    return int(burst) if burst.isascii() and burst.isdecimal() and len(burst) < 10 else DEFAULT


def _drop_ins(root: Path) -> list[Path]:
    """By name, whichever folder they lie in; the later folder's of two with one name."""
    found: dict[str, Path] = {}
    for folder in _FOLDERS:
        with contextlib.suppress(OSError):
            place = under(root, folder)
            found |= {name: place / name for name in os.listdir(place) if name.endswith(".conf")}  # noqa: PTH208  (names are wanted)
    return [found[name] for name in sorted(found)]
