"""
`settings:` in the config → which settings of the application must be there, and what they must hold.

The counterpart of `watchdog.mastodon.settings_source`, which reads their files. What a setting must hold may be a secret: it is never shown.
"""

from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from watchdog.lang.text import Text
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import Keys, entries_of, text_of, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.typed import NAME

SECTION: Final = "settings"
MOST: Final = 200
"""So many are looked at; whoever wants more wants to compare files."""
_KEYS: Final = Keys("an expected setting", required=("file", "key"), optional=("is",))
_LONGEST: Final = 200


class ExpectedSetting(msgspec.Struct, frozen=True):
    """One of them. `file` is a path as it was written, absolute or from the application's folder; `wanted` is None where any value will do."""

    name: str
    file: str
    key: str
    wanted: str | None = None

    def __repr__(self) -> str:
        return f"ExpectedSetting({self.name!r}, {self.file!r}, {self.key!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("name", self.name), ("file", self.file), ("key", self.key)]


def read_expected(node: Node, findings: Findings) -> dict[str, ExpectedSetting]:
    """Those that were written, by name; what is wrong is left out."""
    expected: dict[str, ExpectedSetting] = {}
    for entry in entries_of(node, f"'{SECTION}'", findings) or ():
        name = entry.key.text.value
        if not NAME.fullmatch(name):
            _wrong(entry.key.text, f"{quoted(name)} can't be the name of a setting", "letters, digits, '_', '-' and '.'", findings)
            continue
        values = _KEYS.read(entry.value, findings) or {}
        file = words_of(values["file"], "'file'", findings) if "file" in values else None
        key = words_of(values["key"], "'key'", findings) if "key" in values else None
        wanted = text_of(values["is"], "'is'", findings) if "is" in values else None
        if file is not None and not _is_path(file.value):
            _wrong(file, "'file' is no path of a file", "from the folder of the application, for instance .env.production", findings)
        elif key is not None and not (key.value.isprintable() and len(key.value) <= _LONGEST):
            _wrong(key, "'key' is no name of a setting", "for instance SIDEKIQ_CONCURRENCY", findings)
        elif file is not None and key is not None:
            expected[name] = ExpectedSetting(name, file.value, key.value, None if wanted is None else wanted.value)
    if len(expected) > MOST:
        findings.add("E524", node.span, f"'{SECTION}' names more than {MOST}", hint="name those that matter to Sidekiq")
    return expected


def _is_path(written: str) -> bool:
    return (
        written.isprintable()
        and len(written) <= _LONGEST
        and ".." not in PurePosixPath(written).parts
        and PurePosixPath(written).name != ""
    )


def _wrong(text: Text, what: str, hint: str, findings: Findings) -> None:
    findings.add("E524", text.span(0, len(text.value)), what, hint=hint)
