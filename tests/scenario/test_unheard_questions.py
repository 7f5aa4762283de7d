"""A question that a person must answer, where somebody has said that he does not want to hear: it is never lost."""

from typing import Any

from tests.scenario.conversation import Conversation, rules
from tests.scenario.test_acks import TARGET, ack
from tests.scenario.test_approvals import HOUR, ONE, RULE, approve, notices, only, outcomes, pass_time, settle, signals, waiting, wedge
from tests.scenario.test_silences import MINUTE, silence
from watchdog.model.effects import Notify
from watchdog.model.events import Paused, Resumed
from watchdog.model.verdicts import Mode


def asked_in_silence(minutes: int) -> Conversation:
    """Nobody wants to hear of the rule for so long, and then a person would have to be asked."""
    talk = Conversation(rules(RULE, Mode.ASK))
    talk.hear(silence(rule="stuck-job", until=minutes * MINUTE))
    wedge(talk)
    assert (outcomes(talk), notices(talk), only(talk).silenced) == (["asked"], [], True)
    return talk


def told(talk: Conversation) -> list[Any]:
    """Everything that people were told."""
    return [effect.notice for effect in talk.effects if isinstance(effect, Notify)]


def test_what_somebody_has_seen_can_still_be_asked_about():
    """An ack stops what would be said again; the question that comes later is said, and that nobody has answered it."""
    talk = Conversation(rules(RULE, Mode.ASK))
    talk.hear(Paused("eve", "wait"))
    wedge(talk)
    ack(talk, lasts=4 * HOUR, rule="stuck-job", target=TARGET)
    talk.hear(Resumed("eve"))
    settle(talk)
    assert [notice.outcome for notice in notices(talk)] == ["asked"]
    pass_time(talk, HOUR)
    assert [notice.outcome for notice in notices(talk)] == ["asked", "expired"]


def test_what_was_asked_in_a_silence_is_asked_when_it_ends():
    """Under a new id, so that what nobody has heard of does not run out; one message for it."""
    talk = asked_in_silence(10)
    first = only(talk).id
    pass_time(talk, 11 * MINUTE)
    assert outcomes(talk) == ["asked", "lapsed", "asked"]
    assert [notice.outcome for notice in notices(talk)] == ["lapsed", "asked"]
    assert only(talk).id != first
    approve(talk)
    assert signals(talk) == [f"TERM {ONE}"]


def test_what_ran_out_in_a_silence_is_asked_when_it_ends():
    """Nobody has said no: a day without anything being done would be the price of a quiet hour."""
    talk = asked_in_silence(60)
    pass_time(talk, 61 * MINUTE)
    assert outcomes(talk) == ["asked", "expired", "lapsed", "asked"]
    assert [notice.outcome for notice in notices(talk)] == ["asked"]


def test_what_was_asked_before_a_silence_is_not_asked_twice():
    """It was heard of."""
    talk = waiting()
    talk.hear(silence(rule="stuck-job", until=talk.at + 10 * MINUTE))
    pass_time(talk, 11 * MINUTE)
    assert outcomes(talk) == ["asked"]
