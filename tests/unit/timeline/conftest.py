"""State folders as agents have left them that lived through the stories: each made once, and copied for whoever changes it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.timeline import stories
from tests.unit.timeline.kept import keep


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Callable[[str], Path]:
    """The folder of the story with that name: `made("recovered")`; for looking only."""
    known: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in known:
            known[name] = keep(tmp_path_factory.mktemp(name) / "state", getattr(stories, name)().effects)
        return known[name]

    return folder


@pytest.fixture
def copied(made, tmp_path) -> Callable[[str], Path]:
    """The same, for whoever changes something in it."""

    def folder(name: str) -> Path:
        return Path(shutil.copytree(made(name), tmp_path / name))

    return folder
