"""The flapping guard: an alert that comes and goes is not acted upon."""

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, process, redis, rules
from tests.unit.engine.conftest import AT
from watchdog.engine.guards.flapping import flapping
from watchdog.engine.ledger import Ledger, Spent
from watchdog.model.parameters import Allowance
from watchdog.model.results import Refused
from watchdog.model.verdicts import Answer

HOUR = 3_600_000
ONE = "web1:10:abc"


def fired(*times: int) -> tuple[Spent, ...]:
    """An alert that began to fire at these times."""
    return tuple(Spent(at, "busy", f"{at}.0") for at in times)


@pytest.mark.parametrize(
    ("times", "until"),
    [
        ((), None),
        ((AT,), None),
        ((AT - 20, AT - 10, AT), AT - 20 + HOUR),
        ((AT - 30, AT - 20, AT - 10, AT), AT - 20 + HOUR),
        ((AT - HOUR, AT - 10, AT), None),
        ((AT - HOUR + 1, AT - 10, AT), AT + 1),
    ],
)
def test_how_often_is_too_often(view, times, until):
    """Twice an hour may it begin; the third time nothing is done until one of them is an hour old."""
    verdict = flapping(view(alerts=("busy|x",), ledger=Ledger(fired={"busy|x": fired(*times)}), settings={"flaps": Allowance(2, HOUR)}))

    assert (verdict.answer, verdict.until) == (Answer.PASS if until is None else Answer.DENY, until)
    assert verdict.reason == ("" if until is None else "its alert has begun to fire more than 2 times within 1 h: it comes and goes")


def test_one_steady_alert_is_enough(view):
    """What several alerts want is done for the sake of the one that stays."""
    ledger = Ledger(fired={"busy|x": fired(AT - 2, AT - 1, AT), "busy|y": fired(AT)})
    settings = {"flaps": Allowance(2, HOUR)}

    assert flapping(view(alerts=("busy|x", "busy|y"), ledger=ledger, settings=settings)).answer is Answer.PASS
    assert flapping(view(alerts=("busy|x",), ledger=ledger, settings=settings)).answer is Answer.DENY
    assert flapping(view(alerts=("busy|x",), ledger=ledger, settings=settings, incident="7.0")).answer is Answer.PASS


RULE = """
rules:
  - rule: busy
    each: process
    when: process.busy > 4
    for: 1s
    then: [{terminate_process: {process: process}}]
    guards: {keep: 0%, flaps: 2/1h}
"""


def test_a_conversation_about_waves():
    """Each wave is an alert; the third of an hour is left alone even when it lasts, and after an hour of peace it is acted upon again."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(process(ONE, 2_000), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    for _ in range(3):
        talk.hear(redis(process(ONE, talk.at + 10_000, busy=5)), at=talk.at + 10_000)
        talk.wait(talk.at + 1_000)
        for _ in list(talk.open):
            talk.answer(Refused("not now"))
        if len(talk.audit("alert")) < 5:
            talk.hear(redis(process(ONE, talk.at + 10_000, busy=0)), at=talk.at + 10_000)
    assert [row.outcome for row in talk.audit("alert")] == ["firing", "resolved", "firing", "resolved", "firing"]
    assert [(row.decision, row.guard) for row in talk.audit("decision") if row.decision][-1] == ("DENY", "flapping")

    talk.crash()
    talk.hear(redis(process(ONE, talk.at, busy=5), complete=True))
    talk.hear(host(found(ONE)))
    lines = []
    while talk.at < 3_700_000:
        lines += talk.hear(redis(process(ONE, talk.at + 30_000, busy=5)), at=talk.at + 30_000)
        for _ in list(talk.open):
            lines += talk.answer(HEALTHY)
            break
        if talk.state.ledger.runs:
            break
    assert talk.at > 3_600_000
    assert "signal TERM web1:10:abc" in lines
