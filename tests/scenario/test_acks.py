"""Somebody has seen it: it is not said again, and a budget that has stopped the rule begins anew."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from tests.scenario.test_budget import RULE, decided, wedge
from watchdog.model.effects import Notify
from watchdog.model.events import Gone, Paused, Resumed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.notices import NoticeKind
from watchdog.model.told import OperatorAcknowledged
from watchdog.model.verdicts import Mode

TARGET = "web1/app[push]"
HOUR = 3_600_000


def ack(talk: Conversation, id_: str = "c1", *, lasts: int = HOUR, **what: Any) -> Any:
    """Said now; the row that answers it."""
    now = talk.booted_wall + talk.at
    talk.hear(OperatorAcknowledged(id=id_, by="ada", reason="seen", asked=now, until=now + lasts, **what))
    return next(row for row in talk.audit("operator") if row.detail.get("told") == id_)


def stopped(mode: Mode = Mode.ACT) -> Conversation:
    """Two of them were ended; the third is left for a person, and its job still hangs."""
    talk = Conversation(rules(RULE, mode))
    wedge(talk, 0)
    wedge(talk, 1)

    begin = talk.at + 60_000
    talk.wait(begin)
    one = "web1:12:abc2"
    talk.hear(redis(process(one, begin, booted_at=begin), job(one, "j2", begin), complete=True))
    talk.hear(host(found(one)))
    talk.hear(redis(process(one, begin + 21_000)), at=begin + 21_000)
    talk.wait(begin + 30_000)
    if talk.open:
        talk.answer(HEALTHY)
    assert decided(talk)[-1] == ("ASK", "budget")
    return talk


@pytest.mark.parametrize(("mode", "does"), [(Mode.ACT, "ALLOW"), (Mode.DRY_RUN, "DRY_RUN")])
def test_a_budget_that_is_spent_begins_anew(mode, does):
    """The rule acts on what it asked about, and may act as often again as its budget says; what it did before stays written down."""
    talk = stopped(mode)
    row = ack(talk, rule="stuck-job", target=TARGET)
    assert (row.outcome, row.rule, row.target, row.detail["rearmed"]) == ("acknowledged", "stuck-job", TARGET, True)
    assert row.reason.endswith("its budget begins anew")
    book = talk.state.ledger.spent if mode is Mode.ACT else talk.state.ledger.shadow.spent
    assert len(book[TARGET]) == 2

    talk.wait(talk.at + 6_000)
    if talk.open:
        talk.answer(HEALTHY)
    assert decided(talk)[-1] == (does, "")


def test_what_is_only_seen_spares_no_budget():
    """Where the budget has stopped nothing an ack leaves it as it is."""
    talk = Conversation(rules(RULE))
    wedge(talk, 0)

    talk.hear(Paused("eve", "wait"))
    begin = talk.at + 60_000
    one = "web1:12:abc2"
    talk.hear(redis(process(one, begin), job(one, "j2", begin), complete=True), at=begin)
    talk.hear(host(found(one)))
    talk.hear(redis(process(one, begin + 21_000)), at=begin + 21_000)
    row = ack(talk, rule="stuck-job", target=TARGET)
    assert row.detail["rearmed"] is False
    assert talk.state.ledger.rearmed == {}


def test_by_the_page_no_budget_begins_anew():
    """Who has broken into a page lets no rule act again by it; that is said on the machine."""
    talk = stopped()
    row = ack(talk, rule="stuck-job", target=TARGET, channel="page")
    assert (row.outcome, row.detail["rearmed"], row.detail["channel"]) == ("acknowledged", False, "page")
    assert talk.state.ledger.rearmed == {}


def test_a_second_ack_gives_no_second_budget():
    """It begins anew once for each stop, and is spent again like the first."""
    talk = stopped()
    assert ack(talk, rule="stuck-job", target=TARGET).detail["rearmed"] is True
    assert ack(talk, "c2", rule="stuck-job", target=TARGET).detail["rearmed"] is False


def denials(talk: Conversation) -> list[str]:
    """The guards of which people were told that they deny."""
    return [
        one.notice.guard
        for one in talk.effects
        if isinstance(one, Notify) and one.notice.kind is NoticeKind.DECIDED and one.notice.decision == "DENY"
    ]


def test_it_is_not_said_again_until_its_end():
    """Denials of what somebody has seen are written down and not sent; by its id, its entity or a part of its target an alert is the same as by its target."""
    talk = stopped()
    talk.hear(Paused("eve", "wait"))
    talk.wait(talk.at + 6_000)
    assert denials(talk) == ["paused"]
    (alert,) = talk.state.ledger.alerts.values()
    for id_, what in (
        ("c1", {"incident": alert.id}),
        ("c2", {"rule": "stuck-job", "target": alert.entity}),
        ("c3", {"rule": "stuck-job", "target": "app[push]"}),
    ):
        assert ack(talk, id_, lasts=600_000, **what).target == TARGET
    talk.hear(SourceLost(Source.REDIS, "refused", "nobody answers"))
    talk.hear(Resumed("eve"))
    assert decided(talk)[-1] == ("DENY", "blind")
    assert denials(talk) == ["paused"]

    talk.wait(talk.at + 600_000)
    assert talk.audit("operator")[-1].outcome == "ack over"
    assert talk.state.ledger.acks == {}
    talk.hear(Paused("eve", "again"))
    talk.hear(SourceBack(Source.REDIS))
    talk.wait(talk.at + 6_000)
    assert denials(talk) == ["paused", "paused"]


def test_it_is_over_with_its_alert():
    """What comes next is news."""
    talk = stopped()
    ack(talk, rule="stuck-job", target=TARGET)

    talk.hear(redis(Gone(Kind.PROCESS, "web1:12:abc2", "exited")), at=talk.at + 1)
    assert talk.state.ledger.acks == {}
    assert talk.audit("operator")[-1].reason == "what ada has seen is over"


def test_a_budget_that_began_anew_outlives_a_restart():
    """And a reboot: it is as long ago as it was, and the time for which the machine was off counts for nothing."""
    talk = stopped()
    ack(talk, rule="stuck-job", target=TARGET)
    key = f"stuck-job|{TARGET}"
    at = talk.state.ledger.rearmed[key].at
    talk.wait(talk.at + 3_000)
    talk.crash()
    assert talk.state.ledger.rearmed[key].at == at
    talk.reboot("boot-2", down=1_000)
    assert talk.state.ledger.rearmed[key].at == -3_000
