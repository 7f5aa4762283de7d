"""The guard `trust`, and how a rule that does not help demotes itself."""

from typing import Any

import pytest

from tests.scenario.conversation import WALL, rules
from tests.unit.engine.conftest import AT
from watchdog.engine.guards.trust import trust
from watchdog.engine.incidents import Playbook
from watchdog.engine.ledger import Ledger, decode, encode, rebase
from watchdog.engine.state import begin
from watchdog.engine.success import Demotion, Success
from watchdog.engine.trust import REMEMBERED, forgive, note
from watchdog.engine.turn import Turn
from watchdog.model.effects import Audit, Notify
from watchdog.model.events import Event, TimeReached
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.verdicts import Answer, Verdict

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{{terminate_process: {{process: job.process}}}}]
    guards: {{{guards}}}
    notify: [ops]
"""
DEMOTED = Success((False,), Demotion(AT, WALL, "1 of its last 4 incidents helped, less than 50%"))


def turn(guards: str = "", ledger: Ledger | None = None) -> Turn:
    """A turn under that rule."""
    return Turn(rules(RULE.format(guards=guards)), begin(ledger or Ledger()), Event(1, AT, WALL, TimeReached()))


def after(made: Turn, *outcomes: str, rule: str = "stuck-job") -> Success:
    """What is remembered of a rule after incidents with these ends."""
    for number, outcome in enumerate(outcomes):
        incident = Playbook(
            id=f"{number}.0", rule=rule, kind=Kind.JOB, entity="e", seen={}, seen_at=0, beat_at=None, target="t", action="a", alerts=(), thread="t",
            severity=Severity.INFO, notify=(), opened_wall=0, since_at=0,
        )  # fmt: skip
        note(made, incident, outcome)
    return made.ledger.success.get(rule, Success())


@pytest.mark.parametrize(
    ("guards", "outcomes", "demoted"),
    [
        ("", ["failed"] * 3, False),
        ("", ["failed"] * 4, True),
        ("", ["unverified"] * 4, True),
        ("", ["verified", "verified", "failed", "failed"], False),
        ("", ["verified", "failed", "unverified", "failed"], True),
        ("", ["ended", "ended", "failed", "failed"], False),
        ("", ["failed", "failed", "verified", "verified", "failed"], False),
        ("", ["verified", "verified", "verified", "failed", "failed", "failed"], True),
        ("", ["failed", "abandoned", "abandoned", "failed", "failed"], False),
        ("min_success: 100%, trials: 2", ["verified", "failed"], True),
        ("min_success: 100%, trials: 2", ["failed"], False),
        ("min_success: 0%", ["failed"] * 9, False),
        ("trials: 0", ["failed"] * 9, False),
    ],
)
def test_when_a_rule_demotes_itself(guards, outcomes, demoted):
    """When too few of its last incidents have helped, and there have been enough of them; what was abandoned says nothing."""
    assert (after(turn(guards), *outcomes).demotion is not None) is demoted


def test_it_is_told_once():
    """In the audit log and, as critical, to those whom the rule tells; however often it goes on to fail."""
    made = turn()
    record = after(made, *["failed"] * 9)
    audited = [effect.row for effect in made.effects if isinstance(effect, Audit)]
    told = [effect for effect in made.effects if isinstance(effect, Notify)]

    assert record.demotion == Demotion(AT, WALL, "0 of its last 4 incidents helped, less than 50%")
    assert [(row.rule, row.outcome, row.reason) for row in audited] == [("stuck-job", "demoted", record.demotion.reason)]
    assert [(one.receivers, one.notice.severity) for one in told] == [(("ops",), Severity.CRITICAL)]
    assert told[0].notice.title == "rule stuck-job only asks from now on: 0 of its last 4 incidents helped, less than 50%"


def test_success_does_not_promote_it():
    """What it does with a person's leave can help; whether that is enough a person says."""
    made = turn()

    assert after(made, *["failed"] * 4, *["verified"] * 9).demotion is not None


def test_a_person_trusts_it_again():
    """It begins anew, and who forgives is told whether there was anything to forgive."""
    made = turn()
    after(made, *["failed"] * 4)

    assert forgive(made, "stuck-job")
    assert after(made, *["failed"] * 3).demotion is None
    assert not forgive(made, "stuck-job")
    assert not forgive(made, "stuck-job")


def test_what_is_no_rule_is_not_counted():
    """A person's order, or a rule that was taken out meanwhile."""
    assert after(turn(), *["failed"] * 9, rule="order:1") == Success()


def test_only_so_much_is_remembered():
    """As many incidents of a rule as a rule can ask for."""
    assert len(after(turn(), *["verified"] * (REMEMBERED + 5)).results) == REMEMBERED


@pytest.mark.parametrize(
    ("changes", "answer"),
    [({}, Answer.ASK), ({"incident": "7.0"}, Answer.PASS), ({"rule": "other"}, Answer.PASS), ({"ledger": Ledger(success={"stuck-job": Success()})}, Answer.PASS)],
)  # fmt: skip
def test_the_guard(view, changes: dict[str, Any], answer):
    """It asks as long as that very rule is demoted; what has been begun is brought to its end."""
    verdict = trust(view(**{"ledger": Ledger(success={"stuck-job": DEMOTED}), **changes}))

    assert verdict.answer is answer
    if answer is Answer.ASK:
        assert verdict == Verdict(
            "trust", Answer.ASK, "the rule has demoted itself to ask: 1 of its last 4 incidents helped, less than 50%"
        )  # fmt: skip


def test_it_is_in_the_ledger():
    """Over a restart and a reboot."""
    moved = rebase(decode(encode(Ledger(success={"r": DEMOTED}))), 1_000).success["r"]

    assert moved.demotion == Demotion(AT + 1_000, WALL, DEMOTED.demotion.reason if DEMOTED.demotion else "")
