"""Which files a path means: a rule file, a folder of them, or a pack by its name; rule tests and manifests are told apart here and nowhere else."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from watchdog.config.disk import remedy, why
from watchdog.config.packs import MANIFEST, PREFIX, pack_folder, pack_names
from watchdog.errors import Span
from watchdog.lang.text import Text
from watchdog.rulefile.findings import Findings, nearest, quoted

_SUFFIXES: Final = (".yml", ".yaml")
_TEST_ENDINGS: Final = (".test", "_test")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What one path means: `rules` and `tests` by name, `manifest` if it is the folder of a pack; `span` is where it is named."""

    span: Span
    folder: Path
    rules: tuple[Path, ...] = ()
    tests: tuple[Path, ...] = ()
    manifest: Path | None = None


def find(paths: Iterable[Text], base: Path, findings: Findings) -> list[Place]:
    """What these paths mean, each rule file once; a relative path begins at `base`."""
    seen: set[Path] = set()
    places = []
    for text in paths:
        place = _place(text, base, findings)
        if place is not None:
            new = {Path(os.path.realpath(file)): file for file in reversed(place.rules)}
            rules = tuple(file for real, file in reversed(new.items()) if real not in seen)
            seen |= set(new)
            places.append(msgspec.structs.replace(place, rules=rules))
    return places


def is_test(path: Path) -> bool:
    """Whether a file is made of tests of rules: `stuck-job.test.yml`, `stuck-job_test.yml`."""
    return path.stem.endswith(_TEST_ENDINGS)


def look_into(folder: Path, span: Span, findings: Findings) -> Place | None:
    """The files of a folder by name, without hidden ones; a folder without rules is noted. None if it can't be read, which is noted too."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        findings.add("E113", span, f"the folder {quoted(str(folder))} can't be read: {why(error)}", hint=remedy(error))
        return None
    files = [entry for entry in entries if entry.suffix in _SUFFIXES and not entry.name.startswith(".") and entry.name != MANIFEST]
    place = Place(
        span=span,
        folder=folder,
        rules=tuple(file for file in files if not is_test(file)),
        tests=tuple(file for file in files if is_test(file)),
        manifest=next((entry for entry in entries if entry.name == MANIFEST), None),
    )
    if not place.rules:
        findings.add("W602", span, f"there is no rule file in the folder {quoted(str(folder))}", hint="rule files end in .yml or .yaml")
    return place


def _place(text: Text, base: Path, findings: Findings) -> Place | None:
    written, span = text.value, text.span(0, len(text.value))
    if written.startswith(PREFIX):
        name = written.removeprefix(PREFIX)
        pack = pack_folder(name)
        if pack is None:
            findings.add("E507", span, f"no pack is called {quoted(name)}", hint=nearest(name, pack_names()))
            return None
        return look_into(pack, span, findings)
    path = base / written
    return look_into(path, span, findings) if _is_folder(path) else Place(span=span, folder=path.parent, rules=(path,))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # whoever reads it says why
        return False
