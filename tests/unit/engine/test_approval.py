"""The guard `approval`, and what a given approval makes of the other guards."""

import pytest

from tests.unit.engine.conftest import AT
from tests.unit.engine.test_guards import asked
from watchdog.engine.approvals import Standing, Word, with_consent
from watchdog.engine.guards.approval import approval
from watchdog.model.verdicts import Answer, Verdict

ADA = Word("ada", "ada", "local", "")


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (None, (Answer.PASS, "", None)),
        (asked(), (Answer.ASK, "sidekiq-watchdog approve k7f3x", AT + 3_600_000)),
        (asked(needed=2, words=(ADA,)), (Answer.ASK, "ada approved, 1 more must: sidekiq-watchdog approve k7f3x", AT + 3_600_000)),
        (asked(standing=Standing.APPROVED, settled="approved by ada", settled_at=AT), (Answer.PASS, "approved by ada", None)),
        (asked(standing=Standing.USED, settled="approved by ada", settled_at=AT), (Answer.PASS, "approved by ada", None)),
        (asked(standing=Standing.DENIED, settled="denied by ada: no", settled_at=AT), (Answer.DENY, "denied by ada: no", AT + 86_400_000)),
        (asked(standing=Standing.EXPIRED, settled="nobody has", settled_at=AT), (Answer.DENY, "nobody has", AT + 86_400_000)),
        (asked(standing=Standing.LAPSED, settled="gone", settled_at=AT), (Answer.PASS, "", None)),
    ],
)
def test_approval(view, one, expected):
    """Open it asks, with what to type; denied or run out it denies, for a day at most; approved it is content and says by whom."""
    verdict = approval(view(approval=one))

    assert (verdict.answer, verdict.reason, verdict.until) == expected


@pytest.mark.parametrize(
    ("standing", "verdict", "answer"),
    [
        (Standing.APPROVED, Verdict("culprits", Answer.ASK, "3 different jobs of Job were caught"), Answer.PASS),
        (Standing.USED, Verdict("culprits", Answer.ASK, "4 different jobs of Job were caught"), Answer.PASS),
        (Standing.APPROVED, Verdict("culprits", Answer.ASK, "3 different jobs of Other were caught"), Answer.ASK),
        (Standing.APPROVED, Verdict("budget", Answer.ASK, "3 different jobs of Job were caught"), Answer.ASK),
        (Standing.APPROVED, Verdict("culprits", Answer.DENY, "3 different jobs of Job were caught"), Answer.DENY),
        (Standing.OPEN, Verdict("culprits", Answer.ASK, "3 different jobs of Job were caught"), Answer.ASK),
        (Standing.LAPSED, Verdict("culprits", Answer.ASK, "3 different jobs of Job were caught"), Answer.ASK),
    ],
)
def test_what_was_approved_is_what_was_told(standing, verdict, answer):
    """Only an approval that was given contents a guard, only for the reason that was told, whatever its numbers are by now, and never one that denies."""
    assert with_consent(asked(standing=standing, words=(ADA,)), verdict).answer is answer
