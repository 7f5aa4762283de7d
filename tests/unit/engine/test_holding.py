"""Which threads count as held."""

import msgspec
import pytest

from tests.scenario.conversation import job, process
from tests.unit.engine.conftest import AT, picture
from watchdog.engine.holding import held_threads
from watchdog.engine.ledger import Alert, Phase
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity

ONE = "web1:10:abc"
JOB = job(ONE, "j1", 1_000)
ALERT = Alert(
    id="1.0", rule="r", kind=Kind.JOB, entity=JOB.id, phase=Phase.FIRING, since_at=0, since_wall=0, counted=0, counted_at=0, counting=False,
    severity=Severity.WARNING, notify=(),
)  # fmt: skip
WORLD = picture(process(ONE, AT, threads=4), JOB)


def test_two_alerts_on_one_thread_hold_it_once():
    """Two rules that complain of the same job hold one thread, not two."""
    assert held_threads(WORLD, [ALERT, msgspec.structs.replace(ALERT, rule="other")]) == {ONE: 1}


@pytest.mark.parametrize(
    "changes",
    [{"phase": Phase.PENDING}, {"severity": Severity.INFO}, {"kind": Kind.PROCESS, "entity": ONE}, {"entity": "somebody else's"}],
)
def test_what_does_not_hold_a_thread(changes):
    """A pending alert, a mere remark, an alert about something else or a job that has gone holds nothing."""
    assert held_threads(WORLD, [msgspec.structs.replace(ALERT, **changes)]) == {}
