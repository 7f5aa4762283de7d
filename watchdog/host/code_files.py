"""
The files that say which code and which settings an application runs, and when they were last changed.

The counterpart of a process' start: one that is older than they are runs what is no longer there. Only looked up, never opened: what is in them
(secrets, for one) is nothing to the agent.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

FILES: Final = (
    "Gemfile.lock", "db/schema.rb", ".git/HEAD", ".git/logs/HEAD", ".ruby-version", "lib/mastodon/version.rb", ".env.production",
    "config/sidekiq.yml",
)  # fmt: skip
"""In the folder of the application. `.git/logs/HEAD` moves with each checkout and pull, `.git/HEAD` only with one of another branch."""
UNIT_FOLDERS: Final = tuple(
    Path(folder)
    for folder in (
        "/etc/systemd/system",
        "/run/systemd/system",
        "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system",
        "/lib/systemd/system",
    )
)
"""Where systemd looks for the file of a unit, the first that has it counts (systemd.unit(5))."""


class Files(msgspec.Struct, frozen=True):
    """
    When each was last changed (wall milliseconds), by the name that people know it by, oldest first.

    `hidden` is the name of one that may be there and can't be looked at, so that nothing can be said of it.
    """

    changed: tuple[tuple[int, str], ...] = ()
    hidden: str = ""

    def newer_than(self, start: int) -> str | None:
        """The newest that was changed after that moment; '' if none was, None where that can't be known."""
        if self.changed and self.changed[-1][0] > start:
            return self.changed[-1][1]
        return None if self.hidden or not self.changed else ""

    def when(self, name: str) -> int:
        """When that one was changed; 0 if there is none of that name."""
        return next((changed for changed, other in self.changed if other == name), 0)


def read_files(folder: Path) -> Files:
    """Those of an application; none of them where the folder holds no application. Never raises."""
    return _read({name: folder / name for name in FILES})


def read_unit_files(unit: str, folders: tuple[Path, ...] = UNIT_FOLDERS) -> Files:
    """The file of a unit (of its template, if it is an instance), and what an operator has laid beside it. Never raises."""
    if not unit or "/" in unit:
        return Files()
    name, _, suffix = unit.rpartition(".")
    template, at, _ = name.partition("@")
    names = (unit, f"{template}@.{suffix}") if at else (unit,)
    for one in names:
        if (path := next((folder / one for folder in folders if (folder / one).exists()), None)) is not None:
            return _read({one: path, f"{one}.d": folders[0] / f"{one}.d", f"{unit}.d": folders[0] / f"{unit}.d"})
    return Files()


def _read(paths: dict[str, Path]) -> Files:
    changed = []
    hidden = ""
    for name, path in paths.items():
        try:
            changed.append((os.stat(path).st_mtime_ns // 1_000_000, name))  # noqa: PTH116  (each ten seconds, and three times as fast)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            hidden = hidden or name
    return Files(tuple(sorted(changed)), hidden)
