"""
Which services there are by their files, with or without a systemd that could be asked.

The folders and their order are those of systemd.unit(5). Instances of a template are those that something wants, since the template alone does not
say which there are; systemd adds those that run.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from watchdog.host.systemd.names import template_of
from watchdog.model.unit_names import possible
from watchdog.rulefile.units import PATTERN
from watchdog.survey.files import UnreadableError, text_of, under
from watchdog.survey.remarks import Remark, remark
from watchdog.survey.unit_file import UnitText, read_unit

FOLDERS: Final = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/transient",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_SERVICE: Final = ".service"
_MOST: Final = 5_000
"""Entries of one folder."""


class UnitFolders(msgspec.Struct, frozen=True):
    """Under `root`. What can't be read is added to `remarks`."""

    root: Path
    remarks: list[Remark]

    def names(self) -> list[str]:
        """Services that have a file, and instances that are wanted by something; templates as `NAME@.service`."""
        found: set[str] = set()
        for folder in FOLDERS:
            place = under(self.root, folder)
            for entry in _entries(place):
                # A file can have a name that no service has.
                if entry.endswith(_SERVICE) and PATTERN.fullmatch(entry) and not self._is_another(place / entry):
                    found.add(entry)
                elif entry.endswith((".wants", ".requires", ".upholds")):
                    found |= {one for one in _entries(place / entry) if possible(one)}
        return sorted(found)

    def wanted(self) -> frozenset[str]:
        """Those that something wants: they are enabled."""
        folders = (under(self.root, folder) / entry for folder in FOLDERS for entry in _entries(under(self.root, folder)))
        return frozenset(one for folder in folders if folder.name.endswith(".wants") for one in _entries(folder) if possible(one))

    def is_masked(self, name: str) -> bool:
        """Whether somebody has put it out of use."""
        file = self._file(name)
        return file is not None and file.is_symlink() and str(file.readlink()) == "/dev/null"

    def read(self, name: str) -> UnitText | None:
        """The unit of that name with its drop-ins; None where it has no file that can be read."""
        file = self._file(name) or self._file(template_of(name)[0])
        if file is None or (base := self._text(file)) is None:
            return None
        return read_unit(name, [base, *(text for path in self._drop_ins(name) if (text := self._text(path)) is not None)])

    def _file(self, name: str) -> Path | None:
        if not name:
            return None
        places = (under(self.root, folder) / name for folder in FOLDERS)
        return next((place for place in places if os.path.lexists(place)), None)

    def _is_another(self, path: Path) -> bool:
        """Whether it is only another name of a service (`Alias=`)."""
        if not path.is_symlink():
            return False
        target = path.readlink().name
        return target.endswith(_SERVICE) and target not in (path.name, template_of(path.name)[0])

    def _drop_ins(self, name: str) -> list[Path]:
        """In the order of their names, whichever folder they lie in; of two with one name that of the earlier folder."""
        found: dict[str, Path] = {}
        for folder in FOLDERS:
            for one in _drop_in_folders(name):
                place = under(self.root, folder) / one
                for entry in _entries(place):
                    if entry.endswith(".conf"):
                        found.setdefault(entry, place / entry)
        return [found[entry] for entry in sorted(found)]

    def _text(self, path: Path) -> str | None:
        try:
            return text_of(path)
        except FileNotFoundError:
            return None
        except UnreadableError as error:
            if not (path.is_symlink() and str(path.readlink()) == "/dev/null"):
                self.remarks.append(remark("unread-file", file=f"/{path.relative_to(self.root)}", why=str(error)))
            return None


def _drop_in_folders(name: str) -> Iterator[str]:
    """For `a-b@c.service`: its own, its template's, `a-.service.d`, and that of all services."""
    yield f"{name}.d"
    template, _ = template_of(name)
    if template:
        yield f"{template}.d"
    stem = (template or name).removesuffix(_SERVICE).removesuffix("@")
    while "-" in stem.rstrip("-"):
        stem = stem.rstrip("-").rpartition("-")[0] + "-"
        yield f"{stem}{_SERVICE}.d"
    yield "service.d"


def _entries(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return sorted(os.listdir(folder))[:_MOST]  # noqa: PTH208  (names are wanted)
    return []
