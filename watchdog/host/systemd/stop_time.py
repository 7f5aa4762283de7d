"""
How long Sidekiq waits for its jobs at a stop, from what a unit starts.

Follows `Sidekiq::CLI` (lib/sidekiq/cli.rb of 6.4.1, 7.3.2 and 8.1.7): `-t` or `--timeout`, then `timeout` of the file named with `-C`, else of
config/sidekiq.yml or config/sidekiq.yml.erb in the application's folder, then 25 s. What is not surely understood is not known.
"""

import re
from pathlib import Path
from typing import Final

import msgspec

from watchdog.config.disk import bytes_of
from watchdog.host.systemd.sidekiq_command import NotUnderstoodError, options_of

DEFAULT: Final = 25_000
"""Milliseconds, where nobody says anything."""
_KEY: Final = re.compile(r"""^(\s*)["']?:?timeout["']?\s*:(?:\s+(.*?))?\s*(?:#.*)?$""")
_LARGEST: Final = 2**20


class Start(msgspec.Struct, frozen=True):
    """The words of the command, as the unit has them, and the folder that it is started in."""

    words: tuple[str, ...]
    folder: str


def sidekiq_timeout(start: Start, *, root: Path = Path("/")) -> int | None:
    """Milliseconds; None where that can't be known. Reads at most one file, under `root`. Never raises for what a unit or a file holds."""
    try:
        options = dict(options_of(start.words))
        if (written := options.get("timeout")) is not None:
            return _seconds(written)
        return _of_file(options, start.folder, root)
    except NotUnderstoodError:
        return None


def _seconds(written: str) -> int:
    if not (written.isascii() and written.isdigit() and 0 < len(written) <= 6):
        raise NotUnderstoodError
    return int(written) * 1000


def _of_file(options: dict[str, str], folder: str, root: Path) -> int:
    found = file_of(options, folder, root)
    return DEFAULT if found is None else _read(found)


def file_of(options: dict[str, str], folder: str, root: Path) -> Path | None:
    """The file of settings that Sidekiq reads with these options, as it lies under `root`; None where it reads none. Raises `NotUnderstoodError`."""
    if (named := options.get("config")) is not None:
        return _place(named, folder, root)
    required = options.get("require", ".")
    base = _place(required, folder, root)
    try:
        if not base.is_dir():
            # -r names a Ruby file; then Sidekiq looks in the folder that it is started in.
            base = _place(".", folder, root)
        # Path.exists takes a folder that may not be looked into for one that is not there.
        present = {path.name for path in (base / "config").iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        raise NotUnderstoodError from None
    return next((base / "config" / name for name in ("sidekiq.yml", "sidekiq.yml.erb") if name in present), None)


def _place(named: str, folder: str, root: Path) -> Path:
    if any(sign in f"{named}{folder}" for sign in "$%~"):
        raise NotUnderstoodError
    return root / str(Path(folder, named)).lstrip("/")


def _read(path: Path) -> int:
    try:
        text = bytes_of(path, _LARGEST + 1).decode(errors="replace")
    except OSError:
        raise NotUnderstoodError from None
    found = [found for line in text.splitlines() if (found := _KEY.match(line)) is not None]
    if len(text) > _LARGEST or len(found) > 1 or any(one[1] for one in found):
        # Several, or one of an environment or of something else: which of them counts is for Sidekiq to say.
        raise NotUnderstoodError
    return _seconds(found[0][2] or "") if found else DEFAULT
