"""State folders as agents have left them that lived through the stories: each made once, and copied for whoever changes it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.timeline.kept import left_by


@pytest.fixture
def made(tmp_path_factory) -> Callable[[str], Path]:
    """The folder of the story with that name: `made("recovered")`; for looking only."""
    return lambda name: left_by(name, tmp_path_factory)


@pytest.fixture
def copied(made, tmp_path) -> Callable[[str], Path]:
    """The same, for whoever changes something in it."""

    def folder(name: str) -> Path:
        return Path(shutil.copytree(made(name), tmp_path / name))

    return folder
