"""`log:` in the config → where the log of a process is read. Paths stay as they were written."""

from typing import Final

import msgspec

from watchdog.model.parameters import Form, ParameterSpec
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.keys import Keys, entries_of, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.values import read_value

ANY: Final = "any"
"""In place of a unit: every process for which no other file is named."""
_KEYS: Final = Keys("'log'", optional=("journal", "files", "burst"))
_JOURNAL: Final = ParameterSpec(name="journal", form=Form.BOOL, doc="", example="journal: false")
_BURST: Final = ParameterSpec(name="burst", form=Form.COUNT, doc="", example="burst: 10000")


class LogSettings(msgspec.Struct, frozen=True):
    """
    Whether the journal is read, the log files by unit (or `any`), and how many lines of a unit journald lets through in half a minute (0: all).

    The defaults are those of the key table.
    """

    journal: bool = True
    files: dict[str, str] = {}
    burst: int = 10_000

    def file_of(self, unit: str) -> str | None:
        """The path of the file that a process of this unit ('' for none) writes into; None if none is named."""
        return self.files.get(unit, self.files.get(ANY))


def read_log_settings(node: Node, findings: Findings) -> LogSettings:
    """What was written; what is wrong or missing has its default."""
    values = _KEYS.read(node, findings) or {}
    settings = LogSettings()
    if "journal" in values and isinstance(journal := read_value(values["journal"], _JOURNAL, findings), bool):
        settings = msgspec.structs.replace(settings, journal=journal)
    if "burst" in values and isinstance(burst := read_value(values["burst"], _BURST, findings), int | float):
        settings = msgspec.structs.replace(settings, burst=int(burst))
    if "files" in values:
        settings = msgspec.structs.replace(settings, files=_files(values["files"], findings))
    return settings


def _files(node: Node, findings: Findings) -> dict[str, str]:
    files: dict[str, str] = {}
    for entry in entries_of(node, "'files'", findings) or ():
        path = words_of(entry.value, "the path of a log file", findings)
        if path is None:
            continue
        if not path.value.startswith("/"):
            findings.add("E125", entry.value.span, "the path of a log file must begin with '/'", hint="for instance /var/log/sidekiq.log")
            continue
        files[entry.key.text.value] = path.value
    return files
