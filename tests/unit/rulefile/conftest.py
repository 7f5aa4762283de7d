"""What the tests of rule files share."""

from collections.abc import Callable

import pytest

from watchdog.engine.rules import Rule
from watchdog.model.verdicts import Mode
from watchdog.rulefile.rules import read_rules

RULE = "rules:\n  - rule: slow\n    each: job\n    when: job.elapsed > 10m\n"


@pytest.fixture
def rule() -> Callable[[str], Rule]:
    """Reads one rule on jobs with these further lines (indented by four); nothing may be wrong with it."""

    def read(more: str) -> Rule:
        rules, problems = read_rules([("rules.yml", RULE + more)], Mode.ACT, {"ops", "night"})
        assert [problem for problem in problems if not problem.is_warning] == []
        return rules.rules[0]

    return read
