"""The guard of what was so already when a rule began to act."""

import msgspec
import pytest

from tests.unit.engine.conftest import AT
from watchdog.engine.armed import Armed, Arming
from watchdog.engine.guards.baseline import baseline
from watchdog.engine.ledger import Alert, Ledger, Phase
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.verdicts import Answer, Mode


def alert(*, so: bool) -> Alert:
    """A firing alert; whether it was so when its rule began to act."""
    return Alert(
        id="1.0", rule="stuck-job", kind=Kind.JOB, entity="e", phase=Phase.FIRING, since_at=0, since_wall=0, counted=0, counted_at=0, counting=False,
        severity=Severity.WARNING, notify=(), baseline=so,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("alerts", "setting", "incident", "answer"),
    [
        ({"a": True}, "ask", "", Answer.ASK),
        ({"a": False}, "ask", "", Answer.PASS),
        ({"a": True, "b": True}, "ask", "", Answer.ASK),
        ({"a": True, "b": False}, "ask", "", Answer.PASS),
        ({}, "ask", "", Answer.PASS),
        ({"a": True}, "allow", "", Answer.PASS),
        ({"a": True}, "ask", "7.0", Answer.PASS),
    ],
)
def test_when_it_asks(view, alerts, setting, incident, answer):
    """While all that wants the action was so already, unless the rule allows it or it is the next step of what has begun."""
    ledger = Ledger(at=AT, alerts={key: alert(so=so) for key, so in alerts.items()})
    base = view()
    shown = msgspec.structs.replace(
        base, ledger=ledger, alerts=tuple(alerts), incident=incident, settings={**base.settings, "baseline": setting}
    )

    assert baseline(shown).answer is answer


def test_it_says_who_armed_the_rule(view):
    """By name, where somebody did."""
    armed = Armed(Mode.ACT, "d", Mode.DRY_RUN, "ada", "looks right", 0)
    ledger = Ledger(at=AT, alerts={"a": alert(so=True)}, arming=Arming(armed={"stuck-job": armed}))

    assert baseline(view(ledger=ledger, alerts=("a",))).reason == "it was so already when ada armed the rule, and was not false since"
