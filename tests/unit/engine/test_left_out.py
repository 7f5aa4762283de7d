"""What dry-run has left out is in the way of others for as long as act would have had it under way."""

import pytest

from tests.unit.engine.conftest import AT
from watchdog.engine.guards.in_flight import in_flight
from watchdog.engine.ledger import Cooldown
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Answer

JOBS, PROCESS, UNIT = TargetKind.JOBS, TargetKind.PROCESS, TargetKind.UNIT
MINE = "web1/app[push]"


@pytest.mark.parametrize(
    ("target", "action", "ends_at", "about", "answer"),
    [
        (MINE, "terminate_process", AT + 1, PROCESS, Answer.DENY),
        ("web1/other", "recover_process", AT + 1, PROCESS, Answer.DENY),
        ("web1/other", "recover_process", AT, PROCESS, Answer.PASS),
        ("web1/other", "recover_process", AT + 1, JOBS, Answer.PASS),
        ("job j1", "quarantine_job", AT + 1, PROCESS, Answer.PASS),
        ("job j1", "quarantine_job", AT + 1, JOBS, Answer.PASS),
        (MINE, "quarantine_job", AT + 1, JOBS, Answer.DENY),
        ("web1/other", "start_unit", AT + 1, PROCESS, Answer.DENY),
        ("web1/other", "recover_process", AT + 1, UNIT, Answer.DENY),
        ("job j1", "quarantine_job", AT + 1, UNIT, Answer.PASS),
    ],
)
def test_when_it_is_in_the_way(view, target, action, ends_at, about, answer):
    """One process on the host at a time, and the same jobs; until it would have ended, and not a millisecond longer."""
    verdict = in_flight(view(cooldowns={target: Cooldown(ends_at, "other", action)}, about=about))

    assert verdict.answer is answer
    assert verdict.until == (ends_at if answer is Answer.DENY else None)


def test_the_dead_wait_for_nobody(view):
    """What is done for a process that has ended is in nobody's way."""
    assert in_flight(view(cooldowns={MINE: Cooldown(AT + 1, "other", "terminate_process")}, of_the_dead=True)).answer is Answer.PASS
