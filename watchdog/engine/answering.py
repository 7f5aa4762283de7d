"""
What people answer when they are asked: who may, how many must, and what one of them has denied.

The counterpart of `approving`, which asks. A second answer is refused with a sentence: nothing that was settled is settled anew.
"""

from typing import Final, NamedTuple

import msgspec

from watchdog.engine.approvals import LIVE, USE_WITHIN, Approval, Standing, Word, lasting, people
from watchdog.engine.approving import settled, tell
from watchdog.engine.rules import NO_RULES
from watchdog.engine.turn import Turn
from watchdog.engine.whats_next import after_answer
from watchdog.model.told import LOCAL, PAGE, OperatorApproved, OperatorDenied

_REFUSED: Final = "refused"


class Answered(NamedTuple):
    """What became of an answer; the fields are those of `commands.Heard`."""

    outcome: str
    reason: str
    rule: str = ""
    target: str = ""


def approve(turn: Turn, told: OperatorApproved) -> Answered:
    """A person says yes; where more must, it is noted."""
    one, person, wrong = _asked(turn, told)
    if one is None or wrong:
        return Answered(_REFUSED, wrong)
    if one.standing is not Standing.OPEN:
        return _refused(one, f"request {one.id} is {one.standing.value} already: {one.settled}")
    if any(word.person == person for word in one.words):
        return _refused(one, f"{person} has approved it already, and {one.needed} different people must")
    words = (
        *(word for word in one.words if _may(turn, one, word.channel, word.by) == word.person),
        Word(person, told.by, told.channel, told.reason),
    )
    needed = max(one.needed, int(turn.rule[one.rule].guards["approvals"]))
    one = msgspec.structs.replace(one, words=words, needed=needed)
    what = f"{one.action} on {one.target}"
    if len(words) < needed:
        turn.put_approval(one.id, one)
        more = f"{person} approves, {needed - len(words)} more must"
        tell(turn, one, f"{what}: {more}", outcome="noted", by=person, detail=_detail(told))
        return Answered("noted", f"{what}: {more}", one.rule, one.target)
    one = settled(turn, one, Standing.APPROVED, f"approved by {people(words)}")
    tell(
        turn,
        one,
        f"{what}: {one.settled}{': ' + told.reason if told.reason else ''}",
        outcome="approved",
        by=person,
        next=after_answer(one.standing),
        detail=_detail(told),
    )
    return Answered(
        "approved",
        f"{what}: it is put before all guards again, and begun if none denies within {lasting(USE_WITHIN)}",
        one.rule,
        one.target,
    )


def deny(turn: Turn, told: OperatorDenied) -> Answered:
    """A person says no: one is enough, also where others have approved, as long as it has not been begun."""
    one, person, wrong = _asked(turn, told)
    if one is None or wrong:
        return Answered(_REFUSED, wrong)
    if one.standing is Standing.USED:
        return _refused(one, f"request {one.id} was {one.settled}, and has been begun; `pause` stops what can still be stopped")
    if one.standing not in (Standing.OPEN, Standing.APPROVED):
        return _refused(one, f"request {one.id} is {one.standing.value} already: {one.settled}")
    one = settled(turn, one, Standing.DENIED, f"denied by {person}: {told.reason}")
    what = f"{one.action} on {one.target}"
    tell(turn, one, f"{what}: {one.settled}", outcome="denied", by=person, next=after_answer(one.standing), detail=_detail(told))
    return Answered("denied", f"{what}: not done as long as this goes on, for a day at most", one.rule, one.target)


def _asked(turn: Turn, told: OperatorApproved | OperatorDenied) -> tuple[Approval | None, str, str]:
    """What the answer is to, the person who gives it, and what is wrong with it."""
    if turn.rules is NO_RULES:
        return None, "", "the agent has just been started and has no rules yet; say it again in a moment"
    one = turn.ledger.approvals.get(told.approval.strip().lower())
    if one is None:
        return None, "", f"nobody was asked anything under {told.approval!r}; `sidekiq-watchdog approve --list` shows what is open"
    person = _may(turn, one, told.channel, told.by)
    if one.standing not in LIVE:
        # It is settled, whoever asks.
        return one, person, ""
    if not person:
        whom = told.by if told.channel == LOCAL else f"{told.by} ({told.channel})"
        return one, "", f"{whom} is none of the people who may answer; the config names them under 'ask'"
    if turn.wall - told.asked > USE_WITHIN:
        return one, person, f"it was said {lasting(turn.wall - told.asked)} ago; look again"
    return one, person, ""


def _may(turn: Turn, one: Approval, channel: str, by: str) -> str:
    """The person who that is; empty if it is none who may answer. Where the config names nobody, whoever may give orders on this machine may, and who has a token of the page."""
    rule = turn.rule.get(one.rule)
    named: tuple[tuple[str, str], ...] = () if rule is None else rule.guards.get("people", ())
    if not named and rule is not None:
        return by if channel in (LOCAL, PAGE) else ""
    return dict(named).get(f"{channel}:{by}", "")


def _refused(one: Approval, why: str) -> Answered:
    return Answered(_REFUSED, why, one.rule, one.target)


def _detail(told: OperatorApproved | OperatorDenied) -> dict[str, str]:
    return {"by": told.by, "channel": told.channel}
