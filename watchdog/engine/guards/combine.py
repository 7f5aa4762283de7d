"""What the guards say together, and what the mode makes of it. Nowhere else is this decided."""

import msgspec

from watchdog.engine.approvals import is_given, with_consent
from watchdog.engine.guards import ORDER
from watchdog.engine.guards.view import View
from watchdog.model.guards import BY_NAME, GuardSpec
from watchdog.model.verdicts import DOES_NOT_APPLY, Answer, Decision, Mode, Verdict


class Judgement(msgspec.Struct, frozen=True):
    """The joint answer with the verdict that decided it, and all verdicts for whoever asks why."""

    decision: Decision
    verdict: Verdict
    all: tuple[Verdict, ...]

    @property
    def reason(self) -> str:
        """Why it was decided so; of what nothing speaks against, what was not looked at, each sentence once. Who does not apply is no reason: `why` tells it of each guard."""
        if self.verdict.answer is not Answer.PASS:
            return self.verdict.reason
        said = (verdict.reason for verdict in self.all if not verdict.reason.startswith(DOES_NOT_APPLY))
        return "; ".join(dict.fromkeys(filter(None, said)))


def judge(view: View, mode: Mode) -> Judgement:
    """
    Asks every guard; DENY beats ASK beats PASS, the earlier guard gives the reason; the mode comes last.

    After the stage that can't be taken back only those guards are asked that bind even then, and for a process that is dead those that bind for the dead.
    """
    verdicts = tuple(guard(view) for name, guard in ORDER if _binds(BY_NAME[name], view))
    if view.overruled is not None:
        verdicts = tuple(heard_by_a_person(one, view.overruled) for one in verdicts)
    elif view.approval is not None and is_given(approval := view.approval):
        verdicts = tuple(with_consent(approval, one) for one in verdicts)
        # Whoever is to be asked in mode ask has said yes; dry-run stays what it is.
        mode = Mode.ACT if mode is Mode.ASK else mode
    return combine(verdicts, mode)


def heard_by_a_person(verdict: Verdict, overruled: tuple[str, ...]) -> Verdict:
    """What a verdict is to a person who orders by hand: who is to be asked has said so, and most denials can be overruled by name."""
    is_overruled = verdict.guard in overruled and not BY_NAME[verdict.guard].binds_people
    if verdict.answer is Answer.ASK or (verdict.answer is Answer.DENY and is_overruled):
        return Verdict(verdict.guard, Answer.PASS, f"overruled: {verdict.reason}" if is_overruled else verdict.reason)
    return verdict


def _binds(spec: GuardSpec, view: View) -> bool:
    if view.committed:
        return spec.binds_after_no_return
    return spec.binds_for_the_dead or not view.of_the_dead


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
