"""Three hours of a server on which nothing is wrong, under all rules of both packs as they are shipped: nothing fires, at no time."""

import shutil
from pathlib import Path
from typing import Final

import pytest

from watchdog.config.rehearsing import run_tests

HERE: Final = Path(__file__).parent
PACKS: Final = HERE.parents[1] / "rules"


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """The rules of both packs in one folder, without their own tests, and these hours beside them."""
    for pack in ("sidekiq", "mastodon"):
        for file in (PACKS / pack).glob("*.yml"):
            if not file.name.endswith(".test.yml") and file.name != "pack.yml":
                shutil.copy(file, tmp_path / f"{pack}-{file.name}")
    shutil.copy(HERE / "healthy.test.yml", tmp_path)
    return tmp_path


def test_nothing_fires_in_healthy_hours(packs: Path) -> None:
    """Peaks, long jobs, dead servers and a deploy are no trouble: no rule fires, not even for a moment."""
    report = run_tests([packs])

    assert [str(problem) for problem in report.problems] == []
    assert [str(failure) for failure in report.failures] == []
    assert report.rules > 60
    assert len(report.never_fired) == report.rules
