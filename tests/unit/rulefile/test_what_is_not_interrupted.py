"""What rules for Mastodon say of jobs that must not be interrupted, and what the guard does about them."""

from pathlib import Path

import pytest
import yaml

from watchdog.model.guards import VETO

PACK = Path(__file__).parents[3] / "rules" / "mastodon"


@pytest.mark.parametrize("rule", ["long-administration", "work-cut-off"])
def test_a_rule_speaks_of_just_those_that_the_guard_spares(rule: str) -> None:
    """A class that one of them lacks would be spared and never told, or told and not spared."""
    written = yaml.safe_load((PACK / f"{rule}.yml").read_text(encoding="utf-8"))["define"]["must_not_be_interrupted"]
    assert sorted(written) == sorted(VETO)
