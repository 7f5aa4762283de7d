"""Where the packs lie that come with the program: one place, in a wheel and in a checkout."""

import re
from pathlib import Path
from typing import Final

PREFIX: Final = "pack:"
MANIFEST: Final = "pack.yml"
_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
_PACKAGE: Final = Path(__file__).parents[1]


def pack_folder(name: str) -> Path | None:
    """The folder of a pack that comes with the program: package data in a wheel, `rules/` beside the package in a checkout."""
    folder = _packs() / name
    return folder if _NAME.fullmatch(name) and folder.is_dir() else None


def is_shipped(folder: Path) -> bool:
    """Whether that is a pack that comes with the program."""
    return folder == pack_folder(folder.name)


def pack_names() -> list[str]:
    """All of them."""
    folder = _packs()
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []


def _packs() -> Path:
    inside = _PACKAGE / "rules"
    return inside if inside.is_dir() else _PACKAGE.parent / "rules"
