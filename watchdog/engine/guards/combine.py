"""What the guards say together, and what the mode makes of it. Nowhere else is this decided."""

import msgspec

from watchdog.engine.guards import ORDER
from watchdog.engine.guards.view import View
from watchdog.model.guards import BY_NAME
from watchdog.model.verdicts import Answer, Decision, Mode, Verdict


class Judgement(msgspec.Struct, frozen=True):
    """The joint answer with the verdict that decided it, and all verdicts for whoever asks why."""

    decision: Decision
    verdict: Verdict
    all: tuple[Verdict, ...]

    @property
    def reason(self) -> str:
        """Why it was decided so; of what nothing speaks against, what was not looked at."""
        if self.verdict.answer is not Answer.PASS:
            return self.verdict.reason
        return "; ".join(verdict.reason for verdict in self.all if verdict.reason)


def judge(view: View, mode: Mode) -> Judgement:
    """
    Asks every guard; DENY beats ASK beats PASS, the earlier guard gives the reason; the mode comes last.

    After the stage that can't be taken back only those guards are asked that bind even then.
    """
    verdicts = tuple(guard(view) for name, guard in ORDER if not view.committed or BY_NAME[name].binds_after_no_return)
    return combine(verdicts, mode)


def combine(verdicts: tuple[Verdict, ...], mode: Mode) -> Judgement:
    """The strictest answer wins, the first of its kind gives the reason; then dry-run and ask bend an ALLOW."""
    strictest = max(verdicts, key=lambda verdict: verdict.answer)
    match strictest.answer:
        case Answer.DENY:
            decision = Decision.DENY
        case Answer.ASK:
            decision = Decision.ASK
        case Answer.PASS:
            decision = _allowed(mode)
    return Judgement(decision, strictest, verdicts)


def _allowed(mode: Mode) -> Decision:
    match mode:
        case Mode.ACT:
            return Decision.ALLOW
        case Mode.ASK:
            return Decision.ASK
        case Mode.DRY_RUN:
            return Decision.DRY_RUN
        case Mode.OBSERVE:
            return Decision.DENY
